import Harness
import Kernels
import Layers
import Results
import Statistics

extension EquivalenceRecord.LayerCase {
  /// The record of a case. Forms that the kernel does not support are left out.
  init(_ result: EquivalenceResult) {
    let entry = result.forms.entry
    let kept = result.results.indices.filter { result.results[$0] != nil }
    self.init(
      network: entry.network, name: entry.name, descriptor: entry.descriptor, setting: .init(result.item),
      forms: kept.compactMap { index in
        result.results[index].map { EquivalenceRecord.Form(result.forms.forms[index], $0) }
      },
      ways: zip(result.forms.crossings, result.crossings).compactMap { crossing, found in
        guard let found, let from = kept.firstIndex(of: crossing.from), let to = kept.firstIndex(of: crossing.to)
        else { return nil }
        return EquivalenceRecord.Way(
          from: from, to: to,
          isSameMemory: crossing.input.isIdentity && crossing.weights.isIdentity && crossing.output.isIdentity,
          hasSameOrder: found.hasSameOrder, isIdentical: found.isIdentical,
          largestDifference: found.largestDifference, elements: found.elements,
          moves: found.moves.map { .init($0.summary) }, ratio: found.ratio.map { .init($0.estimate) },
          ratioWithMoves: found.ratioWithMoves.map { .init($0.estimate) })
      },
      replica: result.replicaRatio.map { .init($0.estimate) },
      failures: result.failures.map {
        "\(result.item.variant), \(result.item.threads) threads, \(entry.descriptor): \($0)"
      })
  }
}

extension EquivalenceRecord.HeadCase {
  /// The record of a case.
  init(_ result: HeadResult) {
    let found = result.comparison
    self.init(
      name: result.head.name, layers: result.head.layers, layout: result.layout, map: [result.head.ih, result.head.iw],
      scores: [result.oh, result.ow], setting: .init(result.item), slidFlops: result.slidFlops,
      windowFlops: result.windowFlops, slidBytes: result.slidBytes, windowBytes: result.windowBytes,
      hasSameOrder: found.hasSameOrder, isIdentical: found.isIdentical, largestDifference: found.largestDifference,
      failures: result.failures.map {
        "\(result.item.variant), \(result.item.threads) threads, head \(result.head.name) \(result.layout.rawValue): \($0)"
      })
    error = result.verification.error
    bound = result.verification.bound
    slid = result.slid.map { .init($0.summary) }
    windows = result.windows.map { .init($0.summary) }
    ratio = found.ratio.map { .init($0.estimate) }
    note = result.skipped
  }
}

extension EquivalenceRecord.Form {
  fileprivate init(_ form: EquivalentForm, _ result: CaseResult) {
    self.init(
      name: form.name, isConvolution: form.role == .convolution, layer: form.layer,
      error: result.verification?.error, bound: result.verification?.bound)
    switch result.outcome {
    case .measured(let measurement): time = .init(measurement.summary)
    case .skipped(let reason), .failed(let reason): note = reason
    case .incorrect: note = result.verification?.failure
    }
  }
}

extension EquivalenceRecord.Setting {
  fileprivate init(_ item: Case) {
    self.init(
      variant: item.variant.description, kernel: item.variant.kernel, lanes: item.contender.lanes, threads: item.threads
    )
  }
}

extension EquivalenceRecord.Time {
  fileprivate init(_ summary: SampleSummary) {
    self.init(median: summary.median, low: summary.ciLow, high: summary.ciHigh)
  }
}

extension EquivalenceRecord.Ratio {
  fileprivate init(_ estimate: RatioEstimate) {
    self.init(value: estimate.value, low: estimate.lower, high: estimate.upper)
  }
}
