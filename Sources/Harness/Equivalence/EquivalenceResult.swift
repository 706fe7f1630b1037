public import Statistics

/// What one case showed of the forms of a layer: a kernel, on a number of threads.
public struct EquivalenceResult: Sendable {
  /// The layer and its forms.
  public let forms: EquivalentForms
  /// The case.
  public let item: Case
  /// Every form's result, in the order of the forms; nil for a form that the kernel does not support.
  public internal(set) var results: [CaseResult?]
  /// What the ways between the forms showed, in their order; nil where one end is not supported or not right.
  public internal(set) var crossings: [CrossingResult?]
  /// The last form once more, with packed weights of its own, in the same rounds; nil if it was not measured.
  public internal(set) var replica: CaseResult?
  /// The replica's time ÷ that of the same form.
  public internal(set) var replicaRatio: PairedRatio?

  /// What is wrong, in words; empty if nothing is.
  public var failures: [String] {
    let forms = zip(self.forms.forms, results).compactMap { form, result in
      result?.verification?.failure.map { "\(form.name): \($0)" }
    }
    return forms + crossings.compactMap { $0?.failure }
  }
}

/// What two forms of a layer showed of each other.
public struct CrossingResult: Sendable {
  /// Whether the kernel adds up the same products in the same order in both forms.
  public let hasSameOrder: Bool
  /// Whether all outputs on real data are the same to the last bit.
  public internal(set) var isIdentical: Bool
  /// The largest difference of two outputs on real data.
  public internal(set) var largestDifference: Double
  /// Outputs that were compared.
  public internal(set) var elements: Int
  /// What is wrong, in words; nil if nothing is: different bits where the order is the same, on real data, or different
  /// numbers on integer data, whose sums are exact.
  public internal(set) var failure: String?
  /// The time of moving input and output from form to form; nil if nothing moves or nothing was measured.
  public internal(set) var moves: Measurement?
  /// The convolution's time ÷ that of the FC layer.
  public internal(set) var ratio: PairedRatio?
  /// The same, with the moves on the side of the FC layer.
  public internal(set) var ratioWithMoves: PairedRatio?
}
