import Layers
import SystemPackage

/// What a suite file asks for: layers of networks, what to vary, and how long to measure.
///
/// Benchmarks/README.md describes the file.
public struct Suite: Sendable, Equatable {
  /// The name under which results are filed: ASCII letters, digits, `.`, `_` and `-`.
  public let name: String
  /// One sentence for listings; nil if the file has none.
  public let description: String?
  /// The file that was loaded.
  public let file: String
  /// The folder of shipped suites, by its name alone, if the suite was found there by its own name; nil for a file.
  var shippedIn: String?
  /// The layers, in the file's order, each distinct within its network. Empty if every descriptor was skipped.
  public let entries: [Entry]
  /// What to vary; an axis that the file does not name is nil.
  public let axes: Axes
  /// The wanted half width of the confidence interval in percent; nil if the file does not say.
  public let precision: Double?
  /// The time to spend on one case in seconds; nil if the file does not say.
  public let maxTime: Double?
  /// In how many visits a layer is measured; nil if the file does not say.
  public var visits: Int?
  /// The descriptors that are not layers of the lab, each with its reason.
  public let skipped: [Skipped]
  /// What else a user should know about how the file was read, such as benchdnn options that have no effect here.
  public let notes: [Note]

  /// One layer of a network, without the layout, which is something to vary.
  public struct Entry: Sendable, Hashable {
    /// The operation.
    public let op: Op
    /// The dimensions.
    public let shape: Shape
    /// The network that the layer belongs to.
    public let network: String
    /// The layer's name in the network; nil if it has none.
    public let name: String?
    /// How often the network runs the layer.
    public let count: Int
    /// Whether the layer has a bias.
    public let bias: Bool
    /// The activation that ends the layer.
    public let activation: Activation
    /// Files with tensors to use in place of random ones; nil for random data.
    public let tensors: LayerPaths?
    /// Where the layer is written, for messages.
    public let location: SourceLocation

    /// Makes an entry.
    ///
    /// - Requires: A shape that a `Layer` of operation `op` can have, and a count of at least 1.
    public init(
      op: Op, shape: Shape, network: String, name: String? = nil, count: Int = 1, bias: Bool = false,
      activation: Activation = .none, tensors: LayerPaths? = nil, location: SourceLocation
    ) {
      self.op = op
      self.shape = shape
      self.network = network
      self.name = name
      self.count = count
      self.bias = bias
      self.activation = activation
      self.tensors = tensors
      self.location = location
    }

    /// The canonical benchdnn descriptor, without name and count.
    public var descriptor: String { shape.descriptor(for: op) }

    /// The layer in one memory layout.
    ///
    /// - Throws: `LayerError.layout` if the operation does not have that layout. Dimensions were checked on loading.
    public func layer(layout: Layout, dtype: DataType = .f32) throws(LayerError) -> Layer {
      try Layer(op: op, shape: shape, layout: layout, dtype: dtype, bias: bias, activation: activation)
    }
  }

  /// A suite of one layer, which is called `name`.
  public static func single(_ entry: Entry, name: String) -> Suite {
    Suite(
      name: name, description: nil, file: entry.location.file, entries: [entry], axes: Axes(), precision: nil,
      maxTime: nil, skipped: [], notes: [])
  }

  /// The values of one axis, and where they are written.
  public struct Axis<Value: Sendable & Hashable>: Sendable, Hashable {
    /// At least one value, in the file's order.
    public let values: [Value]
    /// Where the axis is written, for messages about its values.
    public let location: SourceLocation

    /// Makes an axis.
    public init(values: [Value], location: SourceLocation) {
      self.values = values
      self.location = location
    }
  }

  /// The file as a record of a run names it, see ``place(of:)``.
  public var place: String { place(of: file) }

  /// How a record of a run, which others may read, names the suite's file or one that it names itself.
  ///
  /// A shipped suite has a place in the package, such as `Benchmarks/quick.yaml`, wherever that is on this machine. Other
  /// files are as they were given.
  public func place(of file: String) -> String {
    var path = FilePath(file)
    guard let shippedIn, path.removePrefix(FilePath(self.file).removingLastComponent()) else { return file }
    return FilePath(shippedIn).pushing(path).string
  }

  /// What to vary. Each axis has the values of the command line's option of the same name; nil means its default.
  ///
  /// Except for the layouts, values are the texts of the file: their meaning belongs to the modules that own it.
  public struct Axes: Sendable, Hashable {
    /// Memory layouts. An operation runs in those that it has.
    public var layout: Axis<Layout>?
    /// Thread counts: numbers, or `all`.
    public var threads: Axis<String>?
    /// Patterns of kernels to run.
    public var kernel: Axis<String>?
    /// Patterns of kernels to leave out.
    public var skipKernel: Axis<String>?
    /// Instruction sets.
    public var isa: Axis<String>?
    /// Splits of the output among threads.
    public var split: Axis<String>?
    /// Teams of threads.
    public var team: Axis<String>?
    /// Cache states.
    public var cache: Axis<String>?
    /// Places that threads are bound to.
    public var places: Axis<String>?
    /// Binding policies.
    public var bind: Axis<String>?

    /// Makes axes that all have the command line's defaults.
    public init() {}
  }

  /// A descriptor that is well formed but no layer of the lab.
  public struct Skipped: Sendable, Hashable, CustomStringConvertible {
    /// The text.
    public let descriptor: String
    /// Why it is not run, as in "its kernel is 3×3".
    public let reason: String
    /// Where it is written.
    public let location: SourceLocation

    /// One sentence.
    public var description: String { printable("\(location): \(descriptor) is skipped: \(reason)") }
  }

  /// A remark on how a file was read.
  public struct Note: Sendable, Hashable, CustomStringConvertible {
    /// The remark.
    public let message: String
    /// What it is about.
    public let location: SourceLocation

    /// One sentence.
    public var description: String { printable("\(location): \(message)") }
  }
}
