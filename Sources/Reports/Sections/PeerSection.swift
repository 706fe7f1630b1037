import Layers
import Results
import Statistics

/// The lab's best against the best vendor library, layer by layer: the first section of the report of a run with peers.
struct PeerSection: ReportSection {
  let title = "Against vendor libraries"

  /// A layer with the lab's fastest variant and the fastest of all peers, both verified.
  private struct Duel {
    var own: Row
    var peer: Row
    var ratio: RatioEstimate?
  }

  func blocks(_ run: ReportedRun) -> [Block] {
    guard let peers = run.manifest.peers, !peers.isEmpty else { return [] }
    let samples = PairedSamples(run.samples)
    let networks = run.analysis.networks.map { ($0, duels($0, samples)) }.filter { !$0.1.isEmpty }
    var blocks: [Block] = [.list(peers.map(library))]
    if networks.isEmpty {
      return blocks + [.paragraph("No layer was measured both by a kernel of the lab and by a library.")]
    }
    blocks.append(
      .paragraph(
        """
        The ratio is the time of the fastest library ÷ that of the lab's fastest variant: above 1, the lab is faster. It \
        is the median over the rounds in which both were measured, with its 95 % interval. A library with the team \
        `library` uses its own threads, with the team `dispatch` it is called on one thread by each of the lab's \
        workers. All read and write the layouts of the table but `onednn.any`, which keeps input and output in a layout \
        of its own.
        """))
    for (network, duels) in networks {
      blocks += [.heading("Libraries on \(network.title)"), .table(means(duels, run))]
      blocks += Block.limited(table(duels, run))
    }
    return blocks
  }

  /// What was measured, or why it could not be.
  private func library(_ peer: RunManifest.Peer) -> RichText {
    guard let version = peer.version else {
      let how = peer.packages.map { "; to get it: \($0)" } ?? ""
      return "\(peer.name) was left out: \(peer.problem ?? "not loaded")\(how)"
    }
    let picked = peer.instructionSet.map { ", which picked \($0)" } ?? ""
    let text: RichText = "\(peer.name) \(version)\(picked)"
    return peer.forced.map { text + ", forced by " + .code($0) } ?? text
  }

  private func duels(_ network: RunAnalysis.Network, _ samples: PairedSamples) -> [Duel] {
    network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        network.settings.compactMap { setting -> Duel? in
          let rows = layer.ranked.filter {
            $0.isMeasured && $0.layout == layout && RunAnalysis.Setting($0) == setting
          }
          guard let own = rows.first(where: { !$0.isPeer }), let peer = rows.first(where: \.isPeer) else { return nil }
          return Duel(own: own, peer: peer, ratio: samples.ratio(peer.caseKey, over: own.caseKey)?.estimate)
        }
      }
    }
  }

  /// A line for each layout and setting: the geometric mean over its layers.
  private func means(_ duels: [Duel], _ run: ReportedRun) -> Table {
    let groups = duels.grouped {
      [$0.own.layout.rawValue, "\($0.own.threads)", $0.own.places, $0.own.bind, $0.own.cache]
    }
    let rows = groups.map { duels -> [RichText] in
      let known = duels.compactMap { duel in duel.ratio.map { (ratio: $0, count: Double(duel.own.count)) } }
      let mean = geometricMean(ratios: known.map(\.ratio), weights: known.map(\.count))
      let own = duels[0].own
      return [.text(own.layout.rawValue)] + run.cells(RunAnalysis.Setting(own))
        + .text(
          mean.map(Self.text) ?? Format.unknown, "\(known.count { $0.ratio.lower > 1 })",
          "\(known.count { $0.ratio.upper < 1 })", "\(duels.count)")
    }
    let columns: [Table.Column] =
      [.text("layout")] + ReportedRun.settingColumns + [
        .number("best library ÷ our best, geometric mean"), .number("layers we lead"),
        .number("layers a library leads"), .number("layers"),
      ]
    return Table(columns, rows: rows)
  }

  private func table(_ duels: [Duel], _ run: ReportedRun) -> Table {
    let unit = run.timeUnit
    let rows = duels.map { duel -> [RichText] in
      let doubt = duel.own.doubt.isEmpty && duel.peer.doubt.isEmpty ? "" : "≈"
      return [.code(duel.own.layer), .text(String(duel.own.count)), .text(duel.own.layout.rawValue)]
        + run.cells(RunAnalysis.Setting(duel.own)) + [
          .code(duel.own.variant), .text(unit.number(duel.own.timeMedian)), .code(duel.peer.variant),
          .text(unit.number(duel.peer.timeMedian)),
          .text(doubt + (duel.ratio.map(Self.text) ?? Format.unknown)),
        ]
    }
    let columns: [Table.Column] =
      [.text("layer"), .number("count"), .text("layout")] + ReportedRun.settingColumns + [
        .text("our best"), .number("time (\(unit.rawValue))"), .text("best library"),
        .number("time (\(unit.rawValue))"), .number("library ÷ ours"),
      ]
    return Table(columns, rows: rows, cases: duels.map(\.own.caseKey))
  }

  /// `1.23× (1.20–1.26)`.
  private static func text(_ ratio: RatioEstimate) -> String {
    "\(Format.number(ratio.value))× (\(Format.number(ratio.lower))–\(Format.number(ratio.upper)))"
  }
}
