// swift-tools-version: 6.3
import PackageDescription

// Kernels are built with full optimisation and without overflow checks in every configuration, so that
// `swift test` exercises the machine code that `swift build -c release` ships. The unroll threshold lets LLVM
// unroll the loop over accumulator rows completely; below it the accumulators live on the stack.
let kernelFlags: [SwiftSetting] = [
  .unsafeFlags(["-O", "-Ounchecked", "-Xllvm", "-unroll-threshold=4000"])
]

// An ISA's module holds the machine code of functions that are written in Kernels. An incremental build does not look
// at the bodies of another module's functions, and would keep the old code; a whole module is compiled every time. One
// thread makes the compiler name the object file as the package manager expects it.
let isaFlags =
  kernelFlags + [
    .unsafeFlags(["-whole-module-optimization", "-num-threads", "1", "-disable-batch-mode"])
  ]

/// Compiler flags that let one module use the named x86 features, and no other module.
func isa(_ features: String...) -> [SwiftSetting] {
  isaFlags + [.unsafeFlags(features.flatMap { ["-Xcc", "-m\($0)"] })]
}

// Reference results, statistics and the checks of tests are inner loops too: slow ones would make debug tests take
// minutes.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"])]

#if arch(x86_64)
  let isaModules: [Target] = [
    .target(name: "KernelsAVX2", dependencies: ["CPlatform", "Kernels"], swiftSettings: isa("avx2", "fma")),
    .target(
      name: "KernelsAVX512", dependencies: ["CPlatform", "Kernels"],
      swiftSettings: isa("avx512f", "avx512vl", "avx512dq", "avx512bw", "avx2", "fma")),
  ]
#else
  let isaModules: [Target] = []
#endif
let isaDependencies = isaModules.map { Target.Dependency.byName(name: $0.name) }

let package = Package(
  name: "PointwiseLab",
  products: [.executable(name: "pointwise", targets: ["pointwise"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    // Starts gnuplot.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    // Templates of report.html.
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    // `swift package generate-documentation`; nothing of it is built or linked otherwise.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"]), .brew(["hwloc"])]),
    .target(name: "CPlatform"),
    .target(name: "Topology", dependencies: ["CHwloc", "CPlatform"]),
    .target(
      name: "Layers", dependencies: [.product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: optimised),
    .target(
      name: "Tensors", dependencies: ["Layers", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: optimised),
    .target(
      name: "Kernels", dependencies: ["CPlatform", "Layers"], swiftSettings: kernelFlags),
    .target(name: "KernelsPortable", dependencies: ["CPlatform", "Kernels"], swiftSettings: isaFlags),
    .target(name: "Teams", dependencies: ["Topology", "CPlatform"], swiftSettings: optimised),
    .target(
      name: "Statistics", dependencies: [.product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: optimised),
    .target(
      name: "Harness",
      dependencies: [
        "Topology", "Layers", "Tensors", "Kernels", "KernelsPortable", "Teams", "Statistics", "Peers", "CPlatform",
        "Yams",
        .product(name: "SystemPackage", package: "swift-system"),
      ] + isaDependencies),
    .target(
      name: "Results",
      dependencies: [
        "Layers", "Topology", "Statistics", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .target(name: "CPeers"),
    .target(name: "Peers", dependencies: ["CPeers", "CPlatform", "Kernels", "Layers"]),
    .target(
      name: "Reports",
      dependencies: [
        "Results", "Layers", "Statistics",
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      resources: [
        .embedInCode("HTML/Resources/report.mustache"), .embedInCode("HTML/Resources/block.mustache"),
        .embedInCode("HTML/Resources/report.css"), .embedInCode("HTML/Resources/report.js"),
      ]),
    .executableTarget(
      name: "pointwise",
      dependencies: [
        "Harness", "Results", "Reports", "Topology", "Layers", "Tensors", "Kernels", "Teams", "Statistics", "Peers",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
  ] + isaModules + [
    .testTarget(name: "TopologyTests", dependencies: ["Topology"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers"], swiftSettings: optimised),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "Layers"], swiftSettings: optimised),
    .testTarget(
      name: "StatisticsTests",
      dependencies: ["Statistics", .product(name: "RealModule", package: "swift-numerics")]),
    .testTarget(
      name: "KernelsTests", dependencies: ["Harness", "Kernels", "KernelsPortable", "Layers", "Topology"],
      swiftSettings: optimised),
    .testTarget(name: "TeamsTests", dependencies: ["Teams", "Topology"]),
    .testTarget(
      name: "HarnessTests",
      dependencies: [
        "Harness", "Kernels", "KernelsPortable", "Layers", "Peers", "Statistics", "Teams", "Tensors", "Topology",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: optimised),
    .testTarget(
      name: "ResultsTests",
      dependencies: [
        "Results", "Layers", "Topology", "SwiftCSV", .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Results", "Layers", "Statistics"]),
    .target(name: "PeerTestSupport", path: "Tests/PeerTestSupport"),
    .testTarget(
      name: "PeersTests", dependencies: ["Peers", "Kernels", "KernelsPortable", "Layers", "PeerTestSupport"]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["pointwise", "Harness", "Results", "Layers", "Tensors", "Topology", "PeerTestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
