import Foundation
import Layers
import Results

/// The report of a run for people, as GitHub Flavored Markdown.
public enum MarkdownReport {
  /// Renders a run. The same input always gives the same text.
  ///
  /// - Parameters:
  ///   - manifest: the description of the run.
  ///   - rows: its rows, in the order of the file.
  ///   - samples: its samples, which the comparison with vendor libraries needs.
  ///   - dropped: incomplete lines that reading the run left out; they become warnings.
  public static func render(
    _ manifest: RunManifest, _ rows: [Row], samples: [Sample] = [], dropped: [DroppedLine] = []
  ) -> String {
    let report = Report(manifest: manifest, rows: rows, dropped: dropped, analysis: RunAnalysis(rows))
    let sections = [
      report.title, PeerSection(manifest, report.analysis, samples).markdown, report.headlines, report.warnings,
      report.winners, report.cacheStates, report.wholeNetworks,
      report.layers, report.withoutResult, report.machine, report.ceilings, Report.howToRead, report.howToRepeat,
    ]
    return sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }
}

/// The sections of a report. Each begins with its heading and ends with a line end; one that has nothing to say is empty.
private struct Report {
  let manifest: RunManifest
  let rows: [Row]
  let dropped: [DroppedLine]
  let analysis: RunAnalysis
  /// Which of the settings besides the threads have more than one value in the run: only those are shown.
  let varied: (places: Bool, bind: Bool, cache: Bool)

  init(manifest: RunManifest, rows: [Row], dropped: [DroppedLine], analysis: RunAnalysis) {
    self.manifest = manifest
    self.rows = rows
    self.dropped = dropped
    self.analysis = analysis
    varied = (
      Set(rows.map(\.places)).count > 1, Set(rows.map(\.bind)).count > 1, Set(rows.map(\.cache)).count > 1
    )
  }

  // MARK: Parts of tables

  static let settingColumns: [Table.Column] = [
    .number("threads"), .optionalText("places"), .optionalText("bind"), .optionalText("cache"),
  ]

  func cells(_ setting: RunAnalysis.Setting) -> [String] {
    [
      String(setting.threads), varied.places ? Markdown.text(setting.places) : "",
      varied.bind ? Markdown.text(setting.bind) : "", varied.cache ? Markdown.text(setting.cache) : "",
    ]
  }

  static func gflops(_ network: RunAnalysis.Network, _ time: Double) -> String {
    Format.number(2 * network.macs / time)
  }

  static func gmac(_ network: RunAnalysis.Network) -> String { Format.number(network.macs / 1e9) }

  // MARK: Sections

  var title: String {
    let environment = manifest.environment
    let machine = [
      environment.cpuModel.map(Markdown.text) ?? "unknown CPU",
      environment.logicalCPUs.map { Format.count($0, "CPU") },
      environment.memoryTotal.map { Format.bytes($0) + " of memory" },
      environment.operatingSystem.map(Markdown.text),
      environment.kernelRelease.map { "kernel \(Markdown.text($0))" },
      environment.hypervisor.map { _ in "virtual" },
    ].compactMap { $0 }.joined(separator: ", ")
    let suites = manifest.suites.map { Markdown.text($0.name) }.joined(separator: ", ")
    return """
      # PointwiseLab: \(suites.isEmpty ? Markdown.text(manifest.run) : suites)

      \(machine).

      """
  }

