import Layers
import Results
import Statistics

/// Duels over the layers of a network in one layout and setting, or in one setting over all layouts.
struct PeerMean {
  /// The layout of all duels; nil if each layer has the one in which the lab was fastest.
  let layout: Layout?
  let setting: RunAnalysis.Setting
  /// The geometric mean of the ratios, each as often as the network runs the layer.
  let mean: RatioEstimate
  /// The duel with the smallest ratio: the layer on which the lab loses most, or wins least.
  let worst: PeerDuel
  /// Those that count: the duels with a ratio.
  let duels: [PeerDuel]
  /// How many layers the network has there.
  let layers: Int

  /// Nil if no duel has a ratio.
  private init?(_ duels: [PeerDuel], _ layout: Layout?, _ setting: RunAnalysis.Setting, layers: Int) {
    let known = duels.compactMap { duel in duel.ratio.map { (duel: duel, ratio: $0) } }
    let weights = known.map { Double($0.duel.own.count) }
    guard let mean = geometricMean(ratios: known.map(\.ratio), weights: weights),
      let worst = known.min(by: { $0.ratio.value < $1.ratio.value })
    else { return nil }
    self.duels = known.map(\.duel)
    self.layout = layout
    self.setting = setting
    self.mean = mean
    self.worst = worst.duel
    self.layers = layers
  }

  /// A mean for each layout and setting that has one.
  static func onSameLayout(_ duels: [PeerDuel], _ network: RunAnalysis.Network) -> [PeerMean] {
    Layout.allCases.flatMap { layout in
      network.settings.compactMap { setting in
        PeerMean(
          duels.filter { $0.own.layout == layout && RunAnalysis.Setting($0.own) == setting }, layout, setting,
          layers: network.layers.count { !$0.rows(layout, setting).isEmpty })
      }
    }
  }

  /// A mean for each setting that has one.
  static func onOwnLayout(_ duels: [PeerDuel], _ network: RunAnalysis.Network) -> [PeerMean] {
    network.settings.compactMap { setting in
      PeerMean(
        duels.filter { RunAnalysis.Setting($0.own) == setting }, nil, setting,
        layers: network.layers.count { layer in layer.layouts.contains { !layer.rows($0, setting).isEmpty } })
    }
  }

  /// The mean for people: `≈1.23× (1.20–1.26)`.
  var text: String { Format.interval(mean, isDoubtful: duels.contains(where: \.isDoubtful)) }
}
