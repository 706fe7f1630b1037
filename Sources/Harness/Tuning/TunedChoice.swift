public import Kernels

/// What tuning found for a kernel on a layer and a number of threads, as a run uses it.
public struct TunedChoice: Sendable, Hashable {
  /// The tile; nil where the kernel's model was not beaten.
  public var tile: TileChoice?
  /// The split; `none` on one thread, and where one of several is the fastest; `auto` where the model was not beaten on
  /// more.
  public var split: Split
  /// What was tuned, and when, for the notes of a result.
  public var remark: String

  /// A choice.
  public init(tile: TileChoice?, split: Split, remark: String) {
    self.tile = tile
    self.split = split
    self.remark = remark
  }

  /// Whether it can be carried out: a cache may have been written by a version with other tiles.
  func suits(_ kernel: Kernel, _ problem: Problem, threads: Int) -> Bool {
    guard split == .none || threads > 1, split.suits(problem, threads: threads) else { return false }
    guard let tile else { return true }
    return kernel.tiles.contains(tile.shape) && kernel.with(tile).supports(problem)
  }
}