  var headlines: String {
    var table: [[String]] = []
    var times: [Double] = []
    var entries: [(RunAnalysis.Network, RunAnalysis.Total, Double)] = []
    for network in analysis.networks {
      let totals = analysis.totals(network)
      for layout in network.layouts {
        for setting in network.settings {
          if let total = totals.first(where: { $0.layout == layout && $0.setting == setting }), let time = total.time {
            entries.append((network, total, time))
            times.append(time)
          }
        }
      }
    }
    let unit = TimeUnit(fitting: times.min())
    for (network, total, time) in entries {
      let speedup = analysis.speedupOverNaive(network, total.layout, total.setting)
      table.append(
        [Markdown.text(network.title), total.layout.rawValue] + cells(total.setting) + [
          Markdown.code(total.variant), unit.number(time), Self.gflops(network, time),
          Format.ratio(speedup?.mean), speedup.map { "\($0.layers) of \(network.layers.count)" } ?? Format.unknown,
        ])
    }
    guard !table.isEmpty else {
      return """
        ## Results in brief

        No variant was measured on every layer of a network, so there is no time of a whole network.

        """
    }
    let columns: [Table.Column] =
      [.text("network"), .text("layout")] + Self.settingColumns + [
        .text("fastest single variant"), .number("network time (\(unit.rawValue))"), .number("GFLOP/s"),
        .number("best over naive"), .number("layers compared"),
      ]
    return """
      ## Results in brief

      \(Table(columns, rows: table).markdown)
      Best over naive: the fastest variant of each layer against `naive` with the same threads, geometric mean weighted
      by how often the network runs the layer, over the layers of which both were measured.

      """
  }

  var warnings: String {
    let list = RunWarnings.list(manifest, rows, dropped)
    guard !list.isEmpty else { return "" }
    // The sentences hold their own code spans; only what could break a list is taken out.
    return "## Warnings\n\n"
      + list.map { "- " + String($0.map { $0.isNewline ? " " : $0 }).replacing("<", with: "&lt;") + "\n" }.joined()
  }

  var winners: String {
    var text = "## Fastest variant of each layer\n"
    for network in analysis.networks {
      let found = network.layers.flatMap { layer in
        layer.layouts.flatMap { layout in
          network.settings.compactMap { setting -> (Row, Row?)? in
            let row = layer.ranked.first { $0.layout == layout && RunAnalysis.Setting($0) == setting }
            return row.map { ($0, layer.fastest(layout, setting)) }
          }
        }
      }
      let unit = TimeUnit(fitting: found.compactMap { $0.1?.timeMedian }.min())
      let table = found.map { any, best in
        [Markdown.code(any.layer), String(any.count), any.layout.rawValue] + cells(RunAnalysis.Setting(any)) + [
          best.map { Markdown.code($0.variant) } ?? "none measured", unit.number(best?.timeMedian),
          Format.number(best?.gflops), Format.halfWidth(best?.halfWidthPercent),
          Format.ratio(best.flatMap(analysis.baselines.speedupOverNaive)),
          Format.ratio(best.flatMap(analysis.baselines.speedupOverOneThread)), best?.doubt ?? "",
        ]
      }
      let columns: [Table.Column] =
        [.text("layer"), .number("count"), .text("layout")] + Self.settingColumns + [
          .text("fastest variant"), .number("time (\(unit.rawValue))"), .number("GFLOP/s"), .number("± (%)"),
          .number("over naive"), .number("over one thread"), .optionalText("quality"),
        ]
      text += "\n### \(Markdown.text(network.title))\n\n" + Table(columns, rows: table).markdown
    }
    return analysis.networks.isEmpty ? "" : text
  }

