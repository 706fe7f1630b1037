import Results
import Testing

@Suite struct RowAuditTests {
  @Test func consistentRowsPass() {
    #expect(RowAudit.check(exampleRow()) == [])
    #expect(RowAudit.check(skippedRow()) == [])
  }

  private func skippedRow() -> Row {
    let measured = exampleRow()
    var row = measured
    row.status = .skipped
    row.quality = nil
    row.notes = "one execution would take 12 s, more than the 1 s of a case"
    row.rounds = nil
    row.iterations = nil
    row.timeMin = nil
    row.timeMedian = nil
    row.timeMean = nil
    row.timeP90 = nil
    row.timeMAD = nil
    row.timeCV = nil
    row.timeCILow = nil
    row.timeCIHigh = nil
    row.gflops = nil
    row.gbytesPerSecond = nil
    row.speedup = nil
    row.efficiencyPercent = nil
    return row
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var plant: @Sendable (inout Row) -> Void

    init(_ column: String, _ plant: @escaping @Sendable (inout Row) -> Void) {
      testDescription = column
      self.plant = plant
    }
  }

  @Test(arguments: [
    Fault("m") { $0.m += 1 }, Fault("n") { $0.n -= 1 }, Fault("k") { $0.k = 65 }, Fault("oh") { $0.sh = 2 },
    Fault("ow") { $0.sw = 2 }, Fault("k") { $0.op = .fc }, Fault("count") { $0.count = 0 },
    Fault("cpus") { $0.cpus = "0" }, Fault("gflops") { $0.gflops? *= 2 },
    Fault("gflops") { $0.gflops = $0.flops / 2e6 }, Fault("gflops") { $0.gflops = nil },
    Fault("gflops") { $0.gflops = .nan }, Fault("gbytes_per_s") { $0.gbytesPerSecond? *= 1.01 },
    Fault("arithmetic_intensity") { $0.bias = false }, Fault("time_min_ns") { $0.timeMin = 1_000_001 },
    Fault("time_median_ns") { $0.timeP90 = 999_999 }, Fault("time_ci_lo_ns") { $0.timeCILow = 1_000_001 },
    Fault("time_ci_hi_ns") { $0.timeCIHigh = 999_999 }, Fault("time_ci_lo_ns") { $0.timeCILow = nil },
    Fault("max_error") { $0.maxError = 3e-5 }, Fault("error_bound") { $0.errorBound = nil },
    Fault("efficiency_pct") { $0.efficiencyPercent = 190 },
    Fault("peak_pct") {
      $0.peakGFLOPS = 100
      $0.peakPercent = 5
    },
    Fault("quality") { $0.quality = nil }, Fault("clean_rounds") { $0.cleanRounds = 21 },
    Fault("rounds") { $0.rounds = nil }, Fault("iterations") { $0.iterations = 0 },
    Fault("time_mad_ns") { $0.timeMAD = -1 }, Fault("gflops") { $0.status = .incorrect },
    Fault("schema") { $0.schema = 2 },
  ])
  func plantedFaultsAreFound(fault: Fault) {
    var row = exampleRow()
    fault.plant(&row)
    let problems = RowAudit.check(row)
    #expect(problems.contains { $0.contains(fault.testDescription) }, "\(problems)")
  }

  @Test(arguments: [
    Fault("gflops") { $0.gflops = 3 }, Fault("speedup") { $0.speedup = 3 }, Fault("notes") { $0.notes = nil },
  ])
  func rowsThatWereNotMeasuredCarryNoPerformance(fault: Fault) {
    var row = skippedRow()
    fault.plant(&row)
    #expect(RowAudit.check(row).contains { $0.contains(fault.testDescription) })
  }

  @Test func productsThatOverflowAreReported() {
    var row = exampleRow()
    row.mb = .max
    row.ic = .max
    row.ih = .max
    row.iw = .max
    #expect(!RowAudit.check(row).isEmpty)
    row.op = .fc
    #expect(!RowAudit.check(row).isEmpty)
    row.ih = .min
    row.op = .conv1x1
    #expect(!RowAudit.check(row).isEmpty)
  }
}
