import Layers

/// The problems of a benchdnn file: descriptors, and the options between them that matter here.
///
/// The file is a series of words. A word that begins with `#` starts a comment; a `\` at a word's end joins the next
/// word to it; white space between quotation marks belongs to the word. These options have a meaning, the others are
/// remembered as ignored:
///
/// - `--mb=N` replaces the minibatch of the descriptors that follow; a list makes a problem of each; 0 ends it.
/// - `--dir=FWD_B` gives the layers that follow a bias, `FWD_D` and `FWD_I` none. Descriptors after a `--dir` without
///   any forward pass are skipped.
/// - `--conv` and `--ip` say which operation follows; descriptors after another driver's name are skipped.
/// - `--batch=FILE` reads another file, found beside this one.
/// - `--reset` forgets the options so far.
struct ShapesFile {
  /// One descriptor with what the options say of it.
  struct Problem {
    var parsed: Descriptor.Parsed
    var text: String
    /// What `--dir` says of the bias; nil if it says nothing.
    var bias: Bool?
    var location: SourceLocation
  }

  private(set) var problems: [Problem] = []
  private(set) var notes: [Suite.Note] = []
  private var ignored: [String: (first: SourceLocation, count: Int)] = [:]
  private var filesRead = 0
  /// The op of descriptors that no driver option precedes; nil leaves it to the descriptor.
  private let op: Op?

  /// The most files that one may pull in by `--batch`, so that files that name each other come to an end.
  static let maximumFiles = 256

  /// Reads the file at `path` and the files that it names.
  init(path: String, op: Op? = nil, namedAt origin: SourceLocation? = nil) throws(SuiteError) {
    self.op = op
    try read(path, namedAt: origin, inside: [])
    for (option, uses) in ignored.sorted(by: { $0.key < $1.key }) {
      let times = uses.count == 1 ? "once" : "\(uses.count) times"
      notes.append(
        .init(message: "benchdnn option \(option), used \(times), has no effect here", location: uses.first))
    }
  }

  private struct Options {
    var minibatches: [Int?] = [nil]
    var bias: Bool?
    var op: Op?
    /// Why the descriptors that follow are not run.
    var direction: String?
    var driver: String?
  }

  private mutating func read(
    _ path: String, namedAt origin: SourceLocation?, inside outer: [String]
  ) throws(SuiteError) {
    if outer.contains(path) {
      throw SuiteError("'\(path)' reads itself by --batch, but files that end were expected", at: origin)
    }
    filesRead += 1
    if filesRead > Self.maximumFiles {
      throw SuiteError("--batch reads more than \(Self.maximumFiles) files", at: origin)
    }
    let text = try TextFile.read(path, namedAt: origin)
    var options = Options()
    options.op = op
    for word in try Self.words(of: text, in: path) {
      if word.text.hasPrefix("-") {
        try apply(word, to: &options, inside: outer + [path])
      } else {
        try add(word, options)
      }
    }
  }

  private mutating func add(_ word: Word, _ options: Options) throws(SuiteError) {
    for minibatch in options.minibatches {
      var parsed: Descriptor.Parsed
      if let reason = options.driver ?? options.direction {
        parsed = .skipped(reason: reason)
      } else {
        do {
          parsed = try Descriptor.parse(word.text, op: options.op, mb: minibatch)
        } catch {
          throw SuiteError(error.description, at: word.location)
        }
      }
      if problems.count == SuiteReader.maximumLayers {
        throw SuiteError(
          "the file has more than \(SuiteReader.maximumLayers) layers, but at most so many were expected",
          at: word.location)
      }
      problems.append(Problem(parsed: parsed, text: word.text, bias: options.bias, location: word.location))
    }
  }

  private mutating func apply(_ word: Word, to options: inout Options, inside files: [String]) throws(SuiteError) {
    let parts = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count == 2 ? String(parts[1]) : nil
    switch (String(parts[0]), value) {
    case ("--mb", let value?):
      options.minibatches = []
      for number in value.split(separator: ",", omittingEmptySubsequences: false) {
        guard let minibatch = Int(number), minibatch >= 0 else {
          throw SuiteError(
            "option '\(shortened(word.text))' was expected to give whole numbers separated by commas",
            at: word.location)
        }
        options.minibatches.append(minibatch == 0 ? nil : minibatch)
      }
    case ("--dir", let value?):
      let directions = value.uppercased().split(separator: ",")
      options.bias = directions.contains("FWD_B")
      let isForward = directions.contains { $0.hasPrefix("FWD") }
      options.direction = isForward ? nil : "--dir=\(shortened(value)) is not a forward pass"
    case ("--batch", let value?):
      try read(
        TextFile.resolve(value, writtenAt: word.location), namedAt: word.location, inside: files)
    case ("--reset", _):
      options.minibatches = [nil]
      options.bias = nil
      options.direction = nil
    case ("--conv", nil):
      options.op = .conv1x1
      options.driver = nil
    case ("--ip", nil):
      options.op = .fc
      options.driver = nil
    case (let option, nil) where Self.otherDrivers.contains(option):
      options.driver = "\(option) is not convolution or inner product"
    case (let option, _):
      ignored[shortened(option), default: (word.location, 0)].count += 1
    }
  }

  private static let otherDrivers: Set<String> = [
    "--binary", "--bnorm", "--brgemm", "--concat", "--deconv", "--eltwise", "--gated_mlp", "--gnorm", "--graph",
    "--lnorm", "--lrn", "--matmul", "--pool", "--prelu", "--reduction", "--reorder", "--resampling", "--rnn",
    "--sdpa", "--self", "--shuffle", "--softmax", "--sum", "--zeropad",
  ]

  // MARK: - Words

  private struct Word {
    var text: String
    var location: SourceLocation
  }

  private static func words(of text: String, in file: String) throws(SuiteError) -> [Word] {
    var words: [Word] = []
    var joins = false
    var number = 0
    let lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
    for line in lines {
      number += 1
      let location = SourceLocation(file: file, line: number)
      var rest = line
      while true {
        rest = rest.drop { $0.properties.isWhitespace }
        guard let first = rest.first, first != "#" else { break }
        var isQuoted = false
        let word = rest.prefix { scalar in
          if scalar == "\"" { isQuoted.toggle() }
          return isQuoted || !scalar.properties.isWhitespace
        }
        if isQuoted {
          throw SuiteError(
            "a quotation mark after '\(shortened(String(word)))' was expected on the same line", at: location)
        }
        rest = rest[word.endIndex...]
        let continues = word.last == "\\"
        let piece = String(continues ? word.dropLast() : word)
        if joins, !words.isEmpty {
          words[words.count - 1].text += piece
        } else if !piece.isEmpty {
          words.append(Word(text: piece, location: location))
        }
        joins = continues && !words.isEmpty
      }
    }
    return words
  }
}