  /// The fastest times of each layer in every cache state side by side; empty if there is one state.
  var cacheStates: String {
    // From the warmest on; what this version does not know follows.
    let known = ["hot", "cold-weights", "cold"]
    let measured = rows.map(\.cache).uniqued()
    let states = known.filter(measured.contains) + measured.filter { !known.contains($0) }
    guard states.count > 1 else { return "" }
    var text = """
      ## Cache states

      The time of the fastest variant in each state, which need not be the same one.

      """
    for network in analysis.networks {
      // Settings that differ in the cache state alone share a line.
      let lines = network.settings.grouped { ["\($0.threads)", $0.places, $0.bind] }
      let found = network.layers.flatMap { layer in
        layer.layouts.flatMap { layout in
          lines.map { settings in
            let bests = states.map { state in
              settings.first { $0.cache == state }.flatMap { layer.fastest(layout, $0) }
            }
            return (layer: layer.first.layer, layout: layout, setting: settings[0], bests: bests)
          }
        }
      }.filter { $0.bests.contains { $0 != nil } }
      guard !found.isEmpty else { continue }
      let unit = TimeUnit(fitting: found.flatMap(\.bests).compactMap { $0?.timeMedian }.min())
      let table = found.map { line in
        let setting = line.setting
        let doubts = zip(states, line.bests).compactMap { state, best -> String? in
          guard let best, !best.doubt.isEmpty else { return nil }
          return "\(Markdown.text(state)) \(best.doubt)"
        }
        return [
          Markdown.code(line.layer), line.layout.rawValue, String(setting.threads),
          varied.places ? Markdown.text(setting.places) : "", varied.bind ? Markdown.text(setting.bind) : "",
        ] + line.bests.map { unit.number($0?.timeMedian) } + [doubts.joined(separator: ", ")]
      }
      let columns: [Table.Column] =
        [
          .text("layer"), .text("layout"), .number("threads"), .optionalText("places"), .optionalText("bind"),
        ] + states.map { .number("\(Markdown.text($0)) (\(unit.rawValue))") } + [.optionalText("quality")]
      text += "\n### \(Markdown.text(network.title))\n\n" + Table(columns, rows: table).markdown
    }
    return text
  }

  var wholeNetworks: String {
    guard !analysis.networks.isEmpty else { return "" }
    var text = """
      ## Whole networks

      Σ count × median time over all layers, for variants that were measured on every one of them. Fully connected layers
      have one layout, and count in every total.

      """
    for network in analysis.networks {
      let totals = analysis.totals(network)
      let complete = totals.filter { $0.time != nil }
      text += """

        ### \(Markdown.text(network.title)): \(Self.gmac(network)) GMAC

        \(Format.count(network.layers.count, "distinct layer")), run \(Format.count(network.executions, "time")) in all.


        """
      if complete.isEmpty {
        text += "No variant was measured on every layer.\n"
      } else {
        text += totalsTable(network, complete)
      }
      let incomplete = totals.filter { $0.time == nil }
      if !incomplete.isEmpty {
        let table = incomplete.map { total in
          [Markdown.code(total.variant), total.layout.rawValue] + cells(total.setting) + [
            "\(total.measured) of \(total.layers)"
          ]
        }
        let columns: [Table.Column] =
          [.text("variant"), .text("layout")] + Self.settingColumns + [.number("layers measured")]
        text += "\nNo total, because some layers have no result:\n\n" + Table(columns, rows: table).markdown
      }
    }
    return text
  }

