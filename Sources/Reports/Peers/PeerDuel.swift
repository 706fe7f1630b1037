import Layers
import Results
import Statistics

/// A layer in one setting with the lab's fastest variant and the fastest of the libraries that are compared with it, both
/// verified and measured in the same rounds. The fastest is that of the shortest median time.
struct PeerDuel {
  var own: Row
  var peer: Row
  /// The library's time ÷ the lab's, round by round; nil if they have too few rounds in common.
  var ratio: RatioEstimate?

  /// Whether the quality of a side is not valid.
  var isDoubtful: Bool { !own.doubt.isEmpty || !peer.doubt.isEmpty }

  /// The ratio, and what is known of it, for people: `≈1.23× (1.20–1.26)`.
  var text: String { ratio.map { Format.interval($0, isDoubtful: isDoubtful) } ?? Format.unknown }

  private init?(_ own: Row?, _ peer: Row?, _ samples: PairedSamples) {
    guard let own, let peer else { return nil }
    self.own = own
    self.peer = peer
    ratio = samples.ratio(peer.caseKey, over: own.caseKey)?.estimate
  }

  /// The duels on the same layout, layer by layer: those libraries alone that read and write the layout of the row.
  static func onSameLayout(_ network: RunAnalysis.Network, _ run: ReportedRun, _ samples: PairedSamples) -> [PeerDuel] {
    network.layers.flatMap { layer in
      layer.layouts.flatMap { layout in
        network.settings.compactMap { setting in
          let rows = layer.rows(layout, setting).filter(\.isMeasured)
          return PeerDuel(
            rows.first { !$0.isPeer }, rows.first { $0.isPeer && !run.usesOwnLayout($0) }, samples)
        }
      }
    }
  }

  /// The duels with libraries that choose the layout of input and output: against the lab's fastest variant over all
  /// layouts that the layer was measured in, a choice for a choice.
  ///
  /// The library's row is one of the layout in which the lab was fastest. It computes the same in every layout's rows,
  /// and only there has it rounds in common with the lab's best: rounds of two layouts have the same numbers, but were
  /// measured one after the other. Where the layouts are a draw, luck helps to choose the lab's row and not the
  /// library's: the library's fastest row of either layout lowers the mean by 0.6 to 0.7 % (one run of ResNet-50).
  static func onOwnLayout(_ network: RunAnalysis.Network, _ run: ReportedRun, _ samples: PairedSamples) -> [PeerDuel] {
    network.layers.flatMap { layer in
      network.settings.compactMap { setting in
        let own = layer.ranked.first {
          $0.isMeasured && !$0.isPeer && RunAnalysis.Setting($0) == setting
        }
        let peer = own.flatMap { own in
          layer.rows(own.layout, setting).first { $0.isMeasured && $0.isPeer && run.usesOwnLayout($0) }
        }
        return PeerDuel(own, peer, samples)
      }
    }
  }
}
