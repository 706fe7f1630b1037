import Results

/// What a run took, in words.
package enum CostText {
  /// The parts of the work in the order of their names here, which are those of run.json.
  private static let names = [
    ("timed", "timed"), ("warmUp", "warm-up"), ("verification", "verification"), ("preparation", "preparation"),
    ("ceilings", "ceilings"), ("observation", "observation"), ("statistics", "statistics"), ("writing", "writing"),
    ("other", "other"),
  ]

  /// One sentence about time, and one about memory; nil if no time was spent.
  package static func line(_ costs: RunManifest.Costs) -> String? {
    guard let part = costs.measuredPart else { return nil }
    let parts = names.compactMap { key, name in
      costs.seconds[key].map { "\(name) \(Format.number(100 * $0 / costs.total)) %" }
    }
    return
      "Time: \(Format.number(costs.total)) s, of which \(Format.number(100 * part)) % in timed regions, warm-up and "
      + "verification (\(parts.joined(separator: ", "))). Memory: "
      + "\(costs.peakMemory.map { "\(mebibytes($0)) at most" } ?? "unknown"), and "
      + "\(mebibytes(costs.memoryBound)) are allowed."
  }

  private static func mebibytes(_ bytes: Int) -> String { "\((bytes + (1 << 19)) >> 20) MiB" }
}
