import Harness
import Layers
import Testing

/// The shipped suites against what is known of their networks: counts, work, parameters.
@Testing.Suite struct SuiteShippedTests {
  typealias Entry = Harness.Suite.Entry

  private func load(_ name: String) throws -> Harness.Suite {
    let suite = try Harness.Suite.load(name, searching: [shippedSuites])
    #expect(suite.name == name)
    #expect(suite.description?.isEmpty == false)
    #expect(suite.skipped.isEmpty)
    #expect(suite.notes.isEmpty)
    return suite
  }

  /// Multiply-adds of one execution.
  private func work(_ entry: Entry) throws -> Double {
    try entry.layer(layout: entry.op == .fc ? .nc : .nhwc).flops / 2
  }

  private func total(_ entries: [Entry]) throws -> Double {
    try entries.map { Double($0.count) * (try work($0)) }.reduce(0, +)
  }

  private func count(_ entries: [Entry]) -> Int { entries.map(\.count).reduce(0, +) }

  /// "IC→OC@height×width sS ×count" of a convolution, "MB:K→N ×count" of a fully connected layer.
  private func short(_ entry: Entry) -> String {
    let shape = entry.shape
    let times = entry.count == 1 ? "" : " ×\(entry.count)"
    guard entry.op == .conv1x1 else {
      return "\(shape.mb):\(shape.ic * shape.ih * shape.iw)→\(shape.oc)\(times)"
    }
    return "\(shape.ic)→\(shape.oc)@\(shape.ih)" + (shape.sh == 1 ? "" : " s\(shape.sh)") + times
  }

  @Test func everyShippedSuiteLoads() throws {
    let listings = Harness.Suite.available(in: shippedSuites)
    #expect(
      listings.map(\.name) == [
        "bert-base", "dlrm", "efficientnet-b0", "equivalence", "llama2-7b", "mobilenetv2", "quick", "resnet50",
        "vgg16-fc",
      ])
    for listing in listings {
      let suite = try listing.suite.get()
      #expect(suite.name == listing.name)
      #expect(!suite.entries.isEmpty)
      for entry in suite.entries {
        #expect(entry.name != nil, "\(suite.name): \(entry.descriptor)")
        #expect(entry.shape.ih == entry.shape.iw && entry.shape.sh == entry.shape.sw)
        for layout in Layout.applicable(to: entry.op) { _ = try entry.layer(layout: layout) }
      }
    }
  }

  @Test func resNet50() throws {
    let suite = try load("resnet50")
    let convolutions = suite.entries.filter { $0.op == .conv1x1 }
    #expect(
      convolutions.map(short).sorted()
        == [
          "64→256@56 ×4", "64→64@56", "256→64@56 ×2", "256→512@56 s2", "256→128@56", "128→512@28 ×4",
          "512→128@28 ×3", "512→1024@28 s2", "512→256@28", "256→1024@14 ×6", "1024→256@14 ×5", "1024→2048@14 s2",
          "1024→512@14", "512→2048@7 ×3", "2048→512@7 ×2",
        ].sorted())
    #expect(convolutions.count == 15)
    #expect(count(convolutions) == 36)
    #expect(abs(try total(convolutions) / 1e9 - 2.119) < 0.0005)
    #expect(suite.entries.filter { $0.op == .fc }.map(short) == ["1:2048→1000"])
    #expect(Set(suite.entries.map(\.network)) == ["ResNet-50 v1.5"])
    // Reducing convolutions end in relu; expanding ones and shortcuts are added up first.
    for entry in convolutions {
      #expect(entry.bias)
      #expect(entry.activation == (entry.shape.oc < entry.shape.ic || entry.shape.oc == 64 ? .relu : .none))
    }
  }

  @Test func mobileNetV2() throws {
    let suite = try load("mobilenetv2")
    let convolutions = suite.entries.filter { $0.op == .conv1x1 }
    #expect(
      convolutions.map(short).sorted()
        == [
          "32→16@112", "16→96@112", "96→24@56", "24→144@56 ×2", "144→24@56", "144→32@28", "32→192@28 ×3",
          "192→32@28 ×2", "192→64@14", "64→384@14 ×4", "384→64@14 ×3", "384→96@14", "96→576@14 ×3", "576→96@14 ×2",
          "576→160@7", "160→960@7 ×3", "960→160@7 ×2", "960→320@7", "320→1280@7",
        ].sorted())
    #expect(convolutions.count == 19)
    #expect(count(convolutions) == 34)
    #expect(abs(try total(convolutions) / 1e6 - 267.9) < 0.05)
    #expect(suite.entries.filter { $0.op == .fc }.map(short) == ["1:1280→1000"])
    for entry in convolutions { #expect(entry.activation == (entry.shape.oc > entry.shape.ic ? .relu6 : .none)) }
  }

  @Test func efficientNetB0() throws {
    let suite = try load("efficientnet-b0")
    let maps = suite.entries.filter { $0.op == .conv1x1 && $0.shape.ih > 1 }
    #expect(
      maps.map(short).sorted()
        == [
          "32→16@112", "16→96@112", "96→24@56", "24→144@56 ×2", "144→24@56", "144→40@28", "40→240@28 ×2",
          "240→40@28", "240→80@14", "80→480@14 ×3", "480→80@14 ×2", "480→112@14", "112→672@14 ×3", "672→112@14 ×2",
          "672→192@7", "192→1152@7 ×4", "1152→192@7 ×3", "1152→320@7", "320→1280@7",
        ].sorted())
    #expect(count(maps) == 32)
    #expect(abs(try total(maps) / 1e6 - 338.5) < 0.05)
    let pixels = suite.entries.filter { $0.op == .conv1x1 && $0.shape.ih == 1 }
    let pairs = [
      (32, 8, 1), (96, 4, 1), (144, 6, 2), (240, 10, 2), (480, 20, 3), (672, 28, 3), (1152, 48, 4),
    ]
    #expect(
      pixels.map(short).sorted()
        == pairs.flatMap { wide, narrow, count in
          ["\(wide)→\(narrow)", "\(narrow)→\(wide)"].map { $0 + "@1" + (count == 1 ? "" : " ×\(count)") }
        }.sorted())
    for entry in pixels { #expect(entry.activation == (entry.shape.oc > entry.shape.ic ? .sigmoid : .silu)) }
    #expect(suite.entries.filter { $0.op == .fc }.map(short) == ["1:1280→1000"])
  }

  @Test(arguments: [
    ("vgg16-fc", ["1:25088→4096", "1:4096→4096", "1:4096→1000"]),
    (
      "bert-base",
      [
        "128:768→768 ×4", "128:768→3072", "128:3072→768", "384:768→768 ×4", "384:768→3072", "384:3072→768",
      ]
    ),
    (
      "llama2-7b",
      [
        "1:4096→4096 ×4", "1:4096→11008 ×2", "1:11008→4096", "1:4096→32000", "128:4096→4096 ×4",
        "128:4096→11008 ×2", "128:11008→4096", "128:4096→32000",
      ]
    ),
    (
      "dlrm",
      [
        "2048:13→512", "2048:512→256 ×2", "2048:256→128", "2048:479→1024", "2048:1024→1024", "2048:1024→512",
        "2048:256→1",
      ]
    ),
  ])
  func fullyConnected(name: String, layers: [String]) throws {
    let suite = try load(name)
    #expect(suite.entries.map(short) == layers)
    #expect(suite.entries.allSatisfy { $0.op == .fc })
  }

  /// Known activations of the fully connected networks, and no bias in Llama.
  @Test func endingsOfFullyConnectedLayers() throws {
    #expect(try load("vgg16-fc").entries.map(\.activation) == [.relu, .relu, .none])
    for entry in try load("bert-base").entries {
      #expect(entry.bias && entry.activation == (entry.shape.oc == 3072 ? .gelu : .none))
    }
    for entry in try load("llama2-7b").entries {
      #expect(!entry.bias && entry.activation == (entry.shape.oc == 11008 ? .silu : .none))
    }
    for entry in try load("dlrm").entries {
      #expect(entry.bias && entry.activation == (entry.shape.oc == 1 ? .sigmoid : .relu))
    }
  }

  /// A minute for some hundred cases leaves no room for large layers.
  @Test func quickIsSmallAndVaried() throws {
    let suite = try load("quick")
    #expect((5...6).contains(suite.entries.count))
    for entry in suite.entries { #expect(try work(entry) <= 52e6, "\(entry.descriptor)") }
    #expect(suite.entries.contains { $0.shape.sh == 2 })
    #expect(suite.entries.contains { $0.op == .fc && $0.shape.mb == 1 })
    #expect(suite.maxTime != nil)
  }
}
