import Layers
import Tensors
import Yams

/// Reads suites from text: a YAML suite file, or a file of benchdnn descriptors.
struct SuiteReader {
  /// The file being read.
  let file: String
  private var entries: [Suite.Entry] = []
  private var positions: [Key: Int] = [:]
  private var skipped: [Suite.Skipped] = []
  private var notes: [Suite.Note] = []
  private var layersRead = 0

  /// The most layers that a suite may have, equal ones counted each. Aliases and lists of minibatches make millions of a
  /// few lines.
  static let maximumLayers = 100_000

  /// What makes two entries the same layer of a network.
  private struct Key: Hashable {
    var network: String
    var op: Op
    var shape: Shape
    var bias: Bool
    var activation: Activation
  }

  /// What holds for a layer unless it says otherwise.
  private struct Defaults {
    var network: String
    var op: Op?
    /// Nil until something says it.
    var bias: Bool?
    var activation: Activation
  }

  /// Reads a YAML suite file.
  static func suite(yamlAt path: String) throws(SuiteError) -> Suite {
    var reader = SuiteReader(file: path)
    return try reader.readSuite(try TextFile.read(path))
  }

  /// Makes a suite of a file of benchdnn descriptors, with benchdnn's default of `--dir=FWD_B`: layers have a bias.
  static func suite(shapesAt path: String) throws(SuiteError) -> Suite {
    var reader = SuiteReader(file: path)
    let name = fileName(of: path)
    try reader.add(
      try ShapesFile(path: path),
      Defaults(network: name, op: nil, bias: nil, activation: .none), biasOtherwise: true)
    if reader.entries.isEmpty && reader.skipped.isEmpty {
      throw SuiteError("has no descriptors, but at least one was expected", at: SourceLocation(file: path, line: nil))
    }
    return Suite(
      name: name, description: nil, file: path, entries: reader.entries, axes: Suite.Axes(), precision: nil,
      maxTime: nil, skipped: reader.skipped, notes: reader.notes)
  }

  private init(file: String) { self.file = file }

  // MARK: - Layers

  private mutating func add(
    _ descriptor: Descriptor, bias: Bool, _ defaults: Defaults, tensors: LayerPaths? = nil, at location: SourceLocation
  ) throws(SuiteError) {
    layersRead += 1
    if layersRead > Self.maximumLayers {
      throw SuiteError(
        "the suite has more than \(Self.maximumLayers) layers, but at most so many were expected", at: location)
    }
    let key = Key(
      network: defaults.network, op: descriptor.op, shape: descriptor.shape, bias: bias,
      activation: defaults.activation)
    var count = descriptor.count
    let position = positions[key]
    if let position {
      // Rows are told apart by the layer, not by its data.
      if entries[position].tensors != tensors {
        throw SuiteError(
          "\(entries[position].descriptor) is in the network '\(shortened(key.network))' with other tensors already; "
            + "expected another network for each", at: location)
      }
      let (sum, overflow) = count.addingReportingOverflow(entries[position].count)
      if overflow {
        throw SuiteError("the counts of equal layers were expected to add up to at most \(Int.max)", at: location)
      }
      count = sum
    }
    let entry = Suite.Entry(
      op: key.op, shape: key.shape, network: key.network,
      name: position.map { entries[$0].name } ?? descriptor.name, count: count, bias: bias,
      activation: key.activation, tensors: tensors, location: position.map { entries[$0].location } ?? location)
    if let position {
      entries[position] = entry
    } else {
      positions[key] = entries.count
      entries.append(entry)
    }
  }

  private mutating func add(
    _ shapes: ShapesFile, _ defaults: Defaults, biasOtherwise: Bool
  ) throws(SuiteError) {
    for problem in shapes.problems {
      switch problem.parsed {
      case .layer(let descriptor):
        try add(
          descriptor, bias: defaults.bias ?? problem.bias ?? biasOtherwise, defaults, at: problem.location)
      case .skipped(let reason):
        skipped.append(.init(descriptor: problem.text, reason: reason, location: problem.location))
      }
    }
    notes += shapes.notes
  }

  // MARK: - YAML

