#if arch(x86_64)
  import Foundation
  import Harness
  import Kernels
  import Layers
  import Testing

  /// The test binary, disassembled by the toolchain's llvm-objdump. Kernels are compiled with the same flags in every
  /// configuration, so what is here is what a release holds.
  private enum MachineCode {
    static let tool: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/llvm-objdump" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    struct Instruction {
      var address: UInt64
      var mnemonic: Substring
      var operands: Substring
    }

    struct Function {
      var name: Substring
      var instructions: [Instruction] = []
    }

    /// Runs a shell command with this test's executable as `$1`, and reads its output as functions.
    private static func functions(_ command: String, _ arguments: [String]) throws -> [Function] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments =
        ["-c", command, "sh", try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")] + arguments
      let pipe = Pipe()
      process.standardOutput = pipe
      try process.run()
      let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      var functions: [Function] = []
      for line in text.split(separator: "\n") {
        if line.hasSuffix(">:"), let start = line.firstIndex(of: "<") {
          functions.append(Function(name: line[start...].dropFirst().dropLast(2)))
        } else if let colon = line.firstIndex(of: ":"), !functions.isEmpty,
          let address = UInt64(line[..<colon].drop { $0 == " " }, radix: 16)
        {
          let words = line[line.index(after: colon)...].split(maxSplits: 1) { $0 == " " || $0 == "\t" }
          guard let mnemonic = words.first else { continue }
          functions[functions.count - 1].instructions.append(
            Instruction(address: address, mnemonic: mnemonic, operands: words.count > 1 ? words[1] : ""))
        }
      }
      return functions
    }

    /// All functions, with those of their instructions that are encoded as VEX or EVEX, or use wide registers.
    static let vectorCode = Result {
      let filter = #"grep -E '^[0-9a-f]+ <|^ *[0-9a-f]+:[[:space:]]+v|[yz]mm[0-9]'"#
      return try functions(#"'\#(tool ?? "")' -d --no-show-raw-insn "$1" | \#(filter)"#, [])
    }

    /// The named functions, whole.
    static func functions(named names: [Substring]) throws -> [Function] {
      try functions(
        #"'\#(tool ?? "")' -d --no-show-raw-insn "--disassemble-symbols=$2" "$1""#, [names.joined(separator: ",")])
    }

    /// The instructions of the innermost loop with the most multiply-adds.
    static func hottestLoop(_ function: Function) -> ArraySlice<Instruction> {
      var best: ArraySlice<Instruction> = []
      func multiplyAdds(_ loop: ArraySlice<Instruction>) -> Int { loop.filter(\.isMultiplyAdd).count }
      // The start of the last loop: a jump back to before it belongs to an outer one.
      var innerStart = -1
      for (end, jump) in function.instructions.enumerated() where jump.mnemonic.hasPrefix("j") {
        guard let target = UInt64(jump.operands.drop { $0 == "0" || $0 == "x" }.prefix { $0.isHexDigit }, radix: 16),
          target <= jump.address,
          let start = function.instructions.firstIndex(where: { $0.address == target }), start > innerStart
        else { continue }
        innerStart = start
        let loop = function.instructions[start...end]
        if (multiplyAdds(loop), -loop.count) > (multiplyAdds(best), -best.count) { best = loop }
      }
      return best
    }
  }

  extension MachineCode.Instruction {
    var isMultiplyAdd: Bool { mnemonic.hasPrefix("vfmadd") }
    var text: String { "\(mnemonic) \(operands)" }
    /// Operands without the disassembler's comment.
    var plainOperands: Substring { operands.prefix { $0 != "#" } }
  }

  /// A specialisation of the microkernel.
  private struct Tile: Hashable {
    var rows: Int
    var vectors: Int

    init(rows: Int, vectors: Int) {
      self.rows = rows
      self.vectors = vectors
    }

    /// From a mangled name, in which an integer argument n is written `$<n−1>_`.
    init?(mangled name: Substring) {
      guard let match = name.firstMatch(of: /O_\$(\d+)_\$(\d+)_Tt/), let rows = Int(match.1), let vectors = Int(match.2)
      else { return nil }
      self.rows = rows + 1
      self.vectors = vectors + 1
    }
  }

  @Suite(.enabled(if: MachineCode.tool != nil, "the toolchain's llvm-objdump is not in PATH"))
  struct MachineCodeTests {
    /// The microkernel is at the peak only if its sums stay in registers: then its loop is nothing but loads,
    /// broadcasts and multiply-adds.
    @Test(arguments: [("AVX512", "zmm", ISA.avx512), ("AVX2", "ymm", .avx2)])
    func microkernelsKeepTheirSumsInRegisters(name: String, register: String, isa: ISA) throws {
      let names = try MachineCode.vectorCode.get().map(\.name).filter {
        $0.contains("Microkernel") && $0.contains(name) && Tile(mangled: $0) != nil
      }
      var found: [String: Set<Tile>] = [:]
      for function in try MachineCode.functions(named: names) {
        let tile = try #require(Tile(mangled: function.name))
        let kind = function.name.contains("strided") ? "strided" : "panel"
        found[kind, default: []].insert(tile)
        let loop = MachineCode.hottestLoop(function)
        let what = "\(name) \(kind) \(tile.rows)×\(tile.vectors):\n\(loop.map(\.text).joined(separator: "\n"))"
        let multiplyAdds = loop.filter(\.isMultiplyAdd)
        #expect(multiplyAdds.count == tile.rows * tile.vectors, "\(what)")
        #expect(multiplyAdds.allSatisfy { $0.plainOperands.contains("%\(register)") }, "\(what)")
        #expect(!loop.contains { $0.operands.contains("%rsp") || $0.operands.contains("%rbp") }, "\(what)")
        #expect(!loop.contains { $0.mnemonic.hasPrefix("call") }, "\(what)")
      }
      #expect(found.count == 2)
      #expect(found["strided"] == found["panel"])
      #expect(found["panel"]?.isEmpty == false)
      // Which tiles there are is on record in the kernel, if the CPU can execute it.
      guard let kernel = Catalog.current().kernels.first(where: { $0.name == "packed" && $0.isa == isa }) else {
        return
      }
      #expect(found["panel"] == Set(kernel.tiles.map { Tile(rows: $0.rows, vectors: $0.vectors) }))
    }

    /// So it is with the vector of sums that a `ColumnTail` has for each row, whether the rows are evenly spaced or not, and
    /// whatever number of terms a vector has of each channel.
    @Test(arguments: [("AVX512", "zmm", 16), ("AVX2", "ymm", 8)])
    func lastChannelsKeepTheirSumsInRegisters(name: String, register: String, lanes: Int) throws {
      let names = try MachineCode.vectorCode.get().map(\.name).filter {
        $0.contains("ColumnTailO8multiply") && $0.contains(name)
      }
      for function in try MachineCode.functions(named: names) {
        let loop = MachineCode.hottestLoop(function)
        let what = "\(function.name):\n\(loop.map(\.text).joined(separator: "\n"))"
        let multiplyAdds = loop.filter(\.isMultiplyAdd)
        #expect(multiplyAdds.count == lanes, "\(what)")
        #expect(multiplyAdds.allSatisfy { $0.plainOperands.contains("%\(register)") }, "\(what)")
        // The addresses of 16 rows that lie anywhere do not fit the general registers, but no sum waits on the stack.
        let isSpaced = function.name.contains("stride")
        #expect(
          !loop.contains { $0.operands.contains("(%rsp") && (isSpaced || $0.plainOperands.contains("%\(register)")) },
          "\(what)")
        #expect(!loop.contains { $0.mnemonic.hasPrefix("call") }, "\(what)")
      }
      // Two, four, … terms, and a vector of them, of rows of both kinds.
      #expect(names.count == 2 * lanes.trailingZeroBitCount, "\(names)")
    }

    /// Loops that are compiled for each number of vectors, of channels or of rows, and have so many sums for each of these.
    struct Loops: Sendable {
      var name: String
      var isa: String
      var register: String
      var sums = 1
      var count = 8
    }

    /// A single row has as many sums as there are vectors of columns, dot products as there are channels, and tiles of pairs
    /// of terms three for each row.
    @Test(arguments: [
      Loops(name: "RowProductsO7compute", isa: "AVX512", register: "zmm"),
      Loops(name: "RowProductsO7compute", isa: "AVX2", register: "ymm"),
      Loops(name: "DotProductsO7compute", isa: "AVX512", register: "zmm"),
      Loops(name: "DotProductsO7compute", isa: "AVX2", register: "ymm"),
      Loops(name: "PairedTermsO8multiply", isa: "AVX512", register: "zmm", sums: 3, count: 7),
    ])
    func loopsOfTheirOwnKeepTheirSumsInRegisters(loops: Loops) throws {
      let names = try MachineCode.vectorCode.get().map(\.name).filter {
        $0.contains(loops.name) && $0.contains(loops.isa) && $0.contains(/_\$\d+_Tt/)
      }
      for function in try MachineCode.functions(named: names) {
        let match = try #require(function.name.firstMatch(of: /_\$(\d+)_Tt/))
        let sums = (try #require(Int(match.1)) + 1) * loops.sums
        let loop = MachineCode.hottestLoop(function)
        let what = "\(function.name):\n\(loop.map(\.text).joined(separator: "\n"))"
        let multiplyAdds = loop.filter(\.isMultiplyAdd)
        // A loop of few sums is unrolled.
        #expect(!multiplyAdds.isEmpty && multiplyAdds.count % sums == 0, "\(what)")
        #expect(multiplyAdds.allSatisfy { $0.plainOperands.contains("%\(loops.register)") }, "\(what)")
        #expect(!loop.contains { $0.operands.contains("%rsp") || $0.operands.contains("%rbp") }, "\(what)")
        #expect(!loop.contains { $0.mnemonic.hasPrefix("call") }, "\(what)")
      }
      #expect(names.count == loops.count, "\(names)")
    }

    /// One binary runs on every x86-64 CPU, so code for newer ones must not be shared with older ones. A function that
    /// was compiled for AVX2 or AVX-512 shows it: even its scalar code is VEX-encoded. Such a function must belong to
    /// that ISA by name: by its module, or by its type argument. Foundation and the runtime, which choose their code at
    /// run time, are shared libraries and not part of the binary.
    @Test func codeForNewerCPUsIsNamedForThem() throws {
      var counts: [ISA: Int] = [:]
      for function in try MachineCode.vectorCode.get() {
        for instruction in function.instructions {
          let operands = instruction.plainOperands
          let needsAVX512 = operands.contains("%zmm") || operands.contains(/%[xy]mm(1[6-9]|2\d|3[01])|%k[0-7]/)
          guard needsAVX512 || operands.contains("%ymm") || instruction.mnemonic.hasPrefix("v") else { continue }
          let is512 = function.name.contains("AVX512")
          let isNamed = is512 || (!needsAVX512 && function.name.contains("AVX2"))
          #expect(isNamed, "\(function.name): \(instruction.text)")
          counts[is512 ? .avx512 : .avx2, default: 0] += 1
          if !isNamed { break }
        }
      }
      // Otherwise nothing was looked at.
      #expect(counts[.avx2, default: 0] > 1000 && counts[.avx512, default: 0] > 1000)
    }
  }
#endif
