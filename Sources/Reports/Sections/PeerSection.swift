import Layers
import Results
import Statistics

/// The lab's best against the best vendor library, layer by layer: the first section of the report of a run with peers.
///
/// A library that chooses the layout of input and output does not compute the layer in the layout of its row, and would
/// win by not doing what the lab does. So the headline is that of the same layout, and such libraries are compared with
/// the lab's best over all layouts, below it.
struct PeerSection: ReportSection {
  let title = "Against vendor libraries"

  /// A network with its duels of both kinds.
  private struct Contest {
    var network: RunAnalysis.Network
    var same: [PeerDuel]
    var own: [PeerDuel]
    var sameMeans: [PeerMean] { PeerMean.onSameLayout(same, network) }
    var ownMeans: [PeerMean] { PeerMean.onOwnLayout(own, network) }
  }

  func blocks(_ run: ReportedRun) -> [Block] {
    guard let peers = run.manifest.peers, !peers.isEmpty else { return [] }
    let samples = PairedSamples(run.samples)
    let contests = run.analysis.networks.map { network in
      Contest(
        network: network, same: PeerDuel.onSameLayout(network, run, samples),
        own: PeerDuel.onOwnLayout(network, run, samples))
    }.filter { !$0.same.isEmpty || !$0.own.isEmpty }
    if contests.isEmpty {
      return [
        .list(peers.map(library)), .paragraph("No layer was measured both by a kernel of the lab and by a library."),
      ]
    }
    return contests.flatMap { headline($0, run) }
      + [
        .paragraph(
          """
          A layer's ratio is the time of the fastest library ÷ that of the lab's fastest variant, \
          the median over the rounds in which both were measured, with its 95 % interval. A mean is geometric, over the \
          layers of a network, each as often as the network runs it. On the same layout, both read and write the layout \
          of the table, and whatever a library reorders for that is in its time. A library that chooses the layout of \
          input and output is left out there, and marked *own layout* in all tables: bringing them into it and back is \
          not in its time. It is compared with the lab's fastest variant over all layouts in which the layer was measured. \
          A library with the team `library` uses its own threads, with the team `dispatch` it is called on one thread by \
          each of the lab's workers.
          """),
        .list(peers.map(library)),
      ] + contests.flatMap { tables($0, run) }
  }

  // MARK: What to quote

  /// How many means a sentence names; of more, the smallest and the largest.
  private static let quoted = 8

  private func headline(_ contest: Contest, _ run: ReportedRun) -> [Block] {
    let title = contest.network.title
    var blocks: [Block] = []
    if !contest.same.isEmpty {
      let same = contest.sameMeans
      let means = text(same, run)
      blocks.append(
        means.isEmpty
          ? .paragraph("**\(title), on the same layout:** no library shares six rounds or more with the lab.")
          : .paragraph(
            """
            **\(title), time of the best library on the same layout ÷ time of our best (geometric means; above 1, we are \
            faster): \(means).** \(worst(same, run))
            """))
    }
    let own = contest.ownMeans
    if !own.isEmpty {
      let kernels = contest.own.map(\.peer.replica.kernel).uniqued().sorted()
      let names = kernels.dropFirst().reduce(RichText.code(kernels[0])) { $0 + ", " + .code($1) }
      blocks.append(
        .paragraph(
          """
          \(title), the same of a library that chooses the layout of input and output (\(names)), against our best over \
          all layouts: \(text(own, run)). \(worst(own, run))
          """))
    }
    return blocks
  }

  /// The means, and where they are; empty if there are none.
  private func text(_ means: [PeerMean], _ run: ReportedRun) -> String {
    func text(_ mean: PeerMean) -> String { "\(mean.text) \(place(mean.layout, mean.setting, run))" }
    if means.count <= Self.quoted { return means.map(text).joined(separator: "; ") }
    let sorted = means.sorted { $0.mean.value < $1.mean.value }
    return "from \(text(sorted[0])) to \(text(sorted[sorted.count - 1]))"
  }

  private func worst(_ means: [PeerMean], _ run: ReportedRun) -> RichText {
    func value(_ duel: PeerDuel) -> Double { duel.ratio?.value ?? .infinity }
    guard let worst = means.map(\.worst).min(by: { value($0) < value($1) }) else { return "" }
    let place = place(worst.own.layout, RunAnalysis.Setting(worst.own), run)
    return "Worst layer: \(worst.text) on `\(worst.own.layer)` \(place)."
  }

  /// `in nchw on 2 threads`.
  private func place(_ layout: Layout?, _ setting: RunAnalysis.Setting, _ run: ReportedRun) -> String {
    (layout.map { "in \($0.rawValue) " } ?? "") + "on \(run.words(setting).joined(separator: ", "))"
  }

  // MARK: Tables

  private func tables(_ contest: Contest, _ run: ReportedRun) -> [Block] {
    let title = contest.network.title
    var blocks: [Block] = []
    if !contest.same.isEmpty {
      blocks += [.heading("Libraries on \(title), on the same layout"), .table(means(contest.sameMeans, run))]
      blocks += Block.limited(table(contest.same, run))
    }
    if !contest.own.isEmpty {
      blocks += [
        .heading("Libraries on \(title), in layouts of their own choice"), .table(means(contest.ownMeans, run)),
      ]
      blocks += Block.limited(table(contest.own, run))
    }
    return blocks
  }

  private func means(_ means: [PeerMean], _ run: ReportedRun) -> Table {
    let rows = means.map { mean -> [RichText] in
      [.text(mean.layout?.rawValue ?? "")] + run.cells(mean.setting)
        + [.text(mean.text), .code(mean.worst.own.layer)]
        + .text(
          mean.worst.text, "\(mean.duels.count { ($0.ratio?.lower ?? 1) > 1 })",
          "\(mean.duels.count { ($0.ratio?.upper ?? 1) < 1 })", "\(mean.duels.count) of \(mean.layers)")
    }
    let columns: [Table.Column] =
      [.optionalText("layout")] + ReportedRun.settingColumns + [
        .number("best library ÷ our best, geometric mean"), .text("worst layer"), .number("its library ÷ ours"),
        .number("layers we lead"), .number("layers a library leads"), .number("layers compared"),
      ]
    return Table(columns, rows: rows)
  }

  private func table(_ duels: [PeerDuel], _ run: ReportedRun) -> Table {
    let unit = run.timeUnit
    let rows = duels.map { duel -> [RichText] in
      [.code(duel.own.layer), .text(String(duel.own.count)), .text(duel.own.layout.rawValue)]
        + run.cells(RunAnalysis.Setting(duel.own)) + [
          run.name(duel.own), .text(unit.number(duel.own.timeMedian)), run.name(duel.peer),
          .text(unit.number(duel.peer.timeMedian)), .text(duel.text),
        ]
    }
    let columns: [Table.Column] =
      [.text("layer"), .number("count"), .text("layout")] + ReportedRun.settingColumns + [
        .text("our best"), .number("time (\(unit.rawValue))"), .text("best library"),
        .number("time (\(unit.rawValue))"), .number("library ÷ ours"),
      ]
    return Table(columns, rows: rows, cases: duels.map(\.own.caseKey))
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
}
