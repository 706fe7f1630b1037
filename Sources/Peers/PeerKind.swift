/// The libraries that the lab can measure beside its own kernels, and what it knows of each before it is loaded.
public enum PeerKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// oneDNN: https://github.com/uxlfoundation/oneDNN
  case onednn
  /// ONNX Runtime: https://onnxruntime.ai
  case onnxruntime
  /// OpenBLAS: https://www.openblas.net
  case openblas
  /// Intel oneAPI Math Kernel Library.
  case mkl
  /// BLIS: https://github.com/flame/blis
  case blis

  /// How to get it: Debian's packages, and PyPI's.
  public var packages: String {
    switch self {
    case .onednn: "pip install onednn-cpu-gomp, or apt install libdnnl3"
    case .onnxruntime: "pip install onnxruntime"
    case .openblas: "pip install scipy-openblas64, or apt install libopenblas0-pthread"
    case .mkl: "pip install mkl"
    case .blis: "apt install libblis4-pthread"
    }
  }

  /// The names that the dynamic loader knows it by, the likeliest first.
  public var sonames: [String] {
    switch self {
    case .onednn: ["libdnnl.so.3"]
    case .onnxruntime: ["libonnxruntime.so.1", "libonnxruntime.so"]
    case .openblas: ["libopenblas.so.0", "libopenblas64.so.0"]
    case .mkl: ["libmkl_rt.so.3", "libmkl_rt.so.2"]
    case .blis: ["libblis.so.4", "libblis.so.5", "libblis.so.3"]
    }
  }

  /// Where Python's packages put it inside a virtual environment, as glob patterns, the best first. NumPy and SciPy bring
  /// an OpenBLAS of their own.
  public var environmentPatterns: [String] {
    let packages = "lib/python3*/site-packages"
    return switch self {
    case .onednn: ["lib/libdnnl.so.3"]
    case .onnxruntime: ["\(packages)/onnxruntime/capi/libonnxruntime.so*"]
    case .openblas:
      [
        "\(packages)/scipy_openblas64/lib/libscipy_openblas64_.so",
        "\(packages)/scipy_openblas32/lib/libscipy_openblas.so",
        "\(packages)/*.libs/lib*openblas*.so",
      ]
    case .mkl: ["lib/libmkl_rt.so.*"]
    case .blis: ["lib/libblis.so.*"]
    }
  }

  /// What it reads from the environment of its process, for `threads` threads on `cpus`.
  ///
  /// OpenMP's variables are for every library that has been built with it: one place a thread, and no thread leaves its
  /// own. A library must not reckon with other CPUs than the case's, nor change the number of threads by itself.
  ///
  /// - Parameter cpus: a CPU for each thread; empty to leave threads unbound.
  public func environment(threads: Int, cpus: [Int]) -> [String: String] {
    var variables = [
      "OMP_NUM_THREADS": "\(threads)", "OMP_DYNAMIC": "false", "OPENBLAS_NUM_THREADS": "\(threads)",
      "MKL_NUM_THREADS": "\(threads)", "MKL_DYNAMIC": "FALSE", "MKL_INTERFACE_LAYER": "LP64",
      "BLIS_NUM_THREADS": "\(threads)",
    ]
    if !cpus.isEmpty {
      variables["OMP_PLACES"] = cpus.map { "{\($0)}" }.joined(separator: ",")
      variables["OMP_PROC_BIND"] = "true"
    }
    return variables
  }

  /// Variables that could contradict those of ``environment(threads:cpus:)``; they are taken out of what the user has set.
  public static let conflictingVariables = [
    "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "KMP_HW_SUBSET", "OMP_PLACES", "OMP_PROC_BIND", "OMP_THREAD_LIMIT",
    "GOTO_NUM_THREADS", "BLIS_JC_NT", "BLIS_PC_NT", "BLIS_IC_NT", "BLIS_JR_NT", "BLIS_IR_NT", "MKL_DOMAIN_NUM_THREADS",
  ]

  /// Configurations to try where the library picked narrower vectors than the CPU has: a name, which the kernel's name
  /// gets as a suffix, and the variable that asks for it.
  ///
  /// MKL has none: it chooses by the CPU's maker. `MKL_ENABLE_INSTRUCTIONS` and `MKL_CBWR` only lower the choice, and
  /// replacing its `mkl_serv_intel_cpu_true`, which once raised it, no longer does (tried with MKL 2026.0.2 on Zen 5: it
  /// keeps libmkl_def). BLIS before 1.0 takes numbers for names and reads `skx` as 0, which is what skx is there.
  public var forced: [(name: String, variable: String, value: String)] {
    switch self {
    case .openblas: [("SkylakeX", "OPENBLAS_CORETYPE", "SkylakeX")]
    case .blis: [("skx", "BLIS_ARCH_TYPE", "skx")]
    case .onednn, .onnxruntime, .mkl: []
    }
  }
}

/// The vectors that a library computes with, as far as its own word for the CPU tells.
public enum VectorWidth: String, Sendable, Hashable, Codable {
  /// 256-bit vectors.
  case avx2
  /// 512-bit vectors.
  case avx512

  /// Reads OpenBLAS's core names, BLIS's architectures, and the words of oneDNN and MKL; nil for a word it does not know.
  public init?(_ instructionSet: String) {
    let word = instructionSet.lowercased()
    let wide = ["512", "avx10", "skylakex", "skx", "cooperlake", "sapphirerapids", "zen4", "zen5", "knl", "amx"]
    let narrow = ["avx2", "haswell", "zen", "excavator"]
    if wide.contains(where: word.contains) {
      self = .avx512
    } else if narrow.contains(where: word.contains) {
      self = .avx2
    } else {
      return nil
    }
  }
}
