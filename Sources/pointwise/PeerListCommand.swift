import ArgumentParser
import Harness
import Kernels
import Peers
import Reports

/// `pointwise list peers`
struct PeerList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers", abstract: "Vendor libraries that can be measured beside the kernels, and where they are.",
    discussion: """
      Libraries are looked for where --peer NAME=PATH and \(PeerSearch.variable) (NAME=PATH:…) say, in the virtual \
      environments $VIRTUAL_ENV and ./\(PeerSearch.localEnvironment), and in the system's folders. Each is loaded in a \
      process of its own.
      """)

  @OptionGroup
  var peers: PeerOptions

  func run() throws {
    let search = try peers.search()
    let catalog = Catalog.current()
    let machine = try topologyOrExit(nil).machine
    var rows = [["peer", "version", "picked", "vectors", "threads", "kernels", "file"]]
    var missing: [[String]] = []
    var problems: [String] = []
    for kind in PeerKind.allCases {
      let inventory = PeerInventory(kind, search, peers.settings, isas: catalog.isas)
      for library in inventory.libraries {
        let forced = library.forced.map { " by \($0.variable)=\($0.value)" } ?? ""
        let names = inventory.kernels(probeISA: .portable).filter { $0.library == library }.map(\.name)
        rows.append([
          kind.rawValue, library.version, (library.instructionSet ?? "unknown") + forced,
          library.width?.rawValue ?? "unknown", "1 … \(machine.eligiblePUs.count)", names.joined(separator: ", "),
          library.location.path,
        ])
      }
      if let problem = inventory.problem { problems.append(problem) }
      if inventory.location == nil { missing.append([kind.rawValue, "not found", kind.packages]) }
    }
    if rows.count > 1 { for line in TextColumns.lines(rows) { try printToStandardOutput(line) } }
    if !missing.isEmpty {
      for line in TextColumns.lines(missing) { try printToStandardOutput(line) }
      try printToStandardOutput(
        "\nPyPI's packages are found in ./\(PeerSearch.localEnvironment): python3 -m venv "
          + "\(PeerSearch.localEnvironment) && \(PeerSearch.localEnvironment)/bin/pip install …")
    }
    for problem in problems { try printToStandardOutput("cannot be used: \(problem)") }
  }
}
