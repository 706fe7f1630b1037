import Harness
import Kernels
import Layers
import Testing

/// The kernels' index arithmetic against that of the layer, which is written apart from it.
@Suite struct ProblemTests {
  @Test func offsetsAreThoseOfTheLayout() {
    for layer in HostileLayers.all() {
      let problem = Problem(layer)
      #expect((problem.m, problem.n, problem.k) == (layer.m, layer.n, layer.k))
      for m in 0..<layer.m {
        let input = problem.inputOffset(m)
        let output = problem.outputOffset(m)
        let wrongInput = (0..<layer.k).first {
          input + $0 * problem.inputChannelStride != layer.inputIndex(m: m, k: $0)
        }
        let wrongOutput = (0..<layer.n).first {
          output + $0 * problem.outputChannelStride != layer.outputIndex(m: m, n: $0)
        }
        #expect(wrongInput == nil && wrongOutput == nil, "row \(m), \(layer)")
      }
    }
  }

  @Test func runsAreEvenlySpacedAndEndOnlyWhereTheyMust() {
    for layer in HostileLayers.all() {
      let problem = Problem(layer)
      func isEven(_ m: Int, _ pixel: Int) -> Bool {
        problem.inputOffset(pixel) == problem.inputOffset(m) + (pixel - m) * problem.inputPixelStride
          && problem.outputOffset(pixel) == problem.outputOffset(m) + (pixel - m) * problem.outputPixelStride
      }
      for m in 0..<layer.m {
        for limit in Set([m + 1, min(layer.m, m + 5), layer.m]) {
          let end = problem.endOfRun(from: m, limit: limit)
          #expect(end > m && end <= limit)
          #expect((m..<end).allSatisfy { isEven(m, $0) }, "\(m)..<\(end), \(layer)")
          if end < limit && end % problem.imagePixels != 0 {
            #expect(!isEven(m, end), "\(m)..<\(end) could be longer, \(layer)")
          }
        }
      }
      let isStrided = layer.shape.sh > 1 || layer.shape.sw > 1
      if layer.layout != .nchw && !isStrided { #expect(problem.endOfRun(from: 0, limit: layer.m) == layer.m) }
    }
  }

  @Test func onlyChannelsFirstLayoutsAreNotChannelsLast() throws {
    for layer in HostileLayers.all() {
      let isOnePixel = layer.shape.ih * layer.shape.iw == 1
      #expect(Problem(layer).isChannelsLast == (layer.layout != .nchw || isOnePixel), "\(layer)")
    }
  }

  @Test func aBlockCountsItsElements() {
    #expect(Block(rows: 2..<5, columns: 1..<8).count == 21)
    #expect(!Block(rows: 2..<5, columns: 1..<8).isEmpty)
    #expect(Block(rows: 2..<2, columns: 1..<8).isEmpty)
    #expect(Block(rows: 2..<5, columns: 8..<8).isEmpty)
  }
}
