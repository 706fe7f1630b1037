extension Row {
  /// What notes say of a division that leaves threads of a team without a part, such as `1 of 2 threads computes`.
  public static func remark(computing: Int, of threads: Int) -> String { "\(computing) of \(threads) threads computes" }

  /// Whether one of several threads computed alone, so that no fork-join is part of the time. Only the notes tell.
  public var isOfOneOfSeveralThreads: Bool {
    threads > 1 && (notes?.contains(" took none: \(Self.remark(computing: 1, of: threads))") ?? false)
  }
}
