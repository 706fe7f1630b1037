import Layers
import Results

/// The first section of a report of a run with peers: the lab's best against the best vendor library, layer by layer.
struct PeerSection {
  private let peers: [RunManifest.Peer]
  private let analysis: RunAnalysis
  private let samples: [String: [Sample]]

  /// The section for rows that `analysis` has sorted.
  init(_ manifest: RunManifest, _ analysis: RunAnalysis, _ samples: [Sample]) {
    peers = manifest.peers ?? []
    self.analysis = analysis
    self.samples = Dictionary(grouping: samples, by: \.caseKey)
  }

  /// A layer with the lab's fastest variant and the fastest of all peers, both verified.
  private struct Duel {
    var own: Row
    var peer: Row
    var ratio: PeerRatio?
  }

  /// The section, with its heading; empty if no peers were asked for.
  var markdown: String {
    guard !peers.isEmpty else { return "" }
    var text = "## Against vendor libraries\n\n" + libraries
    let networks = analysis.networks.map { ($0, duels($0)) }.filter { !$0.1.isEmpty }
    if networks.isEmpty { return text + "\nNo layer was measured both by a kernel of the lab and by a library.\n" }
    text += """

      The ratio is the time of the fastest library ÷ that of the lab's fastest variant: above 1, the lab is faster. It is the
      median over the rounds in which both were measured, with its 95 % interval. A library with the team `library` uses
      its own threads, with the team `dispatch` it is called on one thread by each of the lab's workers. All read and write
      the layouts of the table but `onednn.any`, which keeps input and output in a layout of its own.

      """
    for (network, duels) in networks {
      text += "\n### Libraries on \(Markdown.text(network.title))\n\n" + means(duels) + "\n" + table(duels)
    }
    return text
  }

  /// What was measured, and what could not be.
  private var libraries: String {
    peers.map { peer in
      guard let version = peer.version else {
        let how = peer.packages.map { "; to get it: \(Markdown.text($0))" } ?? ""
        return "- \(Markdown.text(peer.name)) was left out: \(Markdown.text(peer.problem ?? "not loaded"))\(how)\n"
      }
      let picked = peer.instructionSet.map { ", which picked \(Markdown.text($0))" } ?? ""
      let how = peer.forced.map { ", forced by \(Markdown.code($0, inTable: false))" } ?? ""
      return "- \(Markdown.text(peer.name)) \(Markdown.text(version))\(picked)\(how)\n"
    }.joined()
  }

  private func duels(_ network: RunAnalysis.Network) -> [Duel] {
    network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        network.settings.compactMap { setting -> Duel? in
          let rows = layer.ranked.filter {
            $0.isMeasured && $0.layout == layout && RunAnalysis.Setting($0) == setting
          }
          guard let own = rows.first(where: { !$0.isPeer }), let peer = rows.first(where: \.isPeer) else { return nil }
          return Duel(
            own: own, peer: peer,
            ratio: PeerRatio(samples[peer.caseKey] ?? [], over: samples[own.caseKey] ?? []))
        }
      }
    }
  }

  /// A line for each layout and setting: the geometric mean over its layers.
  private func means(_ duels: [Duel]) -> String {
    let groups = duels.grouped {
      [$0.own.layout.rawValue, "\($0.own.threads)", $0.own.places, $0.own.bind, $0.own.cache]
    }
    let table = groups.map { duels in
      let known = duels.compactMap { duel in duel.ratio.map { (ratio: $0, count: Double(duel.own.count)) } }
      let mean = PeerRatio(meanOf: known.map(\.ratio), weights: known.map(\.count))
      let own = duels[0].own
      return [
        own.layout.rawValue, String(own.threads), Markdown.text(own.cache), mean?.text ?? Format.unknown,
        "\(known.count { $0.ratio.lower > 1 })", "\(known.count { $0.ratio.upper < 1 })", "\(duels.count)",
      ]
    }
    return Table(
      [
        .text("layout"), .number("threads"), .text("cache"), .number("best library ÷ our best, geometric mean"),
        .number("layers we lead"), .number("layers a library leads"), .number("layers"),
      ], rows: table
    ).markdown
  }

  private func table(_ duels: [Duel]) -> String {
    let unit = TimeUnit(fitting: duels.compactMap(\.own.timeMedian).min())
    let rows = duels.map { duel in
      [
        Markdown.code(duel.own.layer), String(duel.own.count), duel.own.layout.rawValue, String(duel.own.threads),
        Markdown.code(duel.own.variant), unit.number(duel.own.timeMedian), Markdown.code(duel.peer.variant),
        unit.number(duel.peer.timeMedian),
        (duel.own.doubt.isEmpty && duel.peer.doubt.isEmpty ? "" : "≈") + (duel.ratio?.text ?? Format.unknown),
      ]
    }
    return Table(
      [
        .text("layer"), .number("count"), .text("layout"), .number("threads"), .text("our best"),
        .number("time (\(unit.rawValue))"), .text("best library"), .number("time (\(unit.rawValue))"),
        .number("library ÷ ours"),
      ], rows: rows
    ).markdown
  }
}
