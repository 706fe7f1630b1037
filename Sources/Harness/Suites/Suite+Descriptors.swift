import Layers

extension Suite {
  /// A suite of layers that are given as benchdnn descriptors themselves, rather than in a file. They have a bias, as
  /// benchdnn's forward pass has, and no activation.
  ///
  /// - Throws: `SuiteError` if a text is no descriptor or no layer of the lab, or if one is given twice.
  public static func ofDescriptors(_ texts: [String]) throws(SuiteError) -> Suite {
    var entries: [Entry] = []
    for text in texts {
      let location = SourceLocation(file: "layer '\(shortened(text))'", line: nil)
      let parsed: Descriptor.Parsed
      do { parsed = try Descriptor.parse(text) } catch { throw SuiteError("\(error)", at: location) }
      switch parsed {
      case .layer(let descriptor):
        let entry = Entry(
          op: descriptor.op, shape: descriptor.shape, network: "command line", name: descriptor.name,
          count: descriptor.count, bias: true, location: location)
        if entries.contains(where: { $0.op == entry.op && $0.shape == entry.shape }) {
          throw SuiteError("it is given twice; expected each layer once", at: location)
        }
        entries.append(entry)
      case .skipped(let reason):
        throw SuiteError(
          "\(reason); expected a two-dimensional, ungrouped 1×1 convolution or an FC layer", at: location)
      }
    }
    return Suite(
      name: "layers", description: nil, file: "", entries: entries, axes: Axes(), precision: nil, maxTime: nil,
      skipped: [], notes: [])
  }

  /// Whether a word is written like a descriptor, such as `mb1ic64ih56oc64kh1` or `ic2048oc1000`, and like no suite's
  /// name: keys and numbers, an input and an output channel among them.
  public static func looksLikeDescriptor(_ word: String) -> Bool {
    let text = word.prefix { $0 != "\"" }
    guard !text.contains("/"), !text.contains("."), let first = text.first, first.isLetter else { return false }
    return text.contains(/ic-?[0-9]/) || text.contains(/oc-?[0-9]/)
  }
}