  private mutating func readSuite(_ yaml: String) throws(SuiteError) -> Suite {
    let root = try SuiteMap(
      compose(yaml), of: "the suite",
      known: ["name", "description", "network", "defaults", "layers", "axes", "settings"], in: file)
    let stem = Self.stem(of: file)
    let name = try root.text("name") ?? stem
    if name != Self.filable(name) {
      throw SuiteError(
        "'name' of the suite is '\(shortened(name))', but ASCII letters, digits, '.', '_' and '-' were expected",
        at: root.location(of: "name"))
    }
    var defaults = Defaults(network: try root.text("network") ?? name, op: nil, bias: nil, activation: .none)
    if let node = root["defaults"] {
      let map = try SuiteMap(
        node, of: "'defaults' of the suite", known: ["op", "bias", "activation"], in: file)
      try apply(map, to: &defaults)
    }
    guard let layers = try root.elements("layers") else {
      throw SuiteError("the suite has no 'layers', but a list of them was expected", at: root.location)
    }
    // A default of the suite is weaker than what a file of descriptors says by --dir; one beside `file:` is stronger.
    let suiteBias = defaults.bias ?? false
    defaults.bias = nil
    for layer in layers { try readLayer(layer, defaults, suiteBias: suiteBias, isInGroup: false) }
    let settings = try root["settings"].map { node throws(SuiteError) in
      try SuiteMap(node, of: "'settings' of the suite", known: ["precision", "max-time", "visits"], in: file)
    }
    var suite = Suite(
      name: name, description: try root.text("description"), file: file, entries: entries,
      axes: try readAxes(root["axes"]), precision: try settings?.positive("precision", unit: "percent"),
      maxTime: try settings?.positive("max-time", unit: "seconds"), skipped: skipped, notes: notes)
    suite.visits = try settings?.whole("visits", in: RunSettings.visitsRange)
    return suite
  }

  private func compose(_ yaml: String) throws(SuiteError) -> Node {
    let place = SourceLocation(file: file, line: nil)
    do {
      guard let root = try Yams.compose(yaml: yaml) else {
        throw SuiteError("has no content, but a suite was expected", at: place)
      }
      return root
    } catch let error as SuiteError {
      throw error
    } catch let error as YamlError {
      switch error {
      case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
        .composer(let context, let problem, let mark, _):
        let before = context.map { "\($0.text) in line \($0.mark.line), " } ?? ""
        throw SuiteError(
          "is not YAML: \(before)\(problem) (column \(mark.column))", at: SourceLocation(file: file, line: mark.line))
      case .duplicatedKeysInMapping(let duplicates, let context):
        throw SuiteError(
          "\(list(duplicates.map { "'\(shortened($0))'" })) is given twice, but each key was expected once",
          at: SourceLocation(file: file, line: context.mark.line))
      case .reader(let problem, _, let value, _):
        throw SuiteError(
          "is not YAML: \(problem) (the character U+\(String(value, radix: 16, uppercase: true)))", at: place)
      default:
        throw SuiteError("is not YAML: \(shortened("\(error)"))", at: place)
      }
    } catch {
      throw SuiteError("is not YAML: \(shortened("\(error)"))", at: place)
    }
  }

  private func apply(_ map: SuiteMap, to defaults: inout Defaults) throws(SuiteError) {
    defaults.network = map.has("network") ? try map.text("network") ?? defaults.network : defaults.network
    defaults.op = try map.choice("op", Op.self) ?? defaults.op
    defaults.bias = try map.flag("bias") ?? defaults.bias
    defaults.activation = try map.choice("activation", Activation.self) ?? defaults.activation
  }

  /// Reads a layer: a descriptor, or a mapping with a descriptor, a file of them, or a group of layers.
  private mutating func readLayer(
    _ node: Node, _ outer: Defaults, suiteBias: Bool, isInGroup: Bool
  ) throws(SuiteError) {
    if node.scalar != nil {
      try readDescriptor(node, outer, suiteBias: suiteBias)
      return
    }
    // One level of groups is enough, and keeps aliases from unfolding without end.
    let contents = isInGroup ? ["descriptor", "file"] : ["descriptor", "file", "layers"]
    let map = try SuiteMap(
      node, of: isInGroup ? "a layer of a group" : "a layer",
      known: contents + ["network", "op", "bias", "activation", "tensors"], in: file)
    var defaults = outer
    try apply(map, to: &defaults)
    guard contents.count(where: map.has) == 1 else {
      throw SuiteError("\(map.what) was expected to have exactly one of \(list(contents))", at: map.location)
    }
    if map.has("tensors") && !map.has("descriptor") {
      throw SuiteError(
        "'tensors' of \(map.what) was expected beside 'descriptor' only", at: map.location(of: "tensors"))
    }
    if let node = map["descriptor"] {
      let tensors = try map["tensors"].map { node throws(SuiteError) in try readTensors(node) }
      // What the layer itself says of its bias, or else whether there is one.
      if let tensors { defaults.bias = try map.flag("bias") ?? (tensors.bias != nil) }
      if let tensors, defaults.bias != (tensors.bias != nil) {
        throw SuiteError(
          "'bias' of 'tensors' was expected \(defaults.bias == true ? "for a layer with a bias" : "of a layer with a bias only")",
          at: map.location(of: "tensors"))
      }
      try readDescriptor(node, defaults, suiteBias: suiteBias, tensors: tensors)
    } else if let path = try map.text("file") {
      let shapes = try ShapesFile(
        path: TextFile.resolve(path, writtenAt: map.location(of: "file")), op: defaults.op,
        namedAt: map.location(of: "file"))
      try add(shapes, defaults, biasOtherwise: suiteBias)
    } else {
      for layer in try map.elements("layers") ?? [] {
        try readLayer(layer, defaults, suiteBias: suiteBias, isInGroup: true)
      }
    }
  }

