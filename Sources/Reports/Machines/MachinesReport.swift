import Foundation
public import Results

/// One report of several runs, which compares their machines.
///
/// Whatever two runs differ by is in it: machines, programs, neighbours. Which of two programs is faster on one machine is
/// for a ``Comparison``.
public enum MachinesReport {
  /// Renders a report of runs; times are compared with those of the first.
  ///
  /// - Parameter runs: the runs and the names of their folders.
  /// - Precondition: there is a run.
  public static func render(_ runs: [(folder: String, contents: RunFolder.Contents)], as format: DocumentFormat)
    -> String
  {
    precondition(!runs.isEmpty, "a report is one of something")
    return format.render(document(runs))
  }

  /// A run with what its columns are called.
  private struct Machine {
    var name: String
    var run: ReportedRun
  }

  /// A place in a table: what is measured, whatever the machine.
  private struct Place: Hashable {
    var layer: LayerKey
    var layout: String
    var setting: RunAnalysis.Setting

    init(_ row: Row) {
      layer = row.layerKey
      layout = row.layout.rawValue
      setting = RunAnalysis.Setting(row)
    }
  }

  static func document(_ runs: [(folder: String, contents: RunFolder.Contents)]) -> ReportDocument {
    let machines = zip(names(runs), runs).map { name, run in
      Machine(
        name: name,
        run: ReportedRun(
          run.contents.manifest, run.contents.rows, samples: run.contents.samples, dropped: run.contents.dropped))
    }
    let blocks: [(String, [Block])] = [
      ("Machines", facts(machines)),
      ("Warnings", warnings(machines)),
      ("Whole networks", networks(machines)),
      ("Fastest variant of each layer", winners(machines)),
    ]
    return ReportDocument(
      title: .text("PointwiseLab: \(machines.map(\.name).joined(separator: ", "))"),
      machine: """
        Runs side by side. A factor in brackets is the time of \(code: machines[0].name) ÷ the time of the column: above \
        1, the column is faster. ≈ says that the quality of one of the two is not valid.
        """,
      sections: blocks.compactMap { $1.isEmpty ? nil : .init(title: $0, blocks: $1) })
  }

  /// What tells the runs apart: the hosts; where one has several runs, the names of the runs; where these are the same,
  /// the folders.
  static func names(_ runs: [(folder: String, contents: RunFolder.Contents)]) -> [String] {
    for names in [runs.map { $0.contents.manifest.environment.hostname }, runs.map { $0.contents.manifest.run }] {
      let known = names.compactMap { $0 }.filter { !$0.isEmpty }
      if Set(known).count == runs.count { return known }
    }
    return runs.map(\.folder)
  }

  private static func facts(_ machines: [Machine]) -> [Block] {
    let facts = machines.map { machine -> [(String, String?)] in
      let settings = machine.run.manifest.settings
      return MachineSection.facts(machine.run.manifest) + [
        ("suites", machine.run.manifest.suites.map(\.name).joined(separator: ", ")),
        ("precision", "\(Format.number(settings.precisionPercent)) %"),
        ("longest time for a case", "\(Format.number(settings.maxTimeSeconds)) s"),
        ("seed", String(machine.run.manifest.seed)),
      ]
    }
    let rows = facts[0].indices.map { index in
      [.text(facts[0][index].0)] + facts.map { RichText.text($0[index].1 ?? "unknown") }
    }
    return [.table(Table([.text("what")] + machines.map { .text($0.name) }, rows: rows))]
  }

  private static func warnings(_ machines: [Machine]) -> [Block] {
    let lines = machines.flatMap { machine in
      RunWarnings.list(machine.run.manifest, machine.run.rows, machine.run.dropped).map { warning -> RichText in
        "\(code: machine.name): \(warning)"
      }
    }
    return lines.isEmpty ? [] : [.list(lines)]
  }

  /// A time with its ratio to the first machine's.
  private struct Time {
    var value: Double
    var isValid: Bool

    /// "1.23 (2.00×)", without the factor for the first.
    func text(_ unit: TimeUnit, over first: Time?) -> String {
      guard let first else { return unit.number(value) }
      let ratio = Ratio(value: first.value / value, isValid: isValid && first.isValid)
      return "\(unit.number(value)) (\(Format.ratio(ratio)))"
    }
  }

