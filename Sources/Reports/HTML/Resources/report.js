"use strict";
(() => {
  const evidence = JSON.parse(document.getElementById("evidence").textContent);

  // Light or dark: the system's choice until the reader makes one, which is kept if the browser allows it.
  const root = document.documentElement;
  const toggle = document.getElementById("theme");
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);
  const showTheme = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  try {
    const kept = localStorage.getItem("pointwise-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* No storage, for instance for local files. */ }
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("pointwise-theme", root.dataset.theme); } catch { /* As above. */ }
    showTheme();
  });
  systemIsDark.addEventListener("change", showTheme);
  showTheme();

  /** A number at the beginning of a cell, such as "≈1.23×", ">100" or "6 of 9"; null if there is none. */
  const number = (text) => {
    const match = /^[≈>~\s]*(-?\d+(?:\.\d+)?)/.exec(text);
    return match ? Number(match[1]) : null;
  };

  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const collator = new Intl.Collator(undefined, { numeric: true });

  for (const table of document.querySelectorAll("main table")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const opened = new Map();
    const place = () => {
      const fragment = document.createDocumentFragment();
      for (const row of rows) {
        fragment.append(row);
        if (opened.has(row)) fragment.append(opened.get(row));
      }
      body.append(fragment);
    };

    // Sorting: by a click or a key on the title. What has no value is last both ways.
    const titles = [...table.tHead.rows[0].cells];
    titles.forEach((title, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...title.childNodes);
      title.append(button);
      const isNumber = title.classList.contains("number");
      button.addEventListener("click", () => {
        const descending = title.getAttribute("aria-sort") === "ascending";
        for (const other of titles) other.removeAttribute("aria-sort");
        title.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const key = (row) => {
          const text = (row.cells[column].dataset.text ?? row.cells[column].textContent).trim();
          if (isNumber) return number(text);
          return text === "" || text === "–" ? null : text;
        };
        const keyed = rows.map((row, index) => ({ row, index, key: key(row) }));
        keyed.sort((a, b) => {
          if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.index - b.index;
          const order = isNumber ? a.key - b.key : collator.compare(a.key, b.key);
          return (descending ? -order : order) || a.index - b.index;
        });
        keyed.forEach(({ row }, index) => { rows[index] = row; });
        place();
      });
    });

    // Searching: a row stays if it has every word.
    if (rows.length > 8) {
      const bar = document.createElement("div");
      bar.className = "filter";
      const label = document.createElement("label");
      label.textContent = "Filter ";
      const input = document.createElement("input");
      input.type = "search";
      input.placeholder = "such as packed nhwc";
      label.append(input);
      const count = document.createElement("output");
      bar.append(label, count);
      const frame = table.closest(".table");
      frame.before(bar);
      let texts = null;
      const apply = () => {
        texts ??= new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
        const wanted = words(input.value);
        let shown = 0;
        for (const row of rows) {
          row.hidden = !wanted.every((word) => texts.get(row).includes(word));
          if (opened.has(row)) opened.get(row).hidden = row.hidden;
          if (!row.hidden) shown += 1;
        }
        count.textContent = wanted.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
      };
      count.textContent = `${rows.length} rows`;
      input.addEventListener("input", apply);
    }

    // Evidence: a row below the one whose button was pressed.
    for (const row of rows) {
      const found = evidence.cases[row.dataset.case];
      if (!found) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "more";
      button.textContent = "+";
      button.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-label", "Evidence");
      const first = row.cells[0];
      first.dataset.text = first.textContent;
      first.prepend(button);
      button.addEventListener("click", () => {
        const isOpen = opened.has(row);
        if (isOpen) {
          opened.get(row).remove();
          opened.delete(row);
        } else {
          const line = document.createElement("tr");
          line.className = "evidence";
          const cell = line.insertCell();
          cell.colSpan = titles.length;
          cell.append(card(found));
          opened.set(row, line);
          row.after(line);
        }
        button.textContent = isOpen ? "+" : "−";
        button.setAttribute("aria-expanded", String(!isOpen));
      });
    }
  }

  /** What is known of a case: facts, and its samples as a chart. */
  function card(found) {
    const box = document.createElement("div");
    box.className = "card";
    const list = document.createElement("dl");
    for (const [name, value] of found.facts) {
      const term = document.createElement("dt");
      term.textContent = name;
      const text = document.createElement("dd");
      text.textContent = value;
      list.append(term, text);
    }
    box.append(list);
    if (found.samples.length) {
      const legend = document.createElement("p");
      legend.textContent = "● clean   ✕ disturbed   ┄ median, in the band of its 95 % interval";
      box.append(chart(found), legend);
    }
    return box;
  }

  /** Samples over rounds: dots, and crosses for those that something disturbed. */
  function chart(found) {
    // As wide as there is room, so that the text keeps its size on a phone.
    const width = Math.max(300, Math.min(860, document.documentElement.clientWidth - 70));
    const [height, left, right, top, bottom] = [260, 70, 15, 28, 40];
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Time of each sample" });
    const rounds = found.samples.map((sample) => sample[0]);
    const values = [...found.samples.map((sample) => sample[1]), ...(found.interval ?? [])];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = (high - low) * 0.08 || high * 0.01 || 1;
    const [from, to] = [low - margin, high + margin];
    const last = Math.max(...rounds, 1);
    const first = Math.min(...rounds);
    const x = (round) => left + ((round - first) / Math.max(last - first, 1)) * (width - left - right);
    const y = (time) => height - bottom - ((time - from) / (to - from)) * (height - top - bottom);
    const text = (content, attributes) => {
      const node = element("text", attributes);
      node.textContent = content;
      svg.append(node);
    };
    const unit = [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]].find(([, scale]) => from >= scale) ?? ["ns", 1];
    const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.max(to / unit[1], 1))));
    if (found.interval) {
      svg.append(element("rect", {
        class: "interval", x: left, width: width - left - right, y: y(found.interval[1]),
        height: Math.max(1, y(found.interval[0]) - y(found.interval[1])),
      }));
    }
    if (found.median !== null) {
      svg.append(element("line", { class: "median", x1: left, x2: width - right, y1: y(found.median), y2: y(found.median) }));
    }
    svg.append(element("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}` }));
    for (let step = 0; step <= 4; step += 1) {
      const time = from + ((to - from) * step) / 4;
      text((time / unit[1]).toFixed(digits), { x: left - 6, y: y(time) + 4, "text-anchor": "end" });
    }
    text(`time (${unit[0]})`, { x: 4, y: 14 });
    const steps = Math.min(width < 600 ? 4 : 8, last - first);
    for (let step = 0; step <= steps; step += 1) {
      const round = first + Math.round(((last - first) * step) / Math.max(steps, 1));
      text(String(round), { x: x(round), y: height - bottom + 17, "text-anchor": "middle" });
    }
    text("round", { x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" });
    for (const [round, time, taint] of found.samples) {
      const [cx, cy] = [x(round), y(time)];
      const mark = taint
        ? element("path", { class: "tainted", d: `M${cx - 4} ${cy - 4}l8 8m0 -8l-8 8` })
        : element("circle", { class: "clean", cx, cy, r: 3.5 });
      const title = element("title", {});
      title.textContent = `round ${round}: ${(time / unit[1]).toFixed(digits)} ${unit[0]}${taint ? `, ${evidence.taints[taint]}` : ""}`;
      mark.append(title);
      svg.append(mark);
    }
    return svg;
  }

  function element(name, attributes) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  }
})();