  private func totalsTable(_ network: RunAnalysis.Network, _ totals: [RunAnalysis.Total]) -> String {
    let bests = network.layouts.flatMap { layout in
      network.settings.compactMap { setting in
        analysis.fastestTime(network, layout, setting).map {
          (layout: layout, setting: setting, time: $0.time, isValid: $0.isValid)
        }
      }
    }
    let unit = TimeUnit(fitting: bests.map(\.time).min())
    func overNaive(
      _ variant: String?, _ layout: Layout, _ setting: RunAnalysis.Setting, _ time: Double, _ isValid: Bool
    ) -> Ratio? {
      let naive = totals.first {
        $0.kernel == Baselines.naiveKernel && $0.layout == layout && $0.setting == setting
      }
      guard let naive, let naiveTime = naive.time else { return nil }
      // It is exactly as fast as itself, whatever disturbed it.
      return Ratio(value: naiveTime / time, isValid: naive.variant == variant || (isValid && naive.isValid))
    }
    func cells(
      _ variant: String?, _ layout: Layout, _ setting: RunAnalysis.Setting, _ time: Double, _ isValid: Bool
    ) -> [String] {
      [variant.map { Markdown.code($0) } ?? "*fastest of each layer*", layout.rawValue] + self.cells(setting) + [
        unit.number(time), Self.gflops(network, time),
        Format.ratio(overNaive(variant, layout, setting, time, isValid)),
      ]
    }
    let columns: [Table.Column] =
      [.text("variant"), .text("layout")] + Self.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("GFLOP/s"), .number("over naive"),
      ]
    let table =
      bests.map { cells(nil, $0.layout, $0.setting, $0.time, $0.isValid) }
      + totals.compactMap { total in
        total.time.map { cells(total.variant, total.layout, total.setting, $0, total.isValid) }
      }
    return Table(columns, rows: table).markdown
  }

  var layers: String {
    guard !analysis.networks.isEmpty else { return "" }
    var text = "## Layers\n"
    for network in analysis.networks {
      for layer in network.layers {
        text += "\n### \(Markdown.text(network.title)): \(Markdown.code(layer.first.layer, inTable: false))\n\n"
        text += describe(layer.first) + "\n\n" + layerTable(layer)
      }
    }
    return text
  }

  private func describe(_ row: Row) -> String {
    let size =
      row.op == .fc
      ? "\(row.k) → \(row.n) features, \(Format.count(row.m, "row"))"
      : "\(row.ic) → \(row.oc) channels, \(row.ih)×\(row.iw) pixels, minibatch \(row.mb), stride \(row.sh)×\(row.sw)"
    let ending = (row.bias ? ", bias" : "") + (row.activation == .none ? "" : ", \(row.activation.rawValue)")
    return "\(row.op.rawValue), \(row.dtype.rawValue): \(size)\(ending). M × N × K = \(row.m) × \(row.n) × \(row.k), "
      + "\(Format.number(row.flops / 1e6)) MFLOP, run \(Format.count(row.count, "time"))."
  }

  private func layerTable(_ layer: RunAnalysis.LayerRows) -> String {
    let ranked = layer.ranked
    let unit = TimeUnit(fitting: ranked.first { $0.isMeasured }?.timeMedian)
    let table = ranked.map { row -> [String] in
      let measured = row.isMeasured
      let errorRatio = row.maxError.flatMap { error in row.errorBound.map { error / $0 } }
      return [Markdown.code(row.variant), row.layout.rawValue] + cells(RunAnalysis.Setting(row)) + [
        unit.number(measured ? row.timeMedian : nil), Format.halfWidth(measured ? row.halfWidthPercent : nil),
        Format.number(row.gflops), Format.ratio(analysis.baselines.speedupOverNaive(row)),
        Format.ratio(analysis.baselines.speedupOverOneThread(row)), Format.number(analysis.efficiencyPercent(row)),
        Format.number(row.peakPercent), Format.number(row.rooflinePercent), Markdown.text(row.bound ?? ""),
        Format.number(row.imbalancePercent), Format.number(row.clockGHz),
        row.cleanRounds.map { "\($0) of \(row.rounds.map(String.init) ?? Format.unknown)" } ?? Format.unknown,
        Format.number(errorRatio), remark(row),
      ]
    }
    let columns: [Table.Column] =
      [.text("variant"), .text("layout")] + Self.settingColumns + [
        .number("time (\(unit.rawValue))"), .number("± (%)"), .number("GFLOP/s"), .number("over naive"),
        .number("over one thread"), .number("efficiency (%)"), .optionalNumber("peak (%)"),
        .optionalNumber("roofline (%)"), .optionalText("bound"), .optionalNumber("imbalance (%)"),
        .optionalNumber("clock (GHz)"), .optionalNumber("clean rounds"), .number("error ÷ bound"),
        .optionalText("remarks"),
      ]
    return Table(columns, rows: table).markdown
  }

  /// Status, quality and notes, as far as they are not the usual ones.
  private func remark(_ row: Row) -> String {
    let words = [
      row.status == .ok ? nil : row.status.rawValue,
      row.quality == .valid ? nil : row.quality?.rawValue,
    ].compactMap { $0 }.joined(separator: ", ")
    let notes = Markdown.text(row.notes ?? "")
    return words.isEmpty || notes.isEmpty ? words + notes : "\(words): \(notes)"
  }

  var withoutResult: String {
    var text = ""
    let others = rows.filter { $0.status != .ok }
    if !others.isEmpty {
      // Cases that differ in their threads alone share a line.
      let groups = others.grouped { row in
        [
          row.status.rawValue, row.suite, row.network, row.layer, row.layout.rawValue, row.variant, row.notes ?? "",
        ]
      }
      let ordered = Status.allCases.flatMap { status in groups.filter { $0[0].status == status } }
      let table = ordered.map { group -> [String] in
        let row = group[0]
        let network = row.network.isEmpty ? row.suite : row.network
        let error =
          row.status == .incorrect
          ? "largest error \(row.maxError.map { "\($0)" } ?? "unknown"), bound \(row.errorBound.map { "\($0)" } ?? "unknown")"
          : nil
        let reason = [row.notes, error].compactMap { $0 }.joined(separator: "; ")
        return [
          row.status.rawValue, Markdown.text(network), Markdown.code(row.layer), row.layout.rawValue,
          Markdown.code(row.variant), Format.list(group.map(\.threads)),
          reason.isEmpty ? "no reason given" : Markdown.text(reason),
        ]
      }
      let columns: [Table.Column] = [
        .text("status"), .text("network"), .text("layer"), .text("layout"), .text("variant"), .text("threads"),
        .text("reason"),
      ]
      text += "\n" + Table(columns, rows: table).markdown
    }
    if !manifest.skippedEntries.isEmpty {
      let table = manifest.skippedEntries.map {
        [Markdown.text($0.file), String($0.line), Markdown.code($0.text), Markdown.text($0.reason)]
      }
      let columns: [Table.Column] = [.text("file"), .number("line"), .text("skipped entry"), .text("reason")]
      text += "\n" + Table(columns, rows: table).markdown
    }
    return text.isEmpty ? "" : "## Cases without a result\n" + text
  }

  var machine: String {
    let environment = manifest.environment
    func yesNo(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
    let caches = environment.caches.map { caches in
      caches.map { "L\($0.level) \($0.type.lowercased()) \(Format.bytes($0.size))" }.joined(separator: ", ")
    }
    let facts: [(String, String?)] = [
      ("host", environment.hostname),
      ("CPU", environment.cpuModel),
      ("CPUs online", environment.logicalCPUs.map(String.init)),
      ("ISAs", environment.isas?.joined(separator: ", ")),
      ("caches of the first CPU", caches),
      ("memory", environment.memoryTotal.map { Format.bytes($0) }),
      ("memory available at the start", environment.memoryAvailable.map { Format.bytes($0) }),
      ("page size", environment.pageSize.map { Format.bytes($0) }),
      ("transparent huge pages", environment.transparentHugePages),
      ("operating system", environment.operatingSystem),
      ("kernel", environment.kernelRelease),
      ("hypervisor", environment.hypervisor ?? "none noticed"),
      ("CPU quota of the container", environment.cpuQuota.map { Format.number($0) + " CPUs" } ?? "none found"),
      ("governor", environment.governors?.joined(separator: ", ")),
      ("turbo", yesNo(environment.turboEnabled)),
      ("SMT active", yesNo(environment.smtActive)),
      (
        "load average at the start", environment.loadAverage.map { $0.map(Format.number).joined(separator: ", ") }
      ),
      ("PointwiseLab", manifest.toolVersion),
      ("build", environment.build?.rawValue),
      ("compiler", environment.compiler),
      ("commit", environment.commit),
      ("run", manifest.run),
      ("began", manifest.started.ISO8601Format()),
      ("ended", manifest.ended?.ISO8601Format()),
    ]
    let table = facts.map { [$0.0, $0.1.map(Markdown.text) ?? "unknown"] }
    return "## Machine\n\n" + Table([.text("what"), .text("value")], rows: table).markdown
  }

  /// A table for each team of which ceilings were measured; empty if there is none. ``RunWarnings`` says so if there
  /// are some in another form.
  var ceilings: String {
    guard let teams = manifest.peaks.flatMap(Ceilings.list), !teams.isEmpty else { return "" }
    return """
      ## Ceilings

      What the CPUs of each team can do at most, measured before the layers; all threads together. Medians with their
      95 % intervals.

      """ + teams.map { "\n### \($0.title)\n\n" + $0.table.markdown }.joined()
  }

  static let howToRead = """
    ## How to read this report

    - **variant**: kernel, ISA, split of the work among threads, and the team of threads that runs it.
    - **time**: the median time of one execution of the layer, from the release of the threads to the end of the last;
      packing the weights is not in it. If at least six rounds are clean, it and its interval are of the clean rounds alone,
      otherwise of all.
    - **clean rounds**: those without a taint. A round is tainted if a thread waited for a CPU longer than 0.1 % of the
      sample, or lost its CPU where that time is not known (`descheduled`), if a thread ended on another CPU
      (`migrated`), if the hypervisor took time from the threads' CPUs (`stolen`), or if the burst of multiply-adds before
      the sample was more than 5 % slower than the run's best on these CPUs (`slow`).
    - **quality**: the first of these that applies. `oversubscribed`: threads share CPUs. `noisy`: fewer than six rounds
      are clean, or the interval is wider than the precision that was asked for, or a quarter of the rounds or more are
      descheduled, migrated or stolen. `throttled`: a quarter of the rounds or more are slow. `valid`: none of these, and
      not mentioned in tables.
    - **±**: the farther bound of the median's 95 % confidence interval, in percent of the median. It comes from order
      statistics and assumes no distribution. Two variants whose intervals overlap are not told apart. `>100` says that
      the measurement is worth nothing.
    - **GFLOP/s**: 2·M·N·K ÷ time, with M = pixels or rows, N = output channels, K = input channels. Bias and activation
      are not counted.
    - **over naive**: the fastest `naive` variant's time on the same layer, layout, threads and placement ÷ time.
    - **over one thread**: the time of the same kernel and ISA on the same layer with one thread ÷ time; **efficiency** is
      that by the number of threads, in percent.
    - **≈** before a ratio: the quality of one of its sides is not valid, so the two may be disturbed differently.
    - **peak**: GFLOP/s in percent of what the same threads reached with multiply-adds of the same ISA in the bursts beside
      the samples. **roofline**: GFLOP/s in percent of the smaller of that and the layer's least traffic at the read
      bandwidth of the level that it comes from. **bound**: which of the two is smaller: `compute`, or the level.
    - **clock**: the clock that the bursts saw. **imbalance**: how much longer the slowest thread computed than the mean of
      all, in percent.
    - **error ÷ bound**: the error against a reference in double precision as a part of what rounding can explain. Above 1
      the result is incorrect, and no performance is shown.
    - A dash is a value that was not measured. Numbers have three significant digits; all digits are in results.csv, all
      samples in samples.csv.

    """

  var howToRepeat: String {
    let command = repeatable(manifest.commandLine).map(shellQuoted).joined(separator: " ")
    let commit = manifest.environment.commit.map { " at commit \(Markdown.code($0, inTable: false))" } ?? ""
    return """
      ## How to repeat this run

      With PointwiseLab \(Markdown.text(manifest.toolVersion))\(commit), on this machine:

      \(Markdown.block(command))
      The seed was \(manifest.seed) (`--seed \(manifest.seed)`), the precision ±\(Format.number(manifest.settings.precisionPercent)) %, the longest time of a case \
      \(Format.number(manifest.settings.maxTimeSeconds)) s.

      """
  }
}

/// `commandLine` without `--output` and its folder: that folder exists now, and a run needs an empty one.
private func repeatable(_ commandLine: [String]) -> [String] {
  var kept: [String] = []
  var rest = commandLine[...]
  while let argument = rest.popFirst() {
    // What follows is not options any more.
    if argument == "--" { return kept + [argument] + rest }
    if argument == "--output" {
      rest = rest.dropFirst()
    } else if !argument.hasPrefix("--output=") {
      kept.append(argument)
    }
  }
  return kept
}

/// `argument` as a POSIX shell takes it.
package func shellQuoted(_ argument: String) -> String {
  let isPlain = argument.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-_./,:=+@%".utf8.contains(byte)
    }
  }
  return isPlain && !argument.isEmpty ? argument : "'" + argument.replacing("'", with: #"'\''"#) + "'"
}