  private static func networks(_ machines: [Machine]) -> [Block] {
    struct Key: Hashable {
      var network: [String]
      var layout: String
      var setting: RunAnalysis.Setting
    }
    var order: [Key] = []
    var times: [[Key: Time]] = []
    for machine in machines {
      var found: [Key: Time] = [:]
      for network in machine.run.analysis.networks {
        for layout in network.layouts {
          for setting in network.settings {
            guard let time = machine.run.analysis.fastestTime(network, layout, setting) else { continue }
            // How many layers belongs to what a network is: a part of it is another one.
            let key = Key(
              network: [network.suite, network.title, "\(network.layers.count)"], layout: layout.rawValue,
              setting: setting)
            found[key] = Time(value: time.time, isValid: time.isValid)
            order.append(key)
          }
        }
      }
      times.append(found)
    }
    let unit = TimeUnit(fitting: times.flatMap { $0.values.map(\.value) }.min())
    let rows = order.uniqued().map { key -> [RichText] in
      [.text(key.network[1]), .text(key.network[2]), .text(key.layout)] + cells(key.setting)
        + machines.indices.map { index in
          let first = index == 0 ? nil : times[0][key]
          return .text(times[index][key]?.text(unit, over: first) ?? Format.unknown)
        }
    }
    guard !rows.isEmpty else { return [] }
    return [
      .paragraph(
        "Σ count × time of the fastest variant of each layer, over networks of which every layer was measured."),
      .table(
        Table(
          [.text("network"), .number("layers"), .text("layout")] + settingColumns
            + machines.map { .number("\($0.name) (\(unit.rawValue))") }, rows: rows)),
    ]
  }

  private static func winners(_ machines: [Machine]) -> [Block] {
    var order: [Place] = []
    var any: [Place: Row] = [:]
    let fastest = machines.map { machine in
      var rows: [Place: Row] = [:]
      for network in machine.run.analysis.networks {
        for layer in network.layers {
          for layout in layer.layouts {
            for setting in network.settings {
              guard let row = layer.fastest(layout, setting) else { continue }
              let place = Place(row)
              rows[place] = row
              any[place] = any[place] ?? row
              order.append(place)
            }
          }
        }
      }
      return rows
    }
    let unit = TimeUnit(fitting: fastest.flatMap { $0.values.compactMap(\.timeMedian) }.min())
    func time(_ row: Row?) -> Time? {
      row.flatMap { row in row.timeMedian.map { Time(value: $0, isValid: row.quality == .valid) } }
    }
    let showsNetwork = Set(any.values.map { [$0.suite, $0.network] }).count > 1
    let rows = order.uniqued().map { place -> [RichText] in
      let network = any[place].map { $0.network.isEmpty ? $0.suite : $0.network } ?? ""
      let results = machines.indices.flatMap { index -> [RichText] in
        let row = fastest[index][place]
        let first = index == 0 ? nil : time(fastest[0][place])
        return [
          row.map { .code($0.variant) } ?? .text(Format.unknown),
          .text(time(row)?.text(unit, over: first) ?? Format.unknown), .text(Format.number(row?.peakPercent)),
        ]
      }
      return [.text(showsNetwork ? network : ""), .code(place.layer.layer), .text(place.layout)] + cells(place.setting)
        + results
    }
    guard !rows.isEmpty else { return [] }
    let columns: [Table.Column] =
      [.optionalText("network"), .text("layer"), .text("layout")] + settingColumns
      + machines.flatMap { machine -> [Table.Column] in
        [
          .text(machine.name), .number("\(machine.name) (\(unit.rawValue))"),
          .optionalNumber("\(machine.name), peak (%)"),
        ]
      }
    return Block.limited(Table(columns, rows: rows))
  }

  private static let settingColumns: [Table.Column] = [
    .number("threads"), .text("places"), .text("bind"), .text("cache"),
  ]

  private static func cells(_ setting: RunAnalysis.Setting) -> [RichText] {
    .text(String(setting.threads), setting.places, setting.bind, setting.cache)
  }
}
