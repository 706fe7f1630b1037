/// Loops that reach a core's ceilings: multiply-adds in registers, and streams over a buffer.
///
/// They are the denominators of all percentages, so they are compiled as the kernels are: once for each ISA, under its
/// flags. What they compute is meaningless, but it is used, so that the optimiser cannot remove it.
public enum Probe<Target: VectorISA> {
  /// Independent chains of multiply-adds: enough to hide a latency of 4 cycles on 2 units twice over, few enough to stay
  /// in registers.
  @inlinable @inline(__always)
  static var chains: Int { Target.registers >= 32 ? 16 : 12 }

  /// FLOP of one round of ``multiplyAdds(rounds:sink:)``.
  @inlinable
  public static var flopsPerRound: Int { 2 &* chains &* Target.lanes }

  /// Runs `rounds` multiply-adds in every chain: x ← b + x·a, whose fixed point b ÷ (1 − a) is far from all subnormal
  /// numbers. The product depends on the chain, so that an ISA that multiplies and adds apart cannot hoist it. On arm64,
  /// x ← x − 2·x, which changes the sign.
  @inlinable
  public static func multiplyAdds(rounds: Int, sink: UnsafeMutablePointer<Float>) {
    if Target.registers >= 32 {
      multiplyAdds(rounds, sink, Extent<16>.self)
    } else {
      multiplyAdds(rounds, sink, Extent<12>.self)
    }
  }

  @inlinable @inline(never)
  static func multiplyAdds<let N: Int>(_ rounds: Int, _ sink: UnsafeMutablePointer<Float>, _ chains: Extent<N>.Type) {
    #if arch(arm64)
      let minusTwo = Target.F32(repeating: -2)
    #else
      let a = Target.F32(repeating: 0.5)
      let b = Target.F32(repeating: 1)
    #endif
    var x = InlineArray<N, Target.F32> { chain in Target.F32(repeating: Float(chain)) }
    for _ in 0..<rounds {
      #if arch(arm64)
        // NEON's instruction adds to its own result: of the form below, the compiler made 16 multiply-adds with 30 copies
        // of registers and some on the stack.
        for chain in 0..<N { x[chain] = Target.multiplyAdd(x[chain], x[chain], minusTwo) }
      #else
        for chain in 0..<N { x[chain] = Target.multiplyAdd(b, x[chain], a) }
      #endif
    }
    var sum = x[0]
    for chain in 1..<N { sum += x[chain] }
    sink.pointee = Target.sum(sum)
  }

  /// Adds up the `count` floats at `p` `passes` times, as one stream, or as four at once, a quarter each.
  ///
  /// Which is faster depends on the level: on Zen 5 one stream reads the L2 cache a fifth faster, four streams the L3 cache
  /// by a quarter and memory a little faster. A kernel that reads several rows of weights is one of four streams.
  ///
  /// - Requires: `count` is a multiple of 8 vectors.
  @inlinable
  public static func read(
    _ p: UnsafePointer<Float>, count: Int, passes: Int, inFourStreams: Bool, sink: UnsafeMutablePointer<Float>
  ) {
    if inFourStreams {
      read(p, count / 4, passes, sink, Extent<4>.self, Extent<2>.self)
    } else {
      read(p, count, passes, sink, Extent<1>.self, Extent<8>.self)
    }
  }

  /// Adds up `S` streams of `length` floats each, which follow each other, `V` vectors of each at a time.
  ///
  /// The sums go on from pass to pass: to start and to end them takes a fifth as long as reading half of an L1 cache.
  @inlinable @inline(never)
  static func read<let S: Int, let V: Int>(
    _ p: UnsafePointer<Float>, _ length: Int, _ passes: Int, _ sink: UnsafeMutablePointer<Float>,
    _ streams: Extent<S>.Type, _ vectors: Extent<V>.Type
  ) {
    var sums = InlineArray<S, InlineArray<V, Target.F32>>(repeating: InlineArray(repeating: Target.F32()))
    for _ in 0..<passes {
      var i = 0
      while i < length {
        for stream in 0..<S {
          for v in 0..<V {
            sums[stream][v] += Target.load(p + (stream &* length &+ i &+ v &* Target.lanes))
          }
        }
        i &+= V &* Target.lanes
      }
    }
    var sum = Target.F32()
    for stream in 0..<S {
      for v in 0..<V { sum += sums[stream][v] }
    }
    sink.pointee = Target.sum(sum)
  }

