import Results
import Testing

@Suite struct ReplicaTests {
  @Test(arguments: [
    ("packed", "packed", 1), ("packed~2", "packed", 2), ("packed~11", "packed", 11), ("a~b", "a~b", 1),
    ("a~", "a~", 1), ("a~1", "a~1", 1), ("a~0", "a~0", 1), ("a~b~3", "a~b", 3),
  ])
  func theMarkOfAReplica(kernel: String, name: String, number: Int) {
    var row = exampleRow()
    row.kernel = kernel
    #expect(row.replica == (name, number))
  }

  @Test func aReplicaKnowsTheFirstOfItsCase() {
    let first = exampleRow()
    var second = first
    second.kernel = "packed~2"
    second.variant = "packed~2-avx2-pixels-dispatch"
    #expect(second.caseKey != first.caseKey && second.firstReplicaKey == first.caseKey)
    #expect(first.firstReplicaKey == first.caseKey)
  }

  /// Speedups over one thread are those of each replica's own memory; the baseline `naive` is the first.
  @Test func replicasHaveBaselinesOfTheirOwn() {
    var rows: [Row] = []
    for (kernel, threads, time) in [("naive", 1, 800.0), ("naive~2", 1, 400), ("naive~2", 2, 200)] {
      var row = exampleRow()
      (row.kernel, row.threads, row.timeMedian) = (kernel, threads, time)
      rows.append(row)
    }
    let baselines = Baselines(rows)
    #expect(baselines.speedupOverOneThread(rows[2]) == 2 && baselines.speedupOverOneThread(rows[1]) == 1)
    #expect(baselines.speedupOverNaive(rows[1]) == 2)
  }
}
