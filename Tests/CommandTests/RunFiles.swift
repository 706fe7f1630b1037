import Foundation
import Results
import Testing

/// A run folder as it lies on the disk.
struct RunFiles {
  let manifest: RunManifest
  let rows: [Row]
  let samples: [Sample]

  init(_ folder: TemporaryFolder, _ name: String) throws {
    let contents = try RunFolder.read(folder.url.appending(path: name).path)
    #expect(contents.dropped.isEmpty)
    manifest = contents.manifest
    rows = contents.rows
    samples = contents.samples
  }

  /// Expects the numbers of every row to agree with each other, and with its samples.
  func expectConsistency(_ location: SourceLocation = #_sourceLocation) {
    let times = Dictionary(grouping: samples, by: \.caseKey)
    #expect(
      Set(times.keys) == Set(rows.filter { $0.timeMedian != nil }.map(\.caseKey)), sourceLocation: location)
    for row in rows {
      #expect(RowAudit.check(row) == [], "\(row.caseKey)", sourceLocation: location)
      guard let samples = times[row.caseKey] else { continue }
      // A case that is there twice would repeat its rounds.
      let rounds = samples.map(\.round)
      #expect(
        rounds.count == row.rounds && Set(rounds).count == rounds.count, "\(row.caseKey)", sourceLocation: location)
      // A case is in a visit from its first round on, without a gap.
      for (_, visit) in Dictionary(grouping: samples, by: \.visit) {
        let rounds = visit.map(\.round).sorted()
        #expect(
          rounds == Array(rounds[0]..<rounds[0] + rounds.count), "\(row.caseKey)", sourceLocation: location)
      }
      let clean = samples.filter { $0.taint == nil }
      #expect(clean.count == row.cleanRounds, "\(row.caseKey)", sourceLocation: location)
      // Six clean rounds have an interval of their own, and count alone.
      let sorted = (clean.count >= 6 ? clean : samples).map(\.time).sorted()
      let median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
      let time = row.timeMedian ?? .nan
      #expect(abs(median - time) <= 1e-9 * time, "\(row.caseKey): \(median), \(time)", sourceLocation: location)
    }
  }
}
