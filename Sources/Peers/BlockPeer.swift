public import Kernels

/// A peer that can also compute a part of a layer's output on the calling thread alone, so that the lab's own splits and
/// teams can use it as a kernel.
public protocol BlockPeer: Peer {
  /// The method as a kernel that computes blocks; nil for a method that only computes whole layers.
  ///
  /// - Requires: the library was loaded to compute on one thread.
  func blockKernel(_ method: String) -> Kernel?
}