  /// Writes the `count` floats at `p`, by ordinary stores.
  ///
  /// - Requires: `count` is a multiple of 8 vectors.
  @inlinable @inline(never)
  public static func write(_ p: UnsafeMutablePointer<Float>, count: Int) {
    // Not a pattern of equal bytes, which the optimiser would turn into memset.
    let value = Target.F32(repeating: 1.7)
    var i = 0
    while i < count {
      for v in 0..<8 { Target.store(value, p + (i &+ v &* Target.lanes)) }
      i &+= 8 &* Target.lanes
    }
  }

  /// McCalpin's STREAM triad: a[i] = b[i] + s·c[i].
  ///
  /// - Requires: `count` is a multiple of 4 vectors; the arrays do not overlap.
  @inlinable @inline(never)
  public static func triad(
    _ a: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafePointer<Float>, count: Int
  ) {
    let s = Target.F32(repeating: 3)
    var i = 0
    while i < count {
      for v in 0..<4 {
        let offset = i &+ v &* Target.lanes
        Target.store(Target.multiplyAdd(Target.load(b + offset), Target.load(c + offset), s), a + offset)
      }
      i &+= 4 &* Target.lanes
    }
  }

  /// Runs `rounds` pairs of an addition and an exclusive or, each of one cycle and each waiting for the one before: 2 ·
  /// `rounds` cycles, whatever the ISA. It shows the core's clock.
  @inlinable @inline(never)
  public static func chain(rounds: Int, sink: UnsafeMutablePointer<Float>) {
    var x = UInt64(truncatingIfNeeded: rounds)
    let a = x | 0x9E37_79B9
    let b = x | 0x85EB_CA6B
    for _ in 0..<rounds { x = (x &+ a) ^ b }
    sink.pointee = Float(x & 0xFF)
  }
}

/// A ``Probe`` compiled for one ISA, as a value.
public struct ProbeSet: Sendable {
  /// The ISA that it is compiled for.
  public let isa: ISA
  /// FLOP of one round of `multiplyAdds`.
  public let flopsPerRound: Int
  /// See ``Probe/multiplyAdds(rounds:sink:)``.
  public let multiplyAdds: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
  /// A count of floats of which ``read`` can read any multiple: 8 of the widest vectors.
  public static let readStep = 128
  /// See ``Probe/read(_:count:passes:inFourStreams:sink:)``.
  public let read: @Sendable (UnsafePointer<Float>, Int, Int, Bool, UnsafeMutablePointer<Float>) -> Void
  /// See ``Probe/write(_:count:)``.
  public let write: @Sendable (UnsafeMutablePointer<Float>, Int) -> Void
  /// See ``Probe/triad(_:_:_:count:)``.
  public let triad: @Sendable (UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int) -> Void
  /// See ``Probe/chain(rounds:sink:)``.
  public let chain: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void

  /// The probe of `Target`. Call it in that ISA's module, so that the functions are compiled there.
  @inlinable @inline(__always)
  public init<Target: VectorISA>(_ target: Target.Type) {
    isa = Target.isa
    flopsPerRound = Probe<Target>.flopsPerRound
    multiplyAdds = { Probe<Target>.multiplyAdds(rounds: $0, sink: $1) }
    read = { Probe<Target>.read($0, count: $1, passes: $2, inFourStreams: $3, sink: $4) }
    write = { Probe<Target>.write($0, count: $1) }
    triad = { Probe<Target>.triad($0, $1, $2, count: $3) }
    chain = { Probe<Target>.chain(rounds: $0, sink: $1) }
  }
}
