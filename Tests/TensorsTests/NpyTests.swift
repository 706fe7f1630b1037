import Foundation
import Layers
import Tensors
import Testing

@Suite struct NpyTests {
  static let six: [Float] = [1, -2, 3.5, 0, 0x1p-140, 3e38]

  @Test(arguments: [1, 2, 3] as [UInt8], ["<f4", ">f4", "=f4", "|f4", "f4", "<f8", ">f8", "=f8"])
  func versionsAndTypes(version: UInt8, descr: String) {
    let isBig = descr.hasPrefix(">")
    let data =
      descr.hasSuffix("8")
      ? TestFiles.doubles(Self.six.map(Double.init), isBigEndian: isBig)
      : TestFiles.floats(Self.six, isBigEndian: isBig)
    let file = TestFiles.npy(TestFiles.header(descr, "(2, 3)", version: version), data, version: version)
    #expect(Reading(file) == .tensor(sizes: [2, 3], values: Self.six, rounded: 0))
  }

  @Test func fortranOrder() {
    // Element [i, j, k] of (2, 3, 2) is 100·i + 10·j + k; the first index is the fastest in the file.
    var inFile: [Float] = []
    for k in 0..<2 { for j in 0..<3 { for i in 0..<2 { inFile.append(Float(100 * i + 10 * j + k)) } } }
    var expected: [Float] = []
    for i in 0..<2 { for j in 0..<3 { for k in 0..<2 { expected.append(Float(100 * i + 10 * j + k)) } } }
    var file = TestFiles.npy(TestFiles.header("<f4", isFortran: true, "(2, 3, 2)"), TestFiles.floats(inFile))
    #expect(Reading(file) == .tensor(sizes: [2, 3, 2], values: expected, rounded: 0))
    inFile[7] = .nan  // k = 1, j = 0, i = 1
    file = TestFiles.npy(TestFiles.header("<f4", isFortran: true, "(2, 3, 2)"), TestFiles.floats(inFile))
    #expect(Reading(file).sentence == "x.npy: element [1, 0, 1] is NaN; expected finite numbers of single precision")
    #expect(
      Reading(TestFiles.npy(TestFiles.header("<f4", isFortran: true, "(6,)"), TestFiles.floats(Self.six)))
        == .tensor(sizes: [6], values: Self.six, rounded: 0))
  }

  /// More elements than are decoded at a time.
  @Test func aLongTensor() {
    let values = (0..<600_000).map { Float($0) }
    let file = TestFiles.npy(
      TestFiles.header(">f8", "(600000,)"), TestFiles.doubles(values.map(Double.init), isBigEndian: true))
    #expect(Reading(file) == .tensor(sizes: [600_000], values: values, rounded: 0))
  }

  @Test func doublesAreRounded() {
    let values: [Double] = [1, 0.1, 1e-60, -1 - 0x1p-24, 1 + 0x1p-24 + 0x1p-40]
    let file = TestFiles.npy(TestFiles.header("<f8", "(5,)"), TestFiles.doubles(values))
    #expect(
      Reading(file) == .tensor(sizes: [5], values: [1, 0.1, 0, -1, 1 + 0x1p-23], rounded: 4))
    let large = TestFiles.npy(TestFiles.header("<f8", "(1, 2)"), TestFiles.doubles([1, -1e39]))
    #expect(
      Reading(large).sentence
        == "x.npy: element [0, 1] is -1e+39, which is larger than single precision holds (3.4e38); expected finite numbers of single precision"
    )
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
    "{'shape': (2,3), 'fortran_order': False, 'descr': '<f4'}",
    "  {\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2 , 3 , ) ,}  \n",
    "{'descr'\t:\n'<f4', 'fortran_order': False, 'shape':\r\n(2L, 3L)}",
  ]) func headersThatAreAllowed(header: String) {
    #expect(
      Reading(TestFiles.npy(header, TestFiles.floats(Self.six)))
        == .tensor(sizes: [2, 3], values: Self.six, rounded: 0))
  }

  @Test(arguments: [
    ("", "'{' was expected"), ("{}", "the key 'descr' was expected"), ("[1]", "'{' was expected"),
    ("{'descr': '<f4', 'fortran_order': False}", "'shape' was expected"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x", "nothing but spaces"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", "'}' or ','"),
    ("{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", "True or False"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}", "whole number"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 03)}", "whole number"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3.0)}", "')' or ','"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", "',' was expected"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "whole number"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}", "'(' was expected"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': ((((((", "whole number"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", "2^63"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'descr': '<f4'}", "'descr' was expected once"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'x': 1}", "the key is 'x'"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", "structured dtypes are not read"),
    ("{'descr': '<\\x66', 'fortran_order': False, 'shape': (2, 3)}", "without escapes"),
    ("{'descr': '<f4", "closing quote"),
    ("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3)}", "'<f2'"),
    ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)}", "'<i4'"),
    ("{'descr': '', 'fortran_order': False, 'shape': (2, 3)}", "dtype is ''"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4)}", "takes 32 bytes, but 24 follow"),
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", "takes 48 bytes, but 24 follow"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", "takes 16 bytes, but 24 follow"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "more than 2^40 elements"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9)}", "takes 0 bytes, but 24 follow"),
  ]) func headersThatAreNot(header: String, words: String) {
    let sentence = Reading(TestFiles.npy(header, TestFiles.floats(Self.six))).sentence
    #expect(sentence?.contains(words) == true && sentence?.hasPrefix("x.npy: ") == true, "\(sentence ?? "accepted")")
  }

  @Test func everyTruncationIsRefused() {
    for version: UInt8 in [1, 2] {
      let file = TestFiles.npy(
        TestFiles.header("<f4", "(2, 3)", version: version), TestFiles.floats(Self.six), version: version)
      for count in 0..<file.count { #expect(Reading(Array(file[..<count])).sentence != nil, "\(count) bytes") }
      #expect(Reading(file + [0]).sentence?.contains("takes 24 bytes, but 25 follow") == true)
    }
  }

  @Test func valuesAndShapesThatAreRefused() {
    for (value, word) in [(Float.nan, "NaN"), (.infinity, "infinity"), (-.infinity, "-infinity")] {
      let file = TestFiles.npy(TestFiles.header("<f4", "(1, 2)"), TestFiles.floats([0, value]))
      #expect(
        Reading(file).sentence == "x.npy: element [0, 1] is \(word); expected finite numbers of single precision")
    }
    #expect(
      Reading(TestFiles.npy(TestFiles.header("<f4", "(0, 3)"), [])).sentence
        == "x.npy: its shape (0, 3) has no elements; expected at least one")
    #expect(
      Reading(TestFiles.npy(TestFiles.header("<f4", "()"), TestFiles.floats([7])))
        == .tensor(sizes: [], values: [7], rounded: 0))
    var wrong = TestFiles.npy(TestFiles.header("<f4", "(1,)"), TestFiles.floats([7]))
    wrong[7] = 1
    #expect(Reading(wrong).sentence == "x.npy: it has .npy version 1.1; expected 1.0, 2.0 or 3.0")
    #expect(Reading(Array("hello, world".utf8)).sentence?.contains("does not begin with \\x93NUMPY") == true)
    let large = TestFiles.npy(TestFiles.header("<f4", "(6,)"), TestFiles.floats(Self.six))
    #expect(Reading(large, availableMemory: 23).sentence?.contains("of memory") == true)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    for sizes in [[6], [2, 3], [1, 2, 1, 3], [6, 1]] {
      let values = try FloatBuffer(count: 6)
      for (i, value) in Self.six.enumerated() { values.pointer[i] = value }
      let file = NpyFile.bytes(values, sizes: sizes)
      #expect((file.count - 24) % 64 == 0)
      #expect(Reading(file) == .tensor(sizes: sizes, values: Self.six, rounded: 0))
    }
    // The very bytes that NumPy 2.4 writes for np.float32([[1, 2]]).
    let values = try FloatBuffer(count: 2)
    (values.pointer[0], values.pointer[1]) = (1, 2)
    let header = TestFiles.header("<f4", "(1, 2)")
    #expect(
      header.utf8.count == 118
        && NpyFile.bytes(values, sizes: [1, 2]) == TestFiles.npy(header, TestFiles.floats([1, 2])))
  }

  @Test func filesThatAreNone() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pointwise-tensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = folder.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    for (path, words) in [
      (folder.path, "is a folder"), (pipe, "is a pipe"), ("/dev/null", "is a device"), ("", "cannot be read"),
      (folder.appending(path: "none").path, "No such file"), ("a\0b", "cannot be read"),
    ] {
      let error = #expect(throws: TensorError.self) { try TensorFile(opening: TensorPath(path)) }
      #expect(
        error?.description.contains(words) == true && error?.isSystemError == true,
        "\(path): \(String(describing: error))")
    }
    let file = folder.appending(path: "x.npy")
    try Data(TestFiles.npy(TestFiles.header("<f4", "(2, 3)"), TestFiles.floats(Self.six))).write(to: file)
    let opened = try TensorFile(opening: TensorPath(file.path))
    let tensor = try opened.read()
    #expect((0..<6).map { tensor.values.pointer[$0] } == Self.six)
    // The file shrinks after its header was read.
    #expect(truncate(file.path, 140) == 0)
    let error = #expect(throws: TensorError.self) { _ = try opened.read() }
    #expect(error?.description.contains("became shorter") == true)
  }
}
