import Foundation
import Harness
import Kernels
import Layers
import Reports
import Results
import Topology

extension TuningEntry.Machine {
  /// This machine, as far as it decides what is fastest.
  init(_ environment: Environment, _ machine: Machine) {
    let caches = CacheSizes(machine)
    self.init(cpu: environment.cpuModel, l1d: caches.l1d, l2: caches.l2, l3: caches.l3)
  }
}

extension TuningEntry {
  /// What tuning found on `machine`, now.
  init(_ result: TuningResult, machine: Machine) {
    let task = result.task
    let policy = task.model.placement.policy
    func choice(_ candidate: TuningCandidate, _ nanoseconds: Double) -> Choice {
      Choice(
        tile: candidate.tile.map { "\($0)" }, split: candidate.split.rawValue, nanoseconds: nanoseconds)
    }
    self.init(
      key: Key(
        machine: machine, kernel: task.key.kernel, isa: task.key.isa.rawValue, threads: task.key.threads,
        layer: task.key.layer, layout: task.key.layout),
      model: choice(result.model, result.modelNanoseconds),
      winner: result.winner.map {
        Winner(
          choice: choice($0.candidate, $0.nanoseconds), ratio: $0.ratio.value, ratioLow: $0.ratio.lower,
          ratioHigh: $0.ratio.upper)
      },
      origin: Origin(
        date: Date(), version: Pointwise.configuration.version, team: task.model.team.rawValue,
        places: "\(policy.places)", bind: policy.bind.rawValue, candidates: result.candidates))
  }

  /// What it holds for, in the words of a plan; nil if this version does not know the ISA.
  var tuningKey: TuningKey? {
    ISA(rawValue: key.isa).map {
      TuningKey(kernel: key.kernel, isa: $0, threads: key.threads, layer: key.layer, layout: key.layout)
    }
  }

  /// What a run does with it; nil if this version has no such tile or split.
  func tunedChoice(_ catalog: Catalog) -> TunedChoice? {
    guard let winner else {
      return TunedChoice(tile: nil, split: key.threads == 1 ? .none : .auto, remark: remark)
    }
    guard let split = Split(rawValue: winner.choice.split) else { return nil }
    guard let text = winner.choice.tile else { return TunedChoice(tile: nil, split: split, remark: remark) }
    let kernel = catalog.kernels.first { $0.name == key.kernel && $0.isa.rawValue == key.isa }
    guard let tile = kernel?.handPicked.compactMap(\.tile).first(where: { "\($0)" == text }) else { return nil }
    return TunedChoice(tile: tile, split: split, remark: remark)
  }

  /// Which tile and split were tuned, and when.
  private var remark: String {
    let day = origin.date.formatted(.iso8601.year().month().day())
    let words = model.words(threads: key.threads)
    guard let winner else { return "tuned on \(day): the model's choice, \(words), was not beaten" }
    return
      "tuned on \(day): \(winner.choice.words(threads: key.threads)), \(Format.number(winner.gainPercent)) % faster than "
      + "the model's \(words)"
  }
}

extension TuningEntry.Choice {
  /// Such as `tile p14x2 by channels`, or on several threads of which one computes, `tile p14x2 on one thread`.
  func words(threads: Int) -> String {
    (tile.map { "tile \($0)" } ?? "loops without a tile")
      + (split != "none" ? " by \(split)" : threads > 1 ? " on one thread" : "")
  }

  /// The same for a cell of a table, such as `p14x2, channels`.
  func cell(threads: Int) -> String { (tile ?? "–") + (threads > 1 ? ", \(split)" : "") }
}

extension TuningEntry.Winner {
  /// How much faster it is than the model's choice, in percent of the model's speed.
  var gainPercent: Double { 100 * (1 / ratio - 1) }
  /// The 95 % interval of ``gainPercent``.
  var gainInterval: ClosedRange<Double> { 100 * (1 / ratioHigh - 1)...100 * (1 / ratioLow - 1) }
}

/// What a tuning cache has for this machine.
struct TunedEntries {
  let cache: TuningCache
  let machine: TuningEntry.Machine
  /// Its entries of this machine, in the order of the file.
  let entries: [TuningEntry]

  /// Reads `cache`.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ cache: TuningCache, _ machine: TuningEntry.Machine) throws {
    self.cache = cache
    self.machine = machine
    entries = try withTuningCache { () throws(ResultsError) in try cache.entries() }.filter {
      $0.key.machine == machine
    }
  }

  /// What runs do with them. An entry that this version cannot carry out is left out, like one that is not there.
  func choices(_ catalog: Catalog) -> [TuningKey: TunedChoice] {
    var choices: [TuningKey: TunedChoice] = [:]
    for entry in entries {
      if let key = entry.tuningKey, let choice = entry.tunedChoice(catalog) { choices[key] = choice }
    }
    return choices
  }

  /// What was asked for of tuned kernels and is not there, in one sentence with the command that gets it; nil if nothing
  /// is missing.
  ///
  /// - Parameter suites: the suites of the run, as they were given.
  func note(of plan: Plan, suites: [String]) -> String? {
    if plan.untuned.isEmpty { return nil }
    struct Part: Hashable {
      let layer: String
      let layout: Layout
    }
    let missing = Set(plan.untuned.map { Part(layer: $0.layer, layout: $0.layout) })
    let all = missing.union(plan.groups.map { Part(layer: $0.layer.descriptor, layout: $0.layer.layout) })
    let threads = Set(plan.untuned.map(\.threads)).sorted().map(String.init).joined(separator: ",")
    let isas = Set(plan.untuned.map(\.isa)).sorted().map(\.rawValue).joined(separator: ",")
    let command = ["pointwise", "tune"] + suites + ["--threads", threads, "--isa", isas]
    return
      "Note: \(missing.count) of \(all.count) layers (each layout counts) have no tuned entry for \(threads) threads in "
      + "\(cache.path), and so no row of a tuned kernel there; to get them: "
      + (command.map(shellQuoted) + cacheFlag).joined(separator: " ")
  }

  private var cacheFlag: [String] {
    TuningCache.standardPath(ProcessInfo.processInfo.environment) == cache.path
      ? [] : ["--cache-file", shellQuoted(cache.path)]
  }
}
