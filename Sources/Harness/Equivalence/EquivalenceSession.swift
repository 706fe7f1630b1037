import Kernels
import Layers
import Statistics
import Teams

/// Checks and measures the forms of one layer against each other, case by case.
struct EquivalenceSession {
  let forms: EquivalentForms
  let suite: String
  let cases: [Case]
  let settings: RunSettings
  let teams: TeamPool
  let caches: CacheSizes
  let steal: StealTime
  let isInterrupted: () -> Bool
  /// Called with every case as soon as it has ended.
  let report: (EquivalenceResult) throws -> Void

  /// A form of a case, ready to run.
  private struct Entrant {
    let form: Int
    let kernel: FormKernel
    let execution: Execution
    var verification: Verification
    /// What it computed on real data.
    var output: [Float] = []
  }

  /// Runs the cases to the last, or until the user interrupts.
  func run() throws {
    let groups = forms.forms.indices.map { caseGroup(form: $0) }
    var exact: [EquivalenceResult] = []
    do {
      // Integer data first: its sums are exact in every order, so that all forms must agree to the last digit.
      let buffers = try FormBuffers(forms, pattern: .integer, seed: settings.seed)
      let reference = Reference(buffers.tensors, seed: settings.seed)
      for item in cases {
        if isInterrupted() { return }
        exact.append(try check(item, buffers, reference, groups).result)
      }
    }
    let buffers = try FormBuffers(forms, pattern: .real, seed: settings.seed)
    let reference = Reference(buffers.tensors, seed: settings.seed)
    for (index, item) in cases.enumerated() {
      if isInterrupted() { return }
      var (result, entrants, slowest) = try check(item, buffers, reference, groups)
      result.add(failuresOf: exact[index])
      if !result.failures.isEmpty {
        for form in entrants.map(\.form) where result.results[form]?.verification?.passed == true {
          result.results[form]?.outcome = .skipped("the forms of the layer do not agree")
        }
        try report(result)
        continue
      }
      if let reason = settings.reasonNotToTime(slowest) {
        for form in entrants.map(\.form) { result.results[form]?.outcome = .skipped(reason) }
      } else if try !measure(item, entrants, buffers, &result) {
        return
      }
      try report(result)
    }
  }

  private func caseGroup(form: Int) -> CaseGroup {
    let (entry, form) = (forms.entry, forms.forms[form])
    return CaseGroup(
      suite: suite,
      entry: Suite.Entry(
        op: form.layer.op, shape: form.layer.shape, network: "\(entry.network) as \(form.name)", name: entry.name,
        count: entry.count, bias: entry.bias, activation: entry.activation, location: entry.location),
      layer: form.layer, cases: cases)
  }

  // MARK: Checking

  /// Computes every form that the kernel supports, and compares each with the reference, and all with each other.
  ///
  /// - Returns: what it showed, what is ready to be timed, and the nanoseconds of the slowest form.
  private func check(
    _ item: Case, _ buffers: FormBuffers, _ reference: Reference, _ groups: [CaseGroup]
  ) throws -> (result: EquivalenceResult, entrants: [Entrant], slowest: UInt64) {
    let team = try teams.team(item.team, item.placement)
    var entrants: [Entrant] = []
    var results = [CaseResult?](repeating: nil, count: forms.forms.count)
    var slowest: UInt64 = 0
    for (index, form) in forms.forms.enumerated() where item.formKernel.supports(Problem(form.layer, caches: caches)) {
      let (kernel, execution) = try self.execution(index, item, buffers)
      let output = buffers.outputs[index]
      output.buffer.poison()
      slowest = max(slowest, team.run(warmUp: 0, iterations: 1, execution.body).total)
      let check = ResultCheck.compare(output.buffer, of: form.layer, with: reference)
      let failure = check.failure ?? buffers.damage() ?? kernel.damage
      let kind = buffers.tensors.pattern == .integer ? "integer" : "random"
      let verification = Verification(
        error: check.error, bound: check.bound, failure: failure.map { "on \(kind) data, \($0)" })
      let values = [Float](UnsafeBufferPointer(start: output.buffer.pointer, count: output.buffer.count))
      entrants.append(
        Entrant(form: index, kernel: kernel, execution: execution, verification: verification, output: values))
      results[index] = CaseResult(
        group: groups[index], item: item, outcome: .incorrect, verification: verification,
        prepareNanoseconds: kernel.prepareNanoseconds)
    }
    let crossings = forms.crossings.enumerated().map { index, crossing in
      compare(crossing, entrants, buffers.failures[index], isExact: buffers.tensors.pattern.isExact(k: reference.depth))
    }
    return (EquivalenceResult(forms: forms, item: item, results: results, crossings: crossings), entrants, slowest)
  }

