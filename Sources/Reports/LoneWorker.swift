import Results

extension Row {
  /// Whether one of several threads computed alone, so that no fork-join is part of the time. Only the notes tell.
  var isOfOneOfSeveralThreads: Bool { threads > 1 && (notes?.contains(" took none: 1 of ") ?? false) }
}
