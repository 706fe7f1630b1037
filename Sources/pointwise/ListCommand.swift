import ArgumentParser
import Harness
import Kernels
import Layers
import Reports
import Topology

/// `pointwise list`: what there is to run, and to run on.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List kernels, suites, layers, places or peers.",
    subcommands: [KernelList.self, SuiteList.self, LayerList.self, PlaceList.self, PeerList.self])
}

/// `pointwise list kernels`
struct KernelList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "The kernels, and the ISAs that this CPU runs them with.")

  func run() throws {
    let catalog = Catalog.current()
    let rows = catalog.names.map { name in
      let kernels = catalog.kernels.filter { $0.name == name }
      return [name, kernels.map(\.isa.rawValue).joined(separator: ", "), kernels[0].summary]
    }
    for line in TextColumns.lines([["kernel", "ISAs", "what it does"]] + rows) { try printToStandardOutput(line) }
    for kernel in catalog.kernels where !kernel.tiles.isEmpty {
      let widths = Dictionary(grouping: kernel.tiles, by: \.vectors).sorted { $0.key < $1.key }
      let tiles = widths.map { vectors, shapes in "1…\(shapes.map(\.rows).max() ?? 1)x\(vectors)" }
      let title = "\(kernel.name)-\(kernel.isa.rawValue) by hand, as \(kernel.name).ROWSxVECTORS"
      try printToStandardOutput("\n\(title): \(tiles.joined(separator: ", "))")
    }
    try printToStandardOutput(
      "\nRows are what the kernel's model says; a letter decides it: packed.p14x2 has rows of pixels, packed.c8x3 of "
        + "channels.")
  }
}

/// `pointwise list suites`
struct SuiteList: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "suites", abstract: "The suites that ship with the lab.")

  func run() throws {
    let folder: String?
    do { folder = try BenchmarksFolder.locate() } catch { throw Exit.failure(error, Exit.data) }
    guard let folder else {
      throw Exit.failure(
        "no Benchmarks folder with suites was found beside the program or above the working directory; expected "
          + "\(BenchmarksFolder.variable) to name one",
        Exit.data)
    }
    let rows = Suite.available(in: folder).map { listing in
      switch listing.suite {
      case .success(let suite):
        let work = suite.entries.reduce(0.0) { $0 + Double($1.count) * $1.multiplyAdds }
        return [
          listing.name, "\(suite.entries.count)", "\((work / 1e6).rounded() / 1e3)", suite.description ?? "",
        ]
      case .failure(let error): return [listing.name, "", "", "cannot be read: \(error)"]
      }
    }
    if rows.isEmpty {
      throw Exit.failure("\(folder) has no suite; expected files that end in .yaml or .yml", Exit.data)
    }
    for line in TextColumns.lines([["suite", "layers", "GMAC", "what it is"]] + rows) {
      try printToStandardOutput(line)
    }
    try printToStandardOutput("\nFiles: \(folder)")
  }
}

/// `pointwise list layers`
struct LayerList: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "layers", abstract: "The layers of suites.")

  @Argument(help: ArgumentHelp("Suites. Default: quick.", valueName: "suite|file"))
  var suites: [String] = []

  func run() throws {
    let suites = try loadSuites(suites.isEmpty ? [BenchmarksFolder.defaultSuite] : suites, listing: true)
    for suite in suites {
      try printToStandardOutput("\(suite.name): \(suite.description ?? suite.file)")
      let rows = suite.entries.map { entry in
        [
          entry.descriptor, entry.name ?? "", "×\(entry.count)", entry.bias ? "bias" : "", entry.activation.rawValue,
          Format.number(entry.multiplyAdds / 1e6), entry.network,
        ]
      }
      let titles = [["descriptor", "name", "count", "", "activation", "MMAC", "network"]]
      for line in TextColumns.lines(rows.isEmpty ? [] : titles + rows, indent: 2) { try printToStandardOutput(line) }
      for skipped in suite.skipped { try printToStandardOutput("  skipped: \(skipped)") }
    }
    // No run takes such a suite. What was skipped stands above, so that the reason can be seen.
    if let empty = suites.first(where: \.entries.isEmpty) { throw Exit.failure(empty.hasNoLayer, Exit.data) }
  }
}

/// `pointwise list places`
struct PlaceList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "places", abstract: "The kinds of places that this machine has for threads.")

  func run() throws { try printToStandardOutput(placesText(on: try topologyOrExit(nil).machine)) }
}

extension Suite {
  /// What is wrong with a suite of which every descriptor was skipped.
  var hasNoLayer: String { "the suite \(name) has no layer that the lab can run" }
}

extension Suite.Entry {
  /// Multiply-adds of one execution.
  var multiplyAdds: Double {
    Double(shape.mb * shape.oh * shape.ow) * Double(shape.oc)
      * Double(op == .fc ? shape.ic * shape.ih * shape.iw : shape.ic)
  }
}
