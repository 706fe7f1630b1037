import CPlatform
import Foundation
import Testing

@testable import Topology

@Suite("CPU features")
struct CPUFeaturesTests {
  #if arch(x86_64)
    /// Every bit set: a CPU with everything, under a system that saves everything.
    static var everything: CPUFeatures.Registers {
      let ones = platform_cpuid_result(eax: .max, ebx: .max, ecx: .max, edx: .max)
      return .init(leaf1: ones, leaf7: ones, leaf7sub1: ones, extended1: ones, xcr0: .max)
    }

    @Test("An instruction set whose registers the system does not save does not count")
    func operatingSystem() {
      var registers = Self.everything
      #expect(registers.names.isSuperset(of: ["sse4.2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw"]))
      registers.xcr0 = 0b0000_0111
      #expect(registers.names.isSuperset(of: ["avx", "avx2", "fma"]))
      #expect(registers.names.allSatisfy { !$0.hasPrefix("avx512") })
      registers.xcr0 = 0b0110_0111
      #expect(registers.names.allSatisfy { !$0.hasPrefix("avx512") })
      registers.xcr0 = 0b0000_0011
      #expect(registers.names.isDisjoint(with: ["avx", "avx2", "fma", "f16c"]))
      #expect(registers.names.contains("sse4.2"))
      registers.xcr0 = .max
      registers.leaf1.ecx &= ~CPUFeatures.Registers.osxsave
      #expect(registers.names.isDisjoint(with: ["avx", "avx2", "avx512f"]))
    }

    @Test(
      "Each bit has its name",
      arguments: [
        ("avx512f", 16), ("avx512dq", 17), ("avx512bw", 30), ("avx512vl", 31), ("avx2", 5),
      ])
    func bits(name: String, bit: Int) {
      var registers = Self.everything
      registers.leaf7.ebx = ~(1 << UInt32(bit))
      #expect(!registers.names.contains(name))
      registers.leaf7.ebx = 1 << UInt32(bit) | 1 << 16
      #expect(registers.names.contains(name))
    }
  #endif

  @Test("The brand string loses its padding")
  func brand() {
    func registers(_ text: String) -> [UInt32] {
      let bytes = Array(text.utf8) + Array(repeating: 0, count: 48 - text.utf8.count)
      return stride(from: 0, to: 48, by: 4).map { i in (0..<4).reduce(0) { $0 | UInt32(bytes[i + $1]) << (8 * $1) } }
    }
    #expect(CPUFeatures.modelName(brand: registers("  Some CPU     @ 2.00GHz ")) == "Some CPU @ 2.00GHz")
    #expect(CPUFeatures.modelName(brand: registers("")) == nil)
  }

  @Test("This CPU has what its architecture demands")
  func current() throws {
    let features = CPUFeatures.current()
    #if arch(x86_64)
      #expect(features.supports("sse", "sse2"))
    #elseif arch(arm64)
      #expect(features.supports("neon"))
    #endif
    #expect(!features.supports("neon", "sse2"))
    #expect(try JSONDecoder().decode(CPUFeatures.self, from: JSONEncoder().encode(features)) == features)
  }
}