  private func compare(
    _ crossing: Crossing, _ entrants: [Entrant], _ inputFailure: String?, isExact: Bool
  ) -> CrossingResult? {
    guard let a = entrants.first(where: { $0.form == crossing.from }),
      let b = entrants.first(where: { $0.form == crossing.to })
    else { return nil }
    let order = a.kernel.summationOrder
    var result = CrossingResult(
      hasSameOrder: order != nil && order == b.kernel.summationOrder && crossing.weights.isIdentity,
      isIdentical: true, largestDifference: 0, elements: a.output.count)
    let names = "\(forms.forms[crossing.from].name) and \(forms.forms[crossing.to].name)"
    let moved = crossing.output(b.output)
    var first: Int?
    for i in a.output.indices {
      let difference = abs(Double(a.output[i]) - Double(moved[i]))
      if a.output[i].bitPattern != moved[i].bitPattern { result.isIdentical = false }
      // A NaN differs from everything, and lies outside of the reference's bound as well.
      let mustAgree = isExact || result.hasSameOrder
      if mustAgree && !(difference == 0) && first == nil { first = i }
      if !(difference <= result.largestDifference) { result.largestDifference = difference }
    }
    if !isExact && result.hasSameOrder && !result.isIdentical && first == nil {
      first = a.output.indices.first { a.output[$0].bitPattern != moved[$0].bitPattern }
    }
    result.failure =
      inputFailure.map { "\(names): \($0)" }
      ?? first.map {
        "\(names) differ: element \($0) is \(a.output[$0]) and \(moved[$0]), although "
          + (isExact ? "sums of integers are exact" : "both add up the same products in the same order")
      }
    return result
  }

  private func execution(
    _ index: Int, _ item: Case, _ buffers: FormBuffers
  ) throws(OutOfMemory) -> (FormKernel, Execution) {
    let weights = buffers.weights[index]
    let kernel = try FormKernel(
      item.formKernel, forms.forms[index].layer, weights: weights, split: item.split, threads: item.threads,
      caches: caches)
    return (
      kernel,
      Execution(
        nil, nil,
        kernel.body(
          input: buffers.inputs[index], weights: weights, bias: buffers.tensors.bias,
          output: buffers.outputs[index].buffer.pointer))
    )
  }

  // MARK: Measuring

