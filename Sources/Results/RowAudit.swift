/// Checks that the numbers of a row agree with each other.
public enum RowAudit {
  /// What is wrong with `row`: one sentence for each contradiction, each of which names the columns. Empty if all is
  /// well.
  ///
  /// Derived numbers are compared with a relative tolerance of 10⁻⁶; that is far above rounding, and far below what a
  /// wrong formula would change.
  public static func check(_ row: Row) -> [String] {
    var problems: [String] = []
    func expect(_ condition: Bool, _ problem: @autoclosure () -> String) {
      if !condition { problems.append(problem()) }
    }
    func expectNear(_ name: String, _ value: Double?, _ expected: Double?, _ formula: String) {
      guard let value, let expected else { return }
      expect(
        abs(value - expected) <= 1e-6 * abs(expected), "\(name) is \(value), but \(formula) is \(expected)")
    }

    // The layer.
    let dimensions = [
      ("mb", row.mb), ("ic", row.ic), ("oc", row.oc), ("ih", row.ih), ("iw", row.iw), ("oh", row.oh), ("ow", row.ow),
      ("sh", row.sh), ("sw", row.sw), ("m", row.m), ("n", row.n), ("k", row.k), ("count", row.count),
      ("threads", row.threads),
    ]
    for (name, value) in dimensions { expect(value >= 1, "\(name) is \(value), but it counts something") }
    func product(_ factors: Int...) -> Int? {
      var product = 1
      for factor in factors {
        let (value, overflow) = product.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        product = value
      }
      return product
    }
    func expectProduct(_ name: String, _ value: Int, _ expected: Int?, _ formula: String) {
      expect(value == expected, "\(name) is \(value), but \(formula) is \(expected.map(String.init) ?? "too large")")
    }
    expectProduct("m", row.m, product(row.mb, row.oh, row.ow), "mb·oh·ow")
    expectProduct("n", row.n, row.oc, "oc")
    switch row.op {
    case .conv1x1:
      expectProduct("k", row.k, row.ic, "ic")
      if row.sh >= 1 && row.sw >= 1 && row.ih >= 1 && row.iw >= 1 {
        expectProduct("oh", row.oh, (row.ih - 1) / row.sh + 1, "⌊(ih − 1)/sh⌋ + 1")
        expectProduct("ow", row.ow, (row.iw - 1) / row.sw + 1, "⌊(iw − 1)/sw⌋ + 1")
      }
    case .fc:
      expectProduct("k", row.k, product(row.ic, row.ih, row.iw), "ic·ih·iw")
    }
    let cpus = row.cpus.split(separator: " ")
    expect(
      cpus.isEmpty || cpus.count == row.threads, "cpus has \(cpus.count) entries, but threads is \(row.threads)")

    // The numbers, one by one. A CSV file cannot hold a NaN, a row in memory can.
    let measures = [
      ("max_error", row.maxError), ("error_bound", row.errorBound), ("time_min_ns", row.timeMin),
      ("time_median_ns", row.timeMedian), ("time_mean_ns", row.timeMean), ("time_p90_ns", row.timeP90),
      ("time_mad_ns", row.timeMAD), ("time_cv_pct", row.timeCV), ("time_ci_lo_ns", row.timeCILow),
      ("time_ci_hi_ns", row.timeCIHigh), ("gflops", row.gflops), ("gbytes_per_s", row.gbytesPerSecond),
      ("arithmetic_intensity", row.arithmeticIntensity), ("peak_gflops", row.peakGFLOPS),
      ("peak_gbytes_per_s", row.peakGbytesPerSecond), ("peak_pct", row.peakPercent),
      ("roofline_pct", row.rooflinePercent), ("speedup", row.speedup), ("efficiency_pct", row.efficiencyPercent),
      ("prepare_ns", row.prepare), ("imbalance_pct", row.imbalancePercent), ("clock_ghz", row.clockGHz),
    ]
    for case (let name, let value?) in measures {
      expect(value.isFinite && value >= 0, "\(name) is \(value), but it cannot be negative or not a number")
    }
    for case (let name, let value?) in [("rounds", row.rounds), ("iterations", row.iterations)] {
      expect(value >= 1, "\(name) is \(value), but it counts something")
    }
    if let clean = row.cleanRounds {
      expect(clean >= 0 && clean <= row.rounds ?? clean, "clean_rounds is \(clean), but rounds is \(row.rounds ?? 0)")
    }

    // The order of the statistics.
    func expectOrder(_ low: (String, Double?), _ high: (String, Double?)) {
      if let lowValue = low.1, let highValue = high.1 {
        expect(lowValue <= highValue, "\(low.0) is \(lowValue), more than \(high.0), which is \(highValue)")
      }
    }
    expectOrder(("time_min_ns", row.timeMin), ("time_median_ns", row.timeMedian))
    expectOrder(("time_min_ns", row.timeMin), ("time_mean_ns", row.timeMean.map { $0 * (1 + 1e-12) }))
    expectOrder(("time_median_ns", row.timeMedian), ("time_p90_ns", row.timeP90))
    expectOrder(("time_ci_lo_ns", row.timeCILow), ("time_median_ns", row.timeMedian))
    expectOrder(("time_median_ns", row.timeMedian), ("time_ci_hi_ns", row.timeCIHigh))
    expect(
      (row.timeCILow == nil) == (row.timeCIHigh == nil), "only one of time_ci_lo_ns and time_ci_hi_ns has a value")

    // What follows from other columns.
    let size = Double(row.dtype.size)
    let m = Double(row.m)
    let n = Double(row.n)
    let k = Double(row.k)
    let traffic = (m * k + n * k + (row.bias ? n : 0) + m * n) * size
    expectNear("arithmetic_intensity", row.arithmeticIntensity, row.flops / traffic, "2·m·n·k ÷ least bytes")
    if let time = row.timeMedian, time > 0 {
      expectNear("gflops", row.gflops, row.flops / time, "2·m·n·k ÷ time_median_ns")
      expectNear("gbytes_per_s", row.gbytesPerSecond, traffic / time, "least bytes ÷ time_median_ns")
    }
    expectNear(
      "efficiency_pct", row.efficiencyPercent, row.speedup.map { 100 * $0 / Double(row.threads) },
      "100 × speedup ÷ threads")
    if let peak = row.peakGFLOPS {
      expectNear("peak_pct", row.peakPercent, row.gflops.map { 100 * $0 / peak }, "100 × gflops ÷ peak_gflops")
    }

    // What the status promises.
    if row.status == .ok {
      for (name, value) in [
        ("time_min_ns", row.timeMin), ("time_median_ns", row.timeMedian), ("gflops", row.gflops),
        ("max_error", row.maxError), ("error_bound", row.errorBound),
      ] {
        expect(value != nil, "\(name) is empty, but the status is ok")
      }
      for (name, value) in [("time_min_ns", row.timeMin), ("gflops", row.gflops)] {
        if let value { expect(value > 0, "\(name) is \(value), but the status is ok") }
      }
      expect(row.rounds != nil && row.iterations != nil, "rounds or iterations is empty, but the status is ok")
      expect(row.quality != nil, "quality is empty, but the status is ok")
      expectOrder(("max_error", row.maxError), ("error_bound", row.errorBound))
    } else {
      for (name, value) in [
        ("gflops", row.gflops), ("gbytes_per_s", row.gbytesPerSecond), ("peak_pct", row.peakPercent),
        ("roofline_pct", row.rooflinePercent), ("speedup", row.speedup), ("efficiency_pct", row.efficiencyPercent),
      ] {
        expect(value == nil, "\(name) has a value, but the status is \(row.status.rawValue)")
      }
      expect(row.notes?.isEmpty == false, "notes is empty, but the status is \(row.status.rawValue)")
    }
    if row.schema != Row.schemaVersion {
      problems.append("schema is \(row.schema), but this version of the lab writes \(Row.schemaVersion)")
    }
    return problems
  }
}
