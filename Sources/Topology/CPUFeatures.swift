import CPlatform

/// What the CPU that executes this process can run, with the operating system's support.
///
/// On x86-64 it is read with CPUID and XGETBV, so it is right under an emulator too, where /proc/cpuinfo still
/// describes the host. An instruction set counts only if the operating system saves its registers: a CPU with AVX-512
/// under a kernel that does not save zmm registers has no AVX-512.
///
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapters 13 to 15 (detection) and
/// volume 2A, CPUID; AMD64 Architecture Programmer's Manual, volume 3, appendix E.
public struct CPUFeatures: Hashable, Sendable {
  /// Names in lower case as compilers spell them (`-mavx512f` without `-m`): `sse4.2`, `avx2`, `fma`, `avx512f` …;
  /// on arm64 `neon`.
  public let names: Set<String>
  /// The CPU's marketing name, or nil when nothing tells it.
  public let modelName: String?

  /// Features by name, for instance of another machine.
  public init(names: Set<String>, modelName: String?) {
    self.names = names
    self.modelName = modelName
  }

  /// Whether the CPU runs all of the named instruction sets.
  public func supports(_ required: String...) -> Bool {
    names.isSuperset(of: required)
  }

  /// Asks the CPU that this is called on.
  public static func current() -> CPUFeatures {
    #if arch(x86_64)
      let leaf1 = platform_cpuid(1, 0)
      let registers = Registers(
        leaf1: leaf1,
        leaf7: platform_cpuid(7, 0),
        leaf7sub1: platform_cpuid(7, 1),
        extended1: platform_cpuid(0x8000_0001, 0),
        xcr0: leaf1.ecx & Registers.osxsave == 0 ? 0 : platform_xcr0())
      let brand = (UInt32(0x8000_0002)...0x8000_0004).flatMap { leaf in
        let part = platform_cpuid(leaf, 0)
        return [part.eax, part.ebx, part.ecx, part.edx]
      }
      return CPUFeatures(names: registers.names, modelName: modelName(brand: brand))
    #elseif arch(arm64)
      // AArch64 has Advanced SIMD by definition. It has no brand string either.
      return CPUFeatures(names: ["neon"], modelName: nil)
    #else
      return CPUFeatures(names: [], modelName: nil)
    #endif
  }

  /// The text that twelve registers of CPUID leaves 0x80000002 to 0x80000004 spell, padding removed; nil when empty.
  static func modelName(brand registers: [UInt32]) -> String? {
    let bytes = registers.flatMap { register in (0..<4).map { UInt8(truncatingIfNeeded: register >> (8 * $0)) } }
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    let words = text.split(separator: " ")
    return words.isEmpty ? nil : words.joined(separator: " ")
  }
}

#if arch(x86_64)
  extension CPUFeatures {
    /// The registers that tell an x86 CPU's instruction sets, apart from the CPU so that they can be tested.
    struct Registers {
      /// CPUID leaf 1.
      var leaf1 = platform_cpuid_result()
      /// CPUID leaf 7, subleaf 0.
      var leaf7 = platform_cpuid_result()
      /// CPUID leaf 7, subleaf 1.
      var leaf7sub1 = platform_cpuid_result()
      /// CPUID leaf 0x80000001.
      var extended1 = platform_cpuid_result()
      /// The register states that the operating system saves; 0 when it does not use XSAVE.
      var xcr0: UInt64 = 0

      /// Bit 27 of leaf 1's ecx: the operating system uses XSAVE, and XGETBV may be executed.
      static let osxsave: UInt32 = 1 << 27

      /// The instruction sets that the CPU has, and whose registers the operating system saves.
      var names: Set<String> {
        var names: Set<String> = []
        func add(_ name: String, _ register: UInt32, bit: Int) {
          if register >> bit & 1 == 1 { names.insert(name) }
        }
        add("sse", leaf1.edx, bit: 25)
        add("sse2", leaf1.edx, bit: 26)
        add("sse3", leaf1.ecx, bit: 0)
        add("ssse3", leaf1.ecx, bit: 9)
        add("sse4.1", leaf1.ecx, bit: 19)
        add("sse4.2", leaf1.ecx, bit: 20)
        add("popcnt", leaf1.ecx, bit: 23)
        add("bmi", leaf7.ebx, bit: 3)
        add("bmi2", leaf7.ebx, bit: 8)
        add("lzcnt", extended1.ecx, bit: 5)

        // XCR0 bits 1 and 2: xmm registers and the upper halves of ymm.
        guard leaf1.ecx & Self.osxsave != 0, xcr0 & 0b110 == 0b110, leaf1.ecx >> 28 & 1 == 1 else { return names }
        names.insert("avx")
        add("fma", leaf1.ecx, bit: 12)
        add("f16c", leaf1.ecx, bit: 29)
        add("avx2", leaf7.ebx, bit: 5)
        add("avxvnni", leaf7sub1.eax, bit: 4)

        // XCR0 bits 5, 6 and 7: mask registers, upper halves of zmm0-15, and zmm16-31.
        guard xcr0 & 0b1110_0000 == 0b1110_0000, leaf7.ebx >> 16 & 1 == 1 else { return names }
        names.insert("avx512f")
        add("avx512dq", leaf7.ebx, bit: 17)
        add("avx512ifma", leaf7.ebx, bit: 21)
        add("avx512cd", leaf7.ebx, bit: 28)
        add("avx512bw", leaf7.ebx, bit: 30)
        add("avx512vl", leaf7.ebx, bit: 31)
        add("avx512vbmi", leaf7.ecx, bit: 1)
        add("avx512vbmi2", leaf7.ecx, bit: 6)
        add("avx512vnni", leaf7.ecx, bit: 11)
        add("avx512fp16", leaf7.edx, bit: 23)
        add("avx512bf16", leaf7sub1.eax, bit: 5)
        return names
      }
    }
  }
#endif

extension CPUFeatures: Codable {
  private enum CodingKeys: CodingKey {
    case names, modelName
  }

  /// Decodes names and model.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    names = try container.decode(Set<String>.self, forKey: .names)
    modelName = try container.decodeIfPresent(String.self, forKey: .modelName)
  }

  /// Encodes the names in alphabetical order, so that equal features give equal files.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(names.sorted(), forKey: .names)
    try container.encodeIfPresent(modelName, forKey: .modelName)
  }
}
