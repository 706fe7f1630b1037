import Harness
import Kernels
import KernelsPortable
import Layers
import Testing
import Topology

@Suite struct CatalogTests {
  @Test func everyISAHasEveryKernelOnce() {
    let catalog = Catalog.current()
    #expect(catalog.names == ["naive", "tiled", "simd", "packed"])
    #expect(catalog.isas.first == .portable)
    #expect(catalog.isas == catalog.isas.sorted())
    for isa in catalog.isas {
      #expect(catalog.kernels.filter { $0.isa == isa }.map(\.name) == catalog.names)
    }
    #expect(catalog.kernels.count == catalog.names.count * catalog.isas.count)
    for kernel in catalog.kernels {
      #expect(kernel.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
      #expect(!kernel.summary.isEmpty && !kernel.summary.contains("\n"))
    }
  }

  @Test func thePortableISANeedsNothing() {
    #expect(ISA.portable.requiredFeatures.isEmpty)
    let catalog = Catalog(features: [])
    #expect(catalog.isas == [.portable])
    #expect(catalog.kernels.allSatisfy { $0.isa == .portable })
    #expect(!catalog.kernels.isEmpty)
    #expect(catalog.names == Catalog.current().names)
  }

  @Test func anISAIsExecutableWithAllOfItsFeaturesOnly() {
    for isa in ISA.allCases {
      #expect(isa.isExecutable(with: isa.requiredFeatures))
      #expect(isa.isExecutable(with: isa.requiredFeatures.union(["sse4_2"])))
      for feature in isa.requiredFeatures {
        #expect(!isa.isExecutable(with: isa.requiredFeatures.subtracting([feature])), "\(isa) without \(feature)")
      }
    }
    #expect(ISA.avx512.requiredFeatures.isSuperset(of: ISA.avx2.requiredFeatures))
    #expect(ISA.portable < .avx2 && ISA.avx2 < .avx512 && !(ISA.avx512 < .avx2))
  }

  #if arch(x86_64)
    @Test func aMissingFeatureTakesAwayItsKernels() {
      let features = CPUFeatures.current().names
      for isa in [ISA.avx2, .avx512] where isa.isExecutable(with: features) {
        for feature in isa.requiredFeatures {
          let catalog = Catalog(features: features.subtracting([feature]))
          #expect(!catalog.isas.contains(isa), "without \(feature)")
          #expect(!catalog.kernels.contains { $0.isa == isa }, "without \(feature)")
          #expect(catalog.isas.contains(.portable))
        }
        #expect(Catalog(features: features).isas.contains(isa))
      }
    }
  #endif

  /// A family that says nothing but what it must.
  private enum Plain: KernelFamily {
    typealias Target = Portable
    static var name: String { "plain" }
    static var summary: String { "writes 1" }
    static func compute(_ problem: Problem, _ operands: Operands, _ block: Block) { operands.output[0] = 1 }
  }

  @Test func aPlainFamilyNeedsNoMoreThanItsLoops() throws {
    let kernel = Kernel(Plain.self)
    let problem = Problem(try Layer(op: .fc, shape: .fc(ic: 3, oc: 4), layout: .nc))
    #expect((kernel.name, kernel.summary, kernel.isa) == ("plain", "writes 1", .portable))
    #expect(kernel.supports(problem))
    #expect(kernel.grain(problem) == Grain(rows: 1, columns: 1))
    #expect(kernel.packedWeightCount(problem) == 0)
    #expect(kernel.scratchCount(problem) == 0)
    let a = try FloatBuffer(count: 12)
    let b = try FloatBuffer(count: 4)
    kernel.compute(
      problem, Operands(input: a.pointer, weights: a.pointer, bias: nil, output: b.pointer, scratch: a.pointer),
      Block(rows: 0..<1, columns: 0..<4))
    #expect(b.pointer[0] == 1)
  }
}
