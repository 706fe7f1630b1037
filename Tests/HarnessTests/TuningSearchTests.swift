import Kernels
import Layers
import RealModule
import Statistics
import Testing

@testable import Harness

/// The search for a winner on simulated times: no clock, no threads.
@Suite struct TuningSearchTests {
  /// Candidates whose true times are known, measured with noise and a drift that a round's cases share.
  private final class Machine {
    /// True time ÷ that of the model's choice.
    var factors: [TuningCandidate: Double]
    var noise = 0.01
    /// Rounds of each stage.
    var rounds: [TuningSearch.Stage: Int] = [.sieve: 10, .final: 30, .confirmation: 30]
    /// Factors of the final alone: luck that does not come again.
    var luck: [TuningCandidate: Double] = [:]
    private(set) var log: [(stage: TuningSearch.Stage, candidates: [TuningCandidate])] = []
    private var generator: SeededGenerator

    init(_ factors: [TuningCandidate: Double], seed: UInt64) {
      self.factors = factors
      generator = SeededGenerator(seed: seed, stream: 0)
    }

    func measure(_ stage: TuningSearch.Stage, _ candidates: [TuningCandidate]) -> [TuningTrial] {
      log.append((stage, candidates))
      let count = rounds[stage] ?? 0
      let drift = (0..<count).map { 1 + 0.5 * Double.sin(Double($0)) }
      func times(_ factor: Double) -> [PairedRatio.Sample] {
        (0..<count).map {
          PairedRatio.Sample(round: $0, time: 1000 * factor * drift[$0] * .exp(noise * generator.normal()))
        }
      }
      let model = times(1)
      return candidates.compactMap { candidate in
        let factor = (factors[candidate] ?? 1.5) * (stage == .final ? luck[candidate] ?? 1 : 1)
        return PairedRatio(times(factor), over: model).map {
          TuningTrial(
            candidate: candidate, ratio: $0.estimate, nanoseconds: 1000 * factor, modelNanoseconds: 1000)
        }
      }
    }

    func winner(_ tiles: [TuningCandidate], splits: [Split] = []) throws -> TuningTrial? {
      let split: Split = splits.isEmpty ? .none : .channels
      return try TuningSearch.winner(
        tiles: tiles, model: TuningCandidate(TuningSearchTests.tile(14, 2), split), splits: splits, measure)
    }
  }

  private static func tile(_ rows: Int, _ vectors: Int) -> TileChoice {
    TileChoice(TileShape(rows, vectors), rows: .pixels)
  }

