import Results

/// What a reader has to know before trusting the numbers of a run.
enum RunWarnings {
  /// One plain sentence for each, the gravest first; empty if nothing speaks against the run.
  static func list(_ manifest: RunManifest, _ rows: [Row], _ dropped: [DroppedLine]) -> [RichText] {
    ofStatus(manifest) + dropped.map { "\($0.description)." } + ofRows(manifest, rows) + ofMachine(manifest)
  }

  private static func ofStatus(_ manifest: RunManifest) -> [RichText] {
    var warnings: [RichText] = []
    switch manifest.status {
    case .complete: break
    case .running: warnings.append("The run is still being measured, or was killed; this is what it has so far.")
    case .interrupted: warnings.append("The run was interrupted; this is what was measured until then.")
    case .failed: warnings.append("The run ended by an error; this is what was measured until then.")
    }
    if let resumed = manifest.resumed, !resumed.isEmpty {
      warnings.append(
        "The run was continued \(Format.count(resumed.count, "time")) after an interruption: its rows were not measured at "
          + "one go.")
    }
    if let peaks = manifest.peaks, Ceilings.list(peaks) == nil {
      warnings.append("The ceilings in run.json have another form than this version reads, and are left out.")
    }
    for ceilings in manifest.peaks.flatMap(Ceilings.list) ?? [] {
      if let doubt = ceilings.doubt {
        warnings.append("The ceilings of \(ceilings.title) may have been disturbed: \(doubt).")
      }
    }
    if !manifest.skippedEntries.isEmpty {
      warnings.append(
        "\(Format.count(manifest.skippedEntries.count, "entry", plural: "entries")) of the layer files "
          + "\(manifest.skippedEntries.count == 1 ? "is" : "are") not a layer of the lab; see Cases without a result.")
    }
    return warnings
  }

  private static func ofRows(_ manifest: RunManifest, _ rows: [Row]) -> [RichText] {
    var warnings: [RichText] = []
    func warn(_ count: Int, _ say: (String) -> RichText) {
      if count > 0 { warnings.append(say("\(count) of \(Format.count(rows.count, "case"))")) }
    }
    func count(_ status: Status) -> Int { rows.count { $0.status == status } }
    func count(_ quality: Quality) -> Int { rows.count { $0.quality == quality } }
    warn(count(.incorrect)) { "Incorrect results: \($0)." }
    warn(count(.failed)) { "Failed: \($0)." }
    warn(count(.skipped)) { "Skipped: \($0)." }
    warn(count(.unsupported)) { "Not supported: \($0)." }
    let contradictory = rows.compactMap { row in RowAudit.check(row).first.map { (row.caseKey, $0) } }
    warn(contradictory.count) { cases in
      let (key, problem) = contradictory[0]
      return "Numbers that contradict each other: \(cases), the first in `\(key)`: \(problem)."
    }
    warn(count(.oversubscribed)) { "More threads than CPUs: \($0)." }
    warn(count(.throttled)) { "Throttled: \($0)." }
    warn(count(.noisy)) { "Noisy: \($0)." }
    let measured = rows.filter(\.isMeasured)
    warn(measured.count { $0.halfWidthPercent == nil }) { "Without a 95 % interval, for want of samples: \($0)." }
    let precision = manifest.settings.precisionPercent
    warn(measured.count { $0.halfWidthPercent ?? 0 > precision }) {
      "Interval wider than the ±\(Format.number(precision)) % that was asked for: \($0)."
    }
    return warnings
  }

  private static func ofMachine(_ manifest: RunManifest) -> [RichText] {
    let environment = manifest.environment
    let findings = manifest.findings ?? MachineCheck.findings(environment)
    var warnings: [RichText] = findings.filter(\.isWarning).map { "\($0.seen) \($0.harm)" }
    if let caches = environment.caches {
      let levels = Set(caches.map(\.level))
      for level in 1...3 where !levels.contains(level) {
        warnings.append("The system reports no cache of level \(level).")
      }
    } else {
      warnings.append("The system does not report its caches.")
    }
    return warnings
  }
}
