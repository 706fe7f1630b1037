import Results

/// Something that two runs do not have in common.
public struct RunDifference: Sendable, Hashable, Encodable {
  /// What it is.
  public var what: String
  /// That of the baseline; nil if it is not known.
  public var baseline: String?
  /// That of the run.
  public var run: String?

  /// What differs between the machines, the programs and the settings of two runs. Times of day and the load are not
  /// among it.
  static func list(_ a: RunFolder.Contents, _ b: RunFolder.Contents) -> [RunDifference] {
    zip(facts(a), facts(b)).filter { $0.1 != $1.1 }.map { RunDifference(what: $0.0, baseline: $0.1, run: $1.1) }
  }

  /// Whether the runs are of the same kind of CPU, as far as is known.
  static func haveSameCPU(_ a: RunManifest, _ b: RunManifest) -> Bool {
    a.environment.cpuModel == b.environment.cpuModel && a.environment.logicalCPUs == b.environment.logicalCPUs
  }

  /// The facts of a run in a fixed order.
  private static func facts(_ run: RunFolder.Contents) -> [(String, String?)] {
    let manifest = run.manifest
    let ofMachine = MachineSection.facts(manifest).filter { !MachineSection.momentary.contains($0.0) }
    func all(_ value: (Row) -> String) -> String { Set(run.rows.map(value)).sorted().joined(separator: ", ") }
    return ofMachine + [
      ("status", manifest.status.rawValue),
      ("suites", manifest.suites.map(\.name).joined(separator: ", ")),
      ("precision", "\(Format.number(manifest.settings.precisionPercent)) %"),
      ("longest time for a case", "\(Format.number(manifest.settings.maxTimeSeconds)) s"),
      ("visits of a layer", String(manifest.settings.visits ?? 1)),
      ("seed", String(manifest.seed)),
      ("threads", Format.list(run.rows.map(\.threads))),
      ("places", all(\.places)),
      ("bind", all(\.bind)),
      ("CPUs of the threads", all { $0.cpus.isEmpty ? "not pinned" : $0.cpus }),
      ("cache states", all(\.cache)),
    ]
  }
}