  private static func candidates(_ count: Int, _ split: Split = .none) -> [TuningCandidate] {
    (1...count).map { TuningCandidate(tile($0, 1), split) }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func theFastestWins(_ seed: UInt64) throws {
    let tiles = Self.candidates(13)
    var factors = Dictionary(uniqueKeysWithValues: tiles.map { ($0, 1.3) })
    factors[tiles[4]] = 0.9
    factors[tiles[7]] = 0.97
    let machine = Machine(factors, seed: seed)
    let winner = try #require(try machine.winner(tiles), "seed \(seed)")
    #expect(winner.candidate == tiles[4], "seed \(seed)")
    #expect(winner.ratio.lower <= 0.91 && winner.ratio.upper >= 0.89, "seed \(seed): \(winner.ratio)")
    #expect(machine.log.map(\.stage) == [.sieve, .final, .confirmation], "seed \(seed)")
    // What is a third slower is not measured for long.
    #expect(machine.log[1].candidates.allSatisfy { (factors[$0] ?? 9) < 1 }, "seed \(seed)")
    #expect(machine.log[2].candidates == [tiles[4]], "seed \(seed)")
  }

  @Test func whatGainsTooLittleLosesToTheModel() throws {
    let tiles = Self.candidates(3)
    let machine = Machine([tiles[0]: 0.994, tiles[1]: 0.996, tiles[2]: 1.2], seed: 1)
    machine.noise = 0.0005
    #expect(try machine.winner(tiles) == nil)
    // Half a percent is beyond this noise, but not worth an entry of its own; without a promising final none is confirmed.
    #expect(machine.log.map(\.stage) == [.sieve, .final])
    machine.factors[tiles[0]] = 0.985
    #expect(try machine.winner(tiles)?.candidate == tiles[0])
  }

  @Test func luckInTheFinalIsNotConfirmed() throws {
    let tiles = Self.candidates(2)
    let machine = Machine([tiles[0]: 1, tiles[1]: 1], seed: 3)
    machine.luck[tiles[1]] = 0.9
    #expect(try machine.winner(tiles) == nil)
    #expect(machine.log.last?.stage == .confirmation && machine.log.last?.candidates == [tiles[1]])
  }

  @Test func equalCandidatesSeldomBeatTheModel() throws {
    let tiles = Self.candidates(20)
    var winners = 0
    for seed in 1...200 as ClosedRange<UInt64> {
      let machine = Machine(Dictionary(uniqueKeysWithValues: tiles.map { ($0, 1) }), seed: seed)
      machine.noise = 0.03
      if try machine.winner(tiles) != nil { winners += 1 }
    }
    // One in forty is below 1 by a 95 % interval, and the confirmation is not chosen among many.
    #expect(winners <= 10, "\(winners) of 200")
  }

  @Test func splitsAreTriedWithTheBestTilesAndTheModels() throws {
    let tiles = Self.candidates(6, .channels)
    let splits: [Split] = [.channels, .pixels, .grid]
    var factors = Dictionary(uniqueKeysWithValues: tiles.map { ($0, 1.4) })
    factors[tiles[2]] = 0.95
    factors[tiles[5]] = 0.97
    let best = TuningCandidate(tiles[5].tile, .grid)
    factors[best] = 0.8
    let machine = Machine(factors, seed: 5)
    #expect(try machine.winner(tiles, splits: splits)?.candidate == best)
    #expect(machine.log.map(\.stage) == [.sieve, .sieve, .final, .confirmation])
    let expected = [Self.tile(14, 2), Self.tile(3, 1), Self.tile(6, 1)].flatMap { tile -> [TuningCandidate] in
      [Split.pixels, .grid].map { TuningCandidate(tile, $0) }
    }
    #expect(Set(machine.log[1].candidates) == Set(expected) && machine.log[1].candidates.count == expected.count)
  }

  @Test func theModelsTileCanWinByAnotherSplit() throws {
    let best = TuningCandidate(Self.tile(14, 2), .reduction)
    let machine = Machine([best: 0.7], seed: 6)
    #expect(try machine.winner([], splits: [.channels, .reduction])?.candidate == best)
  }

  @Test func withoutCandidatesNothingIsMeasured() throws {
    let machine = Machine([:], seed: 7)
    #expect(try machine.winner([]) == nil)
    #expect(machine.log.isEmpty)
  }

  @Test func atMostFourAreInTheFinal() throws {
    let tiles = Self.candidates(14)
    let machine = Machine(Dictionary(uniqueKeysWithValues: tiles.map { ($0, 0.9) }), seed: 8)
    #expect(try machine.winner(tiles) != nil)
    #expect(machine.log[1].candidates.count == 4)
  }

  @Test func survivorsAreThoseThatAreNotClearlySlower() {
    func trial(_ rows: Int, _ lower: Double, _ upper: Double) -> TuningTrial {
      let times = [lower, lower, lower, (lower * upper).squareRoot(), upper, upper, upper]
      let ratio = PairedRatio(
        times.enumerated().map { .init(round: $0.offset, time: $0.element) },
        over: times.indices.map { .init(round: $0, time: 1) })!
      return TuningTrial(
        candidate: TuningCandidate(Self.tile(rows, 1), .none), ratio: ratio.estimate, nanoseconds: 1,
        modelNanoseconds: 1)
    }
    func rows(_ trials: [TuningTrial]) -> [Int] {
      TuningSearch.survivors(trials).map { $0.candidate.tile?.shape.rows ?? 0 }
    }
    #expect(rows([trial(1, 0.9, 0.95), trial(2, 0.94, 0.99), trial(3, 0.8, 0.92), trial(4, 0.96, 1.2)]) == [3, 1])
    // Overlaps with the best stay, however wide they are; what is slower than the model does not.
    #expect(rows([trial(1, 0.85, 1.3), trial(2, 0.86, 0.88)]) == [2, 1])
    #expect(rows([trial(1, 1.01, 1.02), trial(2, 1.02, 1.05)]).isEmpty)
    #expect(rows([trial(1, 0.99, 1.02), trial(2, 1.01, 1.05)]) == [1])
  }
}
