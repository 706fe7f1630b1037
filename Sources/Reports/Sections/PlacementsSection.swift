import Layers
import Results

/// Where the threads sat, and how the placements compare if there are several.
struct PlacementsSection: ReportSection {
  let title = "Placements"

  func blocks(_ run: ReportedRun) -> [Block] { seats(run.manifest) + comparison(run) }

  /// How many CPUs a cell names; of more it gives the number.
  private static let named = 16

  /// The resolved placements, as run.json has them.
  private func seats(_ manifest: RunManifest) -> [Block] {
    let table = manifest.placements.compactMap { placement -> [RichText]? in
      guard case .array(let seats)? = placement["assignments"], !seats.isEmpty else { return nil }
      func list(_ key: String) -> String {
        let numbers = seats.map { seat -> String in
          if case .integer(let number)? = seat[key] { String(number) } else { Format.unknown }
        }
        if numbers.count <= Self.named { return numbers.joined(separator: " ") }
        return "\(Set(numbers).count) different, \(numbers.prefix(4).joined(separator: " ")) …"
      }
      func policy(_ key: String) -> String {
        if case .string(let word)? = placement["policy"]?[key] { word } else { Format.unknown }
      }
      let isShared = placement["oversubscribed"] == .bool(true)
      return .text(
        String(seats.count), policy("places"), policy("bind"), list("cpu"), list("core"), list("l3"), list("numaNode"),
        isShared ? "threads share CPUs" : "")
    }
    guard !table.isEmpty else { return [] }
    let columns: [Table.Column] = [
      .number("threads"), .text("places"), .text("bind"), .text("CPU of each thread"), .text("core"), .text("L3"),
      .text("NUMA node"), .optionalText("remarks"),
    ]
    return [
      .paragraph(
        "Where the threads of each team sat, in thread order. Numbers of CPUs are the system's, others hwloc's."),
      .table(Table(columns, rows: table)),
    ]
  }

  /// The time of each network under every placement; none, if there is one placement.
  private func comparison(_ run: ReportedRun) -> [Block] {
    guard run.varied.places || run.varied.bind else { return [] }
    let placements = run.analysis.networks.flatMap(\.settings).map { [$0.places, $0.bind] }.uniqued()
    let lines = run.analysis.networks.flatMap { network in
      network.layouts.flatMap { layout in
        network.settings.grouped { ["\($0.threads)", $0.cache] }.map { settings in
          (
            network: network, layout: layout, setting: settings[0],
            times: placements.map { placement in
              settings.first { [$0.places, $0.bind] == placement }
                .flatMap { run.analysis.fastestTime(network, layout, $0) }
            }
          )
        }
      }
    }.filter { $0.times.count { $0 != nil } > 1 }
    guard !lines.isEmpty else { return [] }
    let unit = TimeUnit(fitting: lines.flatMap(\.times).compactMap { $0?.time }.min())
    let table = lines.map { line -> [RichText] in
      let times = line.times.map { time -> RichText in
        .text(time.map { ($0.isValid ? "" : "≈") + unit.number($0.time) } ?? Format.unknown)
      }
      return .text(
        line.network.title, line.layout.rawValue, String(line.setting.threads),
        run.varied.cache ? line.setting.cache : "") + times
    }
    let columns: [Table.Column] =
      [.text("network"), .text("layout"), .number("threads"), .optionalText("cache")]
      + placements.map { .number("\($0.joined(separator: " ")) (\(unit.rawValue))") }
    return [
      .paragraph(
        """
        The whole network with the fastest variant of each layer, by placement. ≈ marks a time of which a part is not \
        `valid`.
        """),
      .table(Table(columns, rows: table)),
    ]
  }
}
