import Layers
import Testing

@Suite struct DescriptorTests {
  /// The layer of a descriptor that is one; a failed expectation otherwise.
  private func layer(_ text: String, op: Op? = nil, mb: Int? = nil) throws -> Descriptor {
    guard case .layer(let descriptor) = try Descriptor.parse(text, op: op, mb: mb) else {
      throw Failure(text: text)
    }
    return descriptor
  }

  private struct Failure: Error {
    var text: String
  }

  // MARK: - Layers

  @Test(arguments: [
    // Squares: widths follow heights, and the output follows from input and stride.
    (#"mb1ic256ih56oc512oh28kh1sh2ph0n"res3a*2""#, Shape.conv1x1(ic: 256, oc: 512, ih: 56, iw: 56, sh: 2, sw: 2)),
    ("mb1ic64ih56oc256kh1", .conv1x1(ic: 64, oc: 256, ih: 56, iw: 56)),
    ("mb1ic64ih57oc256kh1sh2", .conv1x1(ic: 64, oc: 256, ih: 57, iw: 57, sh: 2, sw: 2)),
    ("mb1ic64ih56oc256oh56kh1", .conv1x1(ic: 64, oc: 256, ih: 56, iw: 56)),
    // benchdnn computes no padding for an input that the stride does not divide.
    ("mb1ic64ih56oc256oh28kh1sh2", .conv1x1(ic: 64, oc: 256, ih: 56, iw: 56, sh: 2, sw: 2)),
    // The minibatch's default, groups of one, everything spelled out, keys in any order, a repeated key.
    ("ic72oc80_ih56oh56kh1sh1dh0ph0_iw54ow18kw1sw3dw0pw0", .conv1x1(mb: 2, ic: 72, oc: 80, ih: 56, iw: 54, sw: 3)),
    (
      #"g1mb50ic3ih224iw224oc64oh112ow112kh1kw1sh2sw2ph0pw0n"a:b""#,
      .conv1x1(mb: 50, ic: 3, oc: 64, ih: 224, iw: 224, sh: 2, sw: 2)
    ),
    ("kh1_oc16__ic8_ih4mb3_", .conv1x1(mb: 3, ic: 8, oc: 16, ih: 4, iw: 4)),
    ("mb1ic16oc16_ih10kh1_kh1ph0sh1", .conv1x1(ic: 16, oc: 16, ih: 10, iw: 10)),
    // Each missing width follows its own height.
    ("mb1ic8oc8ih14iw7kh1sh2", .conv1x1(ic: 8, oc: 8, ih: 14, iw: 7, sh: 2, sw: 2)),
    ("mb1ic8oc8ih14oh7iw14ow7kh1kw1sh2ph0pw0", .conv1x1(ic: 8, oc: 8, ih: 14, iw: 14, sh: 2, sw: 2)),
    // Only a stride of 1 explains this output width, and 1 is benchdnn's default.
    ("mb1ic8oc8ih14oh7iw14ow14kh1kw1sh2ph0pw0", .conv1x1(ic: 8, oc: 8, ih: 14, iw: 14, sh: 2, sw: 1)),
    // Widths alone are one-dimensional, and a depth of 1 is no third dimension.
    ("ic228oc126_iw48ow12kw1sw4dw0pw0", .conv1x1(mb: 2, ic: 228, oc: 126, ih: 1, iw: 48, sw: 4)),
    ("g1ic16oc16_id1od1kd1pd0", .conv1x1(mb: 2, ic: 16, oc: 16, ih: 1, iw: 1)),
    ("ic16oc8id1ih5kh1", .conv1x1(mb: 2, ic: 16, oc: 8, ih: 5, iw: 5)),
    // A dilated kernel of one pixel is a kernel of one pixel.
    ("mb1ic16ih10oc16oh10kh1dh2ph0", .conv1x1(ic: 16, oc: 16, ih: 10, iw: 10)),
  ])
  func convolutions(text: String, shape: Shape) throws {
    let descriptor = try layer(text)
    #expect(descriptor.op == .conv1x1)
    #expect(descriptor.shape == shape)
  }

  @Test(arguments: [
    (#"mb1ic2048oc1000n"fc""#, Shape.fc(ic: 2048, oc: 1000), 2048),
    ("ic2048oc1000", .fc(mb: 2, ic: 2048, oc: 1000), 2048),
    ("mb1ic512ih7oc4096", .fc(ic: 512, oc: 4096, ih: 7, iw: 7), 25088),
    (#"mb112ic2048_ih1iw1_oc1000_n"resnet:ip1""#, .fc(mb: 112, ic: 2048, oc: 1000), 2048),
    ("ic128iw5oc128", .fc(mb: 2, ic: 128, oc: 128, ih: 1, iw: 5), 640),
    ("mb1ic3id1ih4iw5oc2", .fc(ic: 3, oc: 2, ih: 4, iw: 5), 60),
  ])
  func fullyConnected(text: String, shape: Shape, k: Int) throws {
    let descriptor = try layer(text)
    #expect(descriptor.op == .fc)
    #expect(descriptor.shape == shape)
    #expect(try Layer(op: .fc, shape: descriptor.shape, layout: .nc).k == k)
  }

  @Test(
    arguments: [
      (#"ic1oc1n"res2a*4""#, "res2a", 4),
      (#"ic1oc1nres2a*4"#, "res2a", 4),
      (#"ic1oc1n"*12""#, nil, 12),
      (#"ic1oc1n"""#, nil, 1),
      ("ic1oc1n", nil, 1),
      (#"ic1oc1n"a*b""#, "a*b", 1),
      (#"ic1oc1n"a*""#, "a*", 1),
      (#"ic1oc1n"a*3*1""#, "a*3", 1),
      (#"ic1oc1_n"two words""#, "two words", 1),
    ] as [(String, String?, Int)])
  func namesAndCounts(text: String, name: String?, count: Int) throws {
    let descriptor = try layer(text)
    #expect(descriptor.name == name)
    #expect(descriptor.count == count)
  }

  @Test func contextDecides() throws {
    #expect(try layer("mb1ic8ih4oc8kh1", mb: 16).shape.mb == 16)
    #expect(try layer("ic8oc8", mb: 16).shape.mb == 16)
    #expect(try layer("mb1ic8ih4oc8", op: .fc).shape == .fc(ic: 8, oc: 8, ih: 4, iw: 4))
    // Without a kernel size, benchdnn's convolution driver refuses the same text.
    #expect(throws: DescriptorError.self) { try Descriptor.parse("mb1ic8ih4oc8", op: .conv1x1) }
  }

  // MARK: - Not layers of the lab

  @Test(arguments: [
    ("mb1ic64ih56oc64oh56kh3ph1", "kernel is 3×3"),
    ("g1mb1ic3ih224iw224oc64oh112ow112kh7kw7sh2sw2ph3pw3", "kernel is 7×7"),
    ("ic8oc8ih4iw4kh1kw3", "kernel is 1×3"),
    ("ic8oc8iw9kw2", "kernel is 1×2"),
    ("g2ic72oc80_ih56oh56kh1ph0", "2 groups"),
    ("mb1ic16oc16_ih10kh1ph3sh1", "padding is 3×3"),
    ("mb1ic16oc16_ih10iw10kh1kw1ph0pw1", "padding is 0×1"),
    ("mb1ic16oc16_ih10oh12kh1", "has padding"),
    ("ic16oc16_id5od5kd1pd0", "three-dimensional"),
    ("ic16oc16_id5ih5iw5kd3kh1kw1", "three-dimensional"),
    ("mb1ic16oc16_ih10kh1pd1", "three-dimensional"),
    ("mb2ic16id4ih4iw4oc16", "three-dimensional"),
  ])
  func skips(text: String, reason: String) throws {
    guard case .skipped(let given) = try Descriptor.parse(text) else {
      Issue.record("\(text) is taken for a layer")
      return
    }
    #expect(given.contains(reason))
  }

  // MARK: - Malformed text

  @Test(arguments: [
    ("", 1, DescriptorError.Problem.empty),
    ("mb1ic64xx5oc64", 8, .unknownKey("xx5oc64")),
    ("MB1", 1, .unknownKey("MB1")),
    (" ic1oc1", 1, .unknownKey(" ic1oc1")),
    ("ic1oc1 ", 7, .unknownKey(" ")),
    ("icoc64", 3, .missingNumber(key: "ic", found: "oc64")),
    ("ic64oc", 7, .missingNumber(key: "oc", found: "")),
    ("ic-5oc1", 3, .missingNumber(key: "ic", found: "-5oc1")),
    ("ic0oc1", 1, .zero(key: "ic")),
    ("mb0ic1oc1", 1, .zero(key: "mb")),
    ("ic1oc1ih0kh1", 7, .zero(key: "ih")),
    ("ic1oc1ih1kh1sh0", 13, .zero(key: "sh")),
    ("g0ic1oc1ih1kh1", 1, .zero(key: "g")),
    (#"ic1oc1n"a*0""#, 8, .zero(key: "the count")),
    ("ic9223372036854775808oc1", 3, .numberTooLarge(key: "ic", digits: "9223372036854775808")),
    (#"ic1oc1n"a*9223372036854775808""#, 8, .numberTooLarge(key: "the count", digits: "9223372036854775808")),
    ("ic64", 5, .missing(key: "oc", op: .fc)),
    ("oc64", 5, .missing(key: "ic", op: .fc)),
    ("_", 2, .missing(key: "ic", op: .fc)),
    ("n\"x\"", 5, .missing(key: "ic", op: .fc)),
    ("ic64oc64kh1", 12, .missing(key: "ih", op: .conv1x1)),
    ("ic64oc64ih7oh7", 15, .missing(key: "kh", op: .conv1x1)),
    ("ic64oc64iw7ow7", 15, .missing(key: "kw", op: .conv1x1)),
    ("ic64oc64kw1", 12, .missing(key: "iw", op: .conv1x1)),
    ("ic1oc1ih56oh28kh1", 11, .contradiction(key: "oh", value: 28, expected: 56)),
    ("ic1oc1ih56oh57kh1ph0", 11, .contradiction(key: "oh", value: 57, expected: 56)),
    ("ic1oc1ih56ow28kh1", 11, .contradiction(key: "ow", value: 28, expected: 56)),
    ("ic1oc1ic2", 7, .repeated(key: "ic", first: 1, second: 2)),
    (#"ic1oc1n"a"#, 8, .name(#""a"#)),
    (#"ic1oc1n""#, 8, .name(#"""#)),
    (#"ic1oc1na"b"#, 8, .name(#"a"b"#)),
    (
      "mb4000000000ic4000000000oc1", 1,
      .layer(.tooLarge(tensor: "input", dimensions: [4_000_000_000, 4_000_000_000, 1, 1]))
    ),
  ])
  func malformed(text: String, column: Int, problem: DescriptorError.Problem) {
    let error = #expect(throws: DescriptorError.self) { try Descriptor.parse(text) }
    #expect(error?.column == column)
    #expect(error?.problem == problem)
    #expect(error?.description.contains("'\(text)'") == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func convolutionKeysAreNotOfInnerProducts() {
    let error = #expect(throws: DescriptorError.self) { try Descriptor.parse("ic1oc1ih1kh1", op: .fc) }
    #expect(error?.problem == .notOfInnerProduct(key: "kh"))
    #expect(error?.column == 10)
  }

  @Test func errorsStayOnOneShortLine() {
    let error = #expect(throws: DescriptorError.self) {
      try Descriptor.parse("ic1\u{0}\n\u{1B}[31m" + String(repeating: "x", count: 10_000))
    }
    let sentence = error?.description ?? ""
    #expect(!sentence.isEmpty)
    #expect(sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    #expect(sentence.count < 400)
  }

  // MARK: - Writing

  @Test(arguments: [
    (Op.conv1x1, Shape.conv1x1(ic: 256, oc: 512, ih: 56, iw: 56, sh: 2, sw: 2), "mb1ic256ih56oc512oh28kh1sh2ph0"),
    (.conv1x1, .conv1x1(mb: 2, ic: 64, oc: 256, ih: 56, iw: 56), "mb2ic64ih56oc256oh56kh1ph0"),
    (
      .conv1x1, .conv1x1(ic: 72, oc: 80, ih: 56, iw: 54, sw: 3),
      "mb1ic72ih56iw54oc80oh56ow18kh1kw1sh1sw3ph0pw0"
    ),
    (.conv1x1, .conv1x1(ic: 72, oc: 80, ih: 5, iw: 4), "mb1ic72ih5iw4oc80oh5ow4kh1kw1ph0pw0"),
    (.fc, .fc(ic: 2048, oc: 1000), "mb1ic2048oc1000"),
    (.fc, .fc(ic: 512, oc: 4096, ih: 7, iw: 7), "mb1ic512ih7oc4096"),
    (.fc, .fc(mb: 3, ic: 5, oc: 4, ih: 1, iw: 7), "mb3ic5ih1iw7oc4"),
  ])
  func canonicalText(op: Op, shape: Shape, text: String) throws {
    let layer = try Layer(op: op, shape: shape, layout: op == .fc ? .nc : .nhwc)
    #expect(layer.descriptor == text)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func writingAndParsingRoundTrips(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let names = [nil, "fc", "a*3", "*", "*7", "conv 1/x", "é\u{301}", "\u{301}", "n", "3", "a\u{301}*\u{301}4"]
    for trial in 0..<4000 {
      // Small values often, so that squares and ones are common.
      func size(_ largest: Int) -> Int {
        Int.random(in: 1...(Bool.random(using: &random) ? 4 : largest), using: &random)
      }
      let mb = size(300)
      let (ic, oc, ih, iw) = (size(3000), size(3000), size(300), size(300))
      let op = Op.allCases.randomElement(using: &random) ?? .fc
      let isSquare = Bool.random(using: &random)
      let shape: Shape =
        switch op {
        case .conv1x1:
          .conv1x1(
            mb: mb, ic: ic, oc: oc, ih: ih, iw: isSquare ? ih : iw, sh: size(6), sw: size(6))
        case .fc: .fc(mb: mb, ic: ic, oc: oc, ih: ih, iw: isSquare ? ih : iw)
        }
      let descriptor = Descriptor(
        op: op, shape: shape, name: names[Int.random(in: names.indices, using: &random)],
        count: Bool.random(using: &random) ? 1 : size(20_000))
      let context: Comment = "seed \(seed), trial \(trial): \(descriptor)"
      #expect(try Descriptor.parse(descriptor.description) == .layer(descriptor), context)
      let bare = Descriptor(op: op, shape: shape, name: nil, count: 1)
      #expect(try Descriptor.parse(shape.descriptor(for: op)) == .layer(bare), context)
      #expect(try Descriptor.parse(shape.descriptor(for: op), op: op) == .layer(bare), context)
    }
  }

  // MARK: - Anything at all

  @Test(arguments: [11, 12, 13] as [UInt64])
  func mutationsNeverCrash(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let seeds = [
      #"mb1ic256ih56iw56oc512oh28ow28kh1kw1sh2sw2ph0pw0n"res3a_branch1*2""#,
      "g2ic72oc80_ih56oh56kh1sh1dh0ph0_iw56ow56kw1sw1dw0pw0_n\"tails:1\"",
      "ic16oc16_id5od5kd1pd0sd2", #"mb1ic512ih7oc4096n"fc""#, "ic9223372036854775807oc9223372036854775807ih1kh1",
    ].map { Array($0.utf8) }
    let pieces = [
      "ic", "oh", "kh1", "sh9223372036854775807", "ih9223372036854775807", "n", "\"", "*", "_", "0", "-", "é", "\u{0}",
      "99999999999999999999", "mb", "g1", "oh9223372036854775807",
    ].map { Array($0.utf8) }
    var outcomes: Set<String> = []
    for trial in 0..<4000 {
      var bytes = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let position = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: position)
        case 1 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
        case 2 where position < bytes.count: bytes.remove(at: position)
        default: bytes.removeSubrange(position..<min(bytes.count, position + 3))
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      do {
        switch try Descriptor.parse(text) {
        case .layer(let descriptor):
          outcomes.insert("layer")
          let shape = descriptor.shape
          #expect(
            throws: Never.self, "seed \(seed), trial \(trial): \(text)",
            performing: { try Layer(op: descriptor.op, shape: shape, layout: descriptor.op == .fc ? .nc : .nhwc) })
        case .skipped(let reason):
          outcomes.insert("skipped")
          #expect(!reason.isEmpty, "seed \(seed), trial \(trial): \(text)")
        }
      } catch {
        outcomes.insert("error")
        let sentence = error.description
        #expect(sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "seed \(seed), trial \(trial): \(text)")
      }
    }
    #expect(outcomes == ["layer", "skipped", "error"], "seed \(seed)")
  }
}

/// Vigna's SplitMix64, so that random tests repeat themselves.
private struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
