import Foundation
import Results
import Testing

@testable import Reports

/// report.html in a browser, where there is one.
@Suite(.serialized, .enabled(if: Programs.chromium != nil)) struct BrowserTests {
  /// The result of a script that runs when the page has loaded, and what went wrong before.
  ///
  /// The script is the body of a function, and gives a string.
  private func run(_ script: String, on page: String) throws -> (result: String, errors: String) {
    let folder = try TemporaryFolder()
    let collector = "<script>window.errors = []; onerror = (message) => { errors.push(String(message)); };</script>"
    let probe = """
      <script>
      const answer = document.createElement("pre");
      answer.id = "answer";
      try { answer.textContent = (() => { \(script) })(); } catch (error) { errors.push(String(error)); }
      const problems = document.createElement("pre");
      problems.id = "problems";
      problems.textContent = errors.join("; ");
      document.body.append(answer, problems);
      </script>
      """
    try folder.write(
      page.replacing("<head>", with: "<head>" + collector).replacing("</body>", with: probe + "</body>"),
      to: "page.html")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Programs.chromium ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.path)/profile", "--window-size=400,800",
      "--dump-dom", "file://\(folder.path)/page.html",
    ]
    try #require(FileManager.default.createFile(atPath: "\(folder.path)/dom", contents: nil))
    let output = try FileHandle(forWritingTo: folder.url.appending(path: "dom"))
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let dom = try folder.text("dom")
    func content(_ id: String) -> String {
      guard let start = dom.range(of: "<pre id=\"\(id)\">"), let end = dom[start.upperBound...].range(of: "</pre>")
      else {
        return "nothing"
      }
      return String(dom[start.upperBound..<end.lowerBound])
    }
    return (content("answer"), content("problems"))
  }

  @Test func tablesSortAndFilterAndShowEvidence() throws {
    let rows = ExampleRun.rows
    let page = HTMLReportTests.page(rows, samples: HTMLReportTests.samples(rows, 8))
    let script = """
      const table = [...document.querySelectorAll("#layers table")][0];
      const titles = [...table.tHead.rows[0].cells];
      const column = titles.findIndex((title) => title.textContent.startsWith("time"));
      const values = () => [...table.tBodies[0].rows].filter((row) => !row.hidden && row.className !== "evidence")
        .map((row) => Number(row.cells[column].textContent));
      const ordered = (list, sign) => list.every((value, index) => index === 0 || sign * (value - list[index - 1]) >= 0);
      const button = titles[column].querySelector("button");
      const said = [];
      button.click();
      said.push(ordered(values(), 1), titles[column].getAttribute("aria-sort"));
      button.click();
      said.push(ordered(values(), -1), titles[column].getAttribute("aria-sort"), values().length);
      const input = document.querySelector("#layers input");
      input.value = "SIMD nhwc";
      input.dispatchEvent(new Event("input"));
      said.push(values().length, document.querySelector("#layers output").textContent);
      const more = table.querySelector("tr:not([hidden]) .more");
      more.click();
      const evidence = table.querySelectorAll("tr.evidence");
      said.push(evidence.length, more.getAttribute("aria-expanded"), evidence[0].querySelectorAll("circle").length,
        evidence[0].querySelectorAll("path.tainted").length);
      button.click();
      said.push(evidence[0].previousElementSibling.querySelector(".more") === more);
      more.click();
      said.push(table.querySelectorAll("tr.evidence").length);
      const before = getComputedStyle(document.body).backgroundColor;
      document.getElementById("theme").click();
      said.push(getComputedStyle(document.body).backgroundColor !== before);
      said.push(document.documentElement.scrollWidth <= window.innerWidth);
      return said.join(" ");
      """
    let (result, errors) = try run(script, on: page)
    #expect(errors == "")
    // 20 rows, of which 4 are simd in nhwc: two convolutions on one and two threads.
    #expect(result == "true ascending true descending 20 4 4 of 20 rows 1 true 7 1 true 0 true true")
  }

  @Test func hostileNamesRunNothing() throws {
    var rows = ExampleRun.rows
    for index in rows.indices {
      rows[index].network =
        #"</script><img src=x onerror="errors.push('image')"><script>errors.push('script')</script>"#
      rows[index].layer += "</script><b>"
    }
    let page = HTMLReportTests.page(rows, samples: HTMLReportTests.samples(rows, 2))
    let script = """
      document.querySelector(".more").click();
      return [document.querySelectorAll("main img, main b, main script").length, document.querySelectorAll("dl").length].join(" ");
      """
    let (result, errors) = try run(script, on: page)
    #expect(errors == "" && result == "0 1")
  }
}