  private mutating func readDescriptor(
    _ node: Node, _ defaults: Defaults, suiteBias: Bool, tensors: LayerPaths? = nil
  ) throws(SuiteError) {
    let text = try SuiteMap.text(node, as: "a layer's descriptor", in: file)
    let location = SuiteMap.location(of: node, in: file)
    let parsed: Descriptor.Parsed
    do {
      parsed = try Descriptor.parse(text, op: defaults.op)
    } catch {
      throw SuiteError(error.description, at: location)
    }
    switch parsed {
    case .layer(let descriptor):
      try add(descriptor, bias: defaults.bias ?? suiteBias, defaults, tensors: tensors, at: location)
    case .skipped(let reason):
      skipped.append(.init(descriptor: text, reason: reason, location: location))
    }
  }

  /// Reads which files hold a layer's tensors; their paths are as seen from the suite's folder.
  private func readTensors(_ node: Node) throws(SuiteError) -> LayerPaths {
    let map = try SuiteMap(
      node, of: "'tensors' of a layer", known: ["input", "weights", "bias", "layout"], in: file)
    func path(_ key: String) throws(SuiteError) -> TensorPath? {
      guard let text = try map.text(key) else { return nil }
      var path = TensorPath(text)
      path.file = try TextFile.resolve(path.file, writtenAt: map.location(of: key))
      return path
    }
    guard let input = try path("input"), let weights = try path("weights") else {
      throw SuiteError("'tensors' of a layer was expected to have 'input' and 'weights'", at: map.location)
    }
    let layout = try map.choice("layout", Layout.self) ?? .nchw
    if layout == .nc {
      throw SuiteError("'layout' of 'tensors' is 'nc'; expected nchw or nhwc", at: map.location(of: "layout"))
    }
    return LayerPaths(input: input, weights: weights, bias: try path("bias"), layout: layout)
  }

  private func readAxes(_ node: Node?) throws(SuiteError) -> Suite.Axes {
    var axes = Suite.Axes()
    guard let node else { return axes }
    let map = try SuiteMap(
      node, of: "'axes' of the suite",
      known: [
        "layout", "threads", "kernel", "skip-kernel", "isa", "split", "team", "cache", "places", "bind",
      ], in: file)
    if let layout = try map.axis("layout") {
      var layouts: [Layout] = []
      for text in layout.values {
        layouts.append(
          try SuiteMap.choice(text, Layout.self, as: "'layout' of 'axes' of the suite", at: layout.location))
      }
      axes.layout = Suite.Axis(values: layouts, location: layout.location)
    }
    axes.threads = try map.axis("threads")
    axes.kernel = try map.axis("kernel")
    axes.skipKernel = try map.axis("skip-kernel")
    axes.isa = try map.axis("isa")
    axes.split = try map.axis("split")
    axes.team = try map.axis("team")
    axes.cache = try map.axis("cache")
    axes.places = try map.axis("places")
    axes.bind = try map.axis("bind")
    return axes
  }

  // MARK: - Names

  /// The file's name as a suite's name.
  private static func fileName(of path: String) -> String {
    filable(String(path.split(separator: "/").last ?? Substring(path)))
  }

  /// The file's name without `.yaml` or `.yml`, as a suite's name.
  private static func stem(of path: String) -> String {
    let name = path.split(separator: "/").last ?? Substring(path)
    for suffix in Suite.fileExtensions where name.hasSuffix(suffix) && name.count > suffix.count {
      return filable(String(name.dropLast(suffix.count)))
    }
    return filable(String(name))
  }

  /// `name` with every character that could not be part of a folder's name anywhere replaced by `-`.
  private static func filable(_ name: String) -> String {
    let kept = name.unicodeScalars.map { scalar -> Character in
      let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      return isPlain || scalar == "." || scalar == "_" || scalar == "-" ? Character(scalar) : "-"
    }
    return kept.first == "." ? "-" + String(kept.dropFirst()) : String(kept)
  }
}
