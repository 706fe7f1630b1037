import Testing

/// Wrong command lines: one sentence with the flag, the value and what was expected, and exit code 64.
@Suite struct UsageTests {
  struct Line: CustomTestStringConvertible, Sendable {
    var arguments: [String]
    var words: [String]
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String, _ words: String...) {
      self.arguments = arguments.split(separator: " ", omittingEmptySubsequences: false).map {
        $0 == "''" ? "" : "\($0)"
      }
      self.words = words
    }
  }

  static let lines =
    [
      Line("frobnicate", "frobnicate"),
      Line("run --frobnicate", "--frobnicate"),
      Line("run tiny.yaml --output", "--output"),
      Line("run tiny.yaml --output ''", "--output", "expected the name of a folder"),
      Line("run tiny.yaml --kernel zzz", "--kernel", "zzz", "naive, tiled, simd, packed"),
      Line("run tiny.yaml --kernel packed,,simd", "--kernel", "packed,,simd", "expected one or more words"),
      Line("run tiny.yaml --skip-kernel zzz", "--skip-kernel", "zzz", "naive"),
      Line("run tiny.yaml --skip-kernel *", "--skip-kernel", "no kernel is left"),
      Line("run tiny.yaml --layer zzz", "--layer", "zzz", "tiny"),
      Line("run tiny.yaml --isa sse9", "--isa", "sse9", "portable, avx2, avx512"),
      Line("run tiny.yaml --isa PORTABLE", "--isa", "PORTABLE", "portable"),
      Line("run tiny.yaml --split zzz", "--split", "zzz", "channels, pixels"),
      Line("run tiny.yaml --split none --threads 2 --oversubscribe wrap", "--split", "none", "reduction or auto"),
      Line("run tiny.yaml --team zzz", "--team", "zzz", "dispatch, pinned, dispatch-apply"),
      Line("run tiny.yaml --layout zzz", "--layout", "zzz", "nchw, nhwc"),
      Line("run tiny.yaml --layout nc", "--layout", "nc", "nchw, nhwc"),
      Line("run tiny.yaml --cache lukewarm", "--cache", "lukewarm", "hot"),
      Line("run tiny.yaml --memory zzz", "--memory", "zzz", "first-touch, local, interleave"),
      Line("run tiny.yaml --pages zzz", "--pages", "zzz", "default, huge, small"),
      Line("run --resume R --memory local", "--resume", "--memory"),
      Line("run --resume R --pages huge", "--resume", "--pages"),
      Line("run tiny.yaml --places zzz", "--places", "zzz", "cores"),
      Line("run tiny.yaml --places {0", "--places", "{0", "'}' was expected"),
      Line("run tiny.yaml --places {65535}", "--places", "65535", "eligible"),
      Line("run tiny.yaml --bind zzz", "--bind", "zzz", "close, spread"),
      Line("run tiny.yaml --bind close,,none", "--bind", "close,,none", "close, spread"),
      Line("run tiny.yaml --places cores,zzz", "--places", "cores,zzz", "ll-caches"),
      Line("run tiny.yaml --places cores;", "--places", "cores;", "ll-caches"),
      Line("run tiny.yaml --smt 0", "--smt", "'0'", "from 1 to"),
      Line("run tiny.yaml --core-kind zzz", "--core-kind", "zzz", "fastest"),
      Line("run tiny.yaml --oversubscribe zzz", "--oversubscribe", "zzz", "wrap"),
      Line("run tiny.yaml --threads 60000", "--threads", "60000", "expected at most"),
      Line("run --resume", "--resume"),
      Line("run --resume ''", "--resume", "expected the folder of a run"),
      Line("run tiny.yaml --resume R", "--resume", "tiny.yaml"),
      Line("run --resume R --kernel simd", "--resume", "--kernel"),
      Line("run --resume R --smt 1", "--resume", "--smt"),
      Line("run --resume R --seed 1", "--resume", "--seed"),
      Line("report", "<folder>"),
      Line("report A --output X", "--output", "several runs"),
      Line("report A B --output ''", "--output", "expected the name of a folder"),
      Line("compare", "<run>"),
      Line("compare A B C", "one run or two"),
      Line("compare A B --baseline C", "--baseline", "one of the two"),
      Line("compare A --format xml", "--format", "xml", "markdown"),
      Line("compare A --raw-times", "--raw-times", "second run"),
      Line("compare A --threshold 0", "--threshold", "'0'", "above 0"),
      Line("compare A --fail-if-slower -3", "--fail-if-slower", "'-3'", "above 0"),
      Line("compare A --save-baseline ../x", "--save-baseline", "../x", "ASCII"),
      Line("compare A --output ''", "--output", "name of a file"),
      Line("recommend", "<run>"),
      Line("recommend A --format csv", "--format", "csv", "json"),
      Line("list nothing", "nothing"),
      Line("verify --kernel zzz", "--kernel", "zzz", "naive"),
      Line("verify --layer zzz", "--layer", "zzz", "leaves no layer"),
      Line("verify --seed 0x1", "--seed", "0x1", "whole number"),
      Line("verify --threads many", "--threads", "many", "1,2,4"),
      Line("topology --threads 60000", "--threads", "60000", "expected at most"),
      Line("topology --threads 0", "--threads", "'0'", "1,2,4"),
    ]
    + ["0", "-1", "abc", "99999999999999999999", "''", "1,,2", "1.5", "nan"].map {
      Line("run tiny.yaml --threads \($0)", "--threads", "'\($0 == "''" ? "" : $0)'", "numbers from 1 to")
    }
    + ["0", "-1", "abc", "nan", "inf", "-inf", "1e999", "101", "''"].map {
      Line("run tiny.yaml --precision \($0)", "--precision", "'\($0 == "''" ? "" : $0)'", "above 0 and up to 100")
    }
    + ["0", "-1", "abc", "nan", "inf", "1e999", "86401", "''"].map {
      Line("run tiny.yaml --max-time \($0)", "--max-time", "'\($0 == "''" ? "" : $0)'", "above 0 and up to 86400")
    }
    + ["-1", "abc", "1.5", "99999999999999999999", "''"].map {
      Line("run tiny.yaml --seed \($0)", "--seed", "'\($0 == "''" ? "" : $0)'", "whole number from 0 to")
    }

  @Test(arguments: lines) func wrongCommandLines(line: Line) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(line.arguments, in: folder)
    #expect(result.code == 64, "\(result)")
    let sentence = try #require(result.sentence, "\(result)")
    for word in line.words { #expect(sentence.contains(word), "\(word) in: \(sentence)") }
    #expect(result.output.isEmpty)
    #expect(!folder.exists("Reports"), "nothing is made before everything is known to be right")
  }

  @Test(arguments: ["--help", "run --help", "list", "--version", "help run"]) func helpIsNoError(line: String) throws {
    let result = try Command.run(line.split(separator: " ").map(String.init), in: try TemporaryFolder())
    #expect(result.code == 0 && result.error.isEmpty && !result.output.isEmpty, "\(result)")
  }

  @Test(arguments: ["kernels", "suites", "layers", "layers resnet50", "places"]) func lists(what: String) throws {
    let result = try Command.run(
      ["list"] + what.split(separator: " ").map(String.init), in: try TemporaryFolder())
    #expect(result.code == 0 && result.error.isEmpty, "\(result)")
    #expect(result.output.split(separator: "\n").count > 3)
    #expect(!result.output.split(separator: "\n").contains { $0.hasSuffix(" ") })
  }
}