  /// Measures all forms, the moves between them and a replica of the last form in the same rounds.
  ///
  /// - Returns: whether there is something to report.
  private func measure(
    _ item: Case, _ entrants: [Entrant], _ buffers: FormBuffers, _ result: inout EquivalenceResult
  ) throws -> Bool {
    guard let last = entrants.last else { return true }
    let team = try teams.team(item.team, item.placement)
    let witness = try teams.witness(item.team, item.placement, item.formKernel.isa)
    func sampler(_ execution: Execution) -> Sampler {
      Sampler(TimedSteps(execution, team, witness), settings.stopRule)
    }
    var samplers = entrants.map { sampler($0.execution) }
    let replica = try execution(last.form, item, buffers)
    samplers.append(sampler(replica.1))
    var moves: [(crossing: Int, sampler: Int)] = []
    var targets: [SharedBuffer] = []
    for (index, crossing) in forms.crossings.enumerated() where crossing.movesData && result.crossings[index] != nil {
      moves.append((index, samplers.count))
      samplers.append(sampler(Execution(nil, nil, try move(crossing, buffers, item.threads, &targets))))
    }
    let outputs = entrants.map { buffers.outputs[$0.form] } + [buffers.outputs[last.form]]
    let reasons = try withExtendedLifetime(targets) {
      try InterleavedRounds(settings: settings, steal: steal, isInterrupted: isInterrupted).measure(
        samplers, order: forms.forms[0].layer.flops.hashForOrder
      ) { index, generator in
        if index < outputs.count { outputs[index].buffer.poisonSome(&generator) }
      }
    }
    guard let reasons else { return false }
    let measurements = zip(samplers, reasons).map { $0.measurement($1) }
    for (index, entrant) in entrants.enumerated() {
      result.results[entrant.form]?.outcome = .measured(measurements[index])
      // Once more, for the output was every contestant's since.
      let output = buffers.outputs[entrant.form].buffer.pointer
      buffers.outputs[entrant.form].buffer.poison()
      _ = team.run(entrant.execution.work(warmUp: 0, iterations: 1))
      if let i = entrant.output.indices.first(where: { output[$0].bitPattern != entrant.output[$0].bitPattern }) {
        result.results[entrant.form]?.verification?.failure =
          "after the timed executions, element \(i) is \(output[i]), which was \(entrant.output[i])"
        result.results[entrant.form]?.outcome = .incorrect
      }
    }
    var again = item
    again.replica = 2
    let form = result.results[last.form]
    result.replica = form.map {
      CaseResult(
        group: $0.group, item: again, outcome: .measured(measurements[entrants.count]), verification: $0.verification,
        prepareNanoseconds: replica.0.prepareNanoseconds)
    }
    result.replicaRatio = PairedRatio(
      measurements[entrants.count].paired, over: measurements[entrants.count - 1].paired)
    for (index, crossing) in forms.crossings.enumerated() where result.crossings[index] != nil {
      guard let a = entrants.firstIndex(where: { $0.form == crossing.from }),
        let b = entrants.firstIndex(where: { $0.form == crossing.to })
      else { continue }
      // Two layouts of the convolution: there is no FC layer to compare with.
      if forms.forms[crossing.from].role == forms.forms[crossing.to].role { continue }
      let move = moves.first { $0.crossing == index }.map { measurements[$0.sampler] }
      result.crossings[index]?.set(
        convolution: measurements[forms.forms[crossing.from].role == .convolution ? a : b],
        connected: measurements[forms.forms[crossing.from].role == .convolution ? b : a], moves: move)
    }
    return true
  }

  /// A worker's share of moving a form's input there and its output back.
  private func move(
    _ crossing: Crossing, _ buffers: FormBuffers, _ workers: Int, _ targets: inout [SharedBuffer]
  ) throws(OutOfMemory) -> @Sendable (Int) -> Void {
    var shares: [@Sendable (Int) -> Void] = []
    if crossing.movesInput {
      let target = try SharedBuffer(count: crossing.input.count)
      targets.append(target)
      shares.append(
        share(
          of: crossing.input, from: buffers.inputs[crossing.from], to: target.buffer.pointer, workers: workers))
    }
    if crossing.movesOutput {
      let target = try SharedBuffer(count: crossing.output.count)
      targets.append(target)
      shares.append(
        share(
          of: crossing.output, from: buffers.outputs[crossing.to].buffer.pointer, to: target.buffer.pointer,
          workers: workers))
    }
    let all = shares
    return { worker in for share in all { share(worker) } }
  }
}

extension CrossingResult {
  fileprivate mutating func set(convolution: Measurement, connected: Measurement, moves: Measurement?) {
    ratio = PairedRatio(convolution.paired, over: connected.paired)
    self.moves = moves
    ratioWithMoves = moves.flatMap { PairedRatio(convolution.paired, over: connected.paired(and: $0)) }
  }
}

extension EquivalenceResult {
  /// Takes over what was wrong on other data.
  fileprivate mutating func add(failuresOf other: EquivalenceResult) {
    for index in results.indices where results[index]?.verification?.failure == nil {
      results[index]?.verification?.failure = other.results[index]?.verification?.failure
    }
    for index in crossings.indices where crossings[index]?.failure == nil {
      crossings[index]?.failure = other.crossings[index]?.failure
    }
  }
}

extension Double {
  /// A number for the seed of an order, the same in every process.
  fileprivate var hashForOrder: Int { Int(truncatingIfNeeded: bitPattern >> 12) }
}
