import Layers
import Results

/// A run as the sections of its report see it.
struct ReportedRun: Sendable {
  /// The description of the run.
  let manifest: RunManifest
  /// Its rows, in the order of the file.
  let rows: [Row]
  /// Its samples, in the order of the file; empty if they were not read.
  let samples: [Sample]
  /// Incomplete lines that reading the run left out.
  let dropped: [DroppedLine]
  /// The rows by network, layer and setting.
  let analysis: RunAnalysis
  /// Which of the settings besides the threads have more than one value in the run: only those are shown.
  let varied: (places: Bool, bind: Bool, cache: Bool)

  /// The unit of time that tables of single layers share, so that their numbers can be compared.
  let timeUnit: TimeUnit
  /// What has more than one value among the rows, so that it belongs into a name for a series of points.
  private let variedOfKernels: (isa: Bool, team: Bool)

  /// The kernels that choose the layout of input and output themselves.
  private let ownLayoutKernels: Set<String>

  init(_ manifest: RunManifest, _ rows: [Row], samples: [Sample] = [], dropped: [DroppedLine] = []) {
    self.manifest = manifest
    self.rows = rows
    self.samples = samples
    self.dropped = dropped
    analysis = RunAnalysis(rows)
    ownLayoutKernels = manifest.ownLayoutKernels
    varied = (
      Set(rows.map(\.places)).count > 1, Set(rows.map(\.bind)).count > 1, Set(rows.map(\.cache)).count > 1
    )
    variedOfKernels = (Set(rows.map(\.isa)).count > 1, Set(rows.map(\.team)).count > 1)
    let (isa, team) = variedOfKernels
    allSeries = Set(rows.lazy.map { Self.series($0, isa: isa, team: team) }).sorted()
    timeUnit = TimeUnit(fitting: rows.lazy.filter(\.isMeasured).compactMap(\.timeMedian).min())
  }

  /// The heading of the report.
  var title: RichText {
    let suites = manifest.suites.map(\.name).joined(separator: ", ")
    return "PointwiseLab: \(suites.isEmpty ? manifest.run : suites)"
  }

  /// The machine in one line.
  var machine: RichText {
    let environment = manifest.environment
    let facts = [
      environment.cpuModel ?? "unknown CPU",
      environment.logicalCPUs.map { Format.count($0, "CPU") },
      environment.memoryTotal.map { Format.bytes($0) + " of memory" },
      environment.operatingSystem,
      environment.kernelRelease.map { "kernel \($0)" },
      environment.hypervisor.map { _ in "virtual" },
    ].compactMap { $0 }.joined(separator: ", ")
    return "\(facts)."
  }

  /// The series of points that a row belongs to: its kernel, and its ISA and team where the run has several.
  func series(_ row: Row) -> String {
    Self.series(row, isa: variedOfKernels.isa, team: variedOfKernels.team)
  }

  private static func series(_ row: Row, isa: Bool, team: Bool) -> String {
    [row.kernel, isa ? row.isa : nil, team ? row.team : nil].compactMap { $0 }.joined(separator: " ")
  }

  /// All series by name: the rows' order is by chance, and a kernel has to look the same in every plot.
  let allSeries: [String]

  /// A setting in words: "2 threads", and of the rest what the run varies.
  func words(_ setting: RunAnalysis.Setting) -> [String] {
    [
      Format.count(setting.threads, "thread"), varied.places ? setting.places : nil, varied.bind ? setting.bind : nil,
      varied.cache ? setting.cache : nil,
    ].compactMap { $0 }
  }

  /// Whether a library chose the layout of input and output, so that it did not compute the layer in the row's layout.
  func usesOwnLayout(_ row: Row) -> Bool { ownLayoutKernels.contains(row.replica.kernel) }

  // MARK: Parts of tables that several sections share

  /// The variant of a row, with a mark if it is not one of the row's layout.
  func name(_ row: Row) -> RichText { name(row.variant, isOwnLayout: usesOwnLayout(row)) }

  /// The variant of a whole network, with the same mark.
  func name(_ total: RunAnalysis.Total) -> RichText {
    let kernel = String(total.kernel.prefix { $0 != "~" })
    return name(total.variant, isOwnLayout: ownLayoutKernels.contains(kernel))
  }

  private func name(_ variant: String, isOwnLayout: Bool) -> RichText {
    .code(variant) + (isOwnLayout ? " (own layout)" : "")
  }

  /// The columns of a setting. Those of what the run does not vary are left out.
  static let settingColumns: [Table.Column] = [
    .number("threads"), .optionalText("places"), .optionalText("bind"), .optionalText("cache"),
  ]

  /// The cells of ``settingColumns``.
  func cells(_ setting: RunAnalysis.Setting) -> [RichText] {
    .text(
      String(setting.threads), varied.places ? setting.places : "", varied.bind ? setting.bind : "",
      varied.cache ? setting.cache : "")
  }
}

extension RunAnalysis.Network {
  /// The speed of the whole network in GFLOP/s, if it takes `time` ns.
  func gflops(_ time: Double) -> String { Format.number(2 * macs / time) }
}

extension [RichText] {
  /// Cells of text as it stands.
  static func text(_ cells: String...) -> [RichText] { cells.map { .text($0) } }
}
