/// In which order a kernel adds up the products of one output element.
///
/// Addition in floating point is not associative: two ways to compute the same sum differ in their last bits as a rule.
/// Where one kernel, compiled for one ISA, has the same order for two problems with the same `k`, and the products come in
/// the same order, their results are the same to the last bit, wherever the elements lie in memory.
@frozen
public struct SummationOrder: Hashable, Sendable {
  /// Partial sums that are kept apart: the products k, k + chains, k + 2·chains … follow each other in one of them, and
  /// all are added up at the end. Products that are left over when each has as many may be added after that.
  public let chains: Int
  /// Products after which the sum begins anew at zero, to be added to what was summed before; `k` if it never does.
  public let cut: Int
  /// The last output channels that have another order; nil if there are none.
  public let tail: Tail?

  /// Output channels at the end that a kernel computes in another way than the ones before.
  @frozen
  public struct Tail: Hashable, Sendable {
    /// How many.
    public let columns: Int
    /// Partial sums that are kept apart there.
    public let chains: Int

    /// The last `columns`, summed in `chains`.
    @inlinable
    public init(columns: Int, chains: Int) {
      self.columns = columns
      self.chains = chains
    }
  }

  /// An order.
  ///
  /// - Parameters:
  ///   - chains: partial sums that are kept apart, at least 1.
  ///   - cut: products that are summed from zero on, at least 1.
  ///   - tail: the last output channels, if they have another order.
  @inlinable
  public init(chains: Int, cut: Int, tail: Tail? = nil) {
    self.chains = chains
    self.cut = cut
    self.tail = tail
  }
}
