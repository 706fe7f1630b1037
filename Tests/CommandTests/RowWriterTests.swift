import Foundation
import Layers
import Results
import Testing

@testable import pointwise

/// What a run that goes on does with rows of its earlier parts.
@Suite struct RowWriterTests {
  private static func row(_ kernel: String, threads: Int, time: Double) -> Row {
    var row = Row(
      run: "R", suite: "s", network: "n", layer: "mb1ic8oc8", op: .fc, layout: .nc, dtype: .f32, mb: 1, ic: 8, oc: 8,
      ih: 1, iw: 1, oh: 1, ow: 1, sh: 1, sw: 1, m: 1, n: 8, k: 8, count: 1, bias: false, activation: .none,
      variant: "\(kernel)-avx2-none-dispatch", kernel: kernel, isa: "avx2", split: "none", team: "dispatch",
      threads: threads, places: "cores", bind: "close", cpus: "0", cache: "hot", status: .ok)
    row.timeMedian = time
    return row
  }

  private static func sample(_ row: Row) -> Results.Sample {
    Results.Sample(caseKey: row.caseKey, round: 0, position: 0, iterations: 1, time: 1)
  }

  /// A writer whose folder has `rows` already.
  private func writer(_ temporary: TemporaryFolder, _ rows: [Row]) throws -> (RowWriter, () throws -> [Row]) {
    let folder = try RunFolder(creating: temporary.path + "/R")
    for row in rows { try folder.append(row) }
    let file = temporary.url.appending(path: "R/results.csv")
    return (
      RowWriter(folder, run: "R", precisionPercent: 2, rows: rows),
      { try Row.read(csv: [UInt8](Data(contentsOf: file)), file: "results.csv").records }
    )
  }

  @Test func whatWasNotMeasuredAgainComesBack() throws {
    let temporary = try TemporaryFolder()
    let measured = Self.row("a", threads: 1, time: 10)
    let (writer, rows) = try writer(temporary, [measured])
    let again = Self.row("a", threads: 1, time: 99)
    let lost = Self.row("b", threads: 1, time: 7)
    try writer.restore([(again, [Self.sample(again)]), (lost, [Self.sample(lost)])])
    #expect(try rows() == [measured, lost] && writer.rows == [measured, lost])
    #expect(try temporary.text("R/samples.csv") == Results.Sample.csvHeader + Self.sample(lost).csvLine)
  }

  /// A row of two threads stays, and its baseline was measured anew.
  @Test func speedupsFollowTheirBaselines() throws {
    let temporary = try TemporaryFolder()
    var (two, other) = (Self.row("a", threads: 2, time: 5), Self.row("b", threads: 2, time: 5))
    (two.speedup, two.efficiencyPercent) = (3, 150)
    let (writer, rows) = try writer(temporary, [two, other, Self.row("a", threads: 1, time: 10)])
    try writer.renewSpeedups()
    (two.speedup, two.efficiencyPercent) = (2, 100)
    (other.speedup, other.efficiencyPercent) = (nil, nil)
    var one = Self.row("a", threads: 1, time: 10)
    (one.speedup, one.efficiencyPercent) = (1, 100)
    #expect(try rows() == [two, other, one] && writer.rows == [two, other, one])
  }
}
