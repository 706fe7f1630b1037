import ArgumentParser
import Harness
import Kernels
import Layers
import Results
import Teams
import Topology

/// What `pointwise predict` says of the layers of suites.
struct Forecast {
  /// A layer with a kernel, a split and a placement.
  struct Entry: Encodable {
    var network: String
    var layer: String
    var name: String?
    var layout: Layout
    var kernel: String
    var isa: ISA
    var threads: Int
    var places: String
    var bind: String
    /// The CPUs in the order of the threads, separated by spaces; empty if they are not pinned.
    var cpus: String
    var split: Split
    var gflops: Double
    var prediction: Prediction
    /// Whether this is the split to take: no other is faster.
    var isBest = false
  }

  /// All of them, in the order of the suites.
  let entries: [Entry]
  /// The machine in words.
  let machine: String
  /// Multiply-adds of one core, in GFLOP/s, for one thread.
  let rates: MachineRates

  /// Predicts what `command` asks for.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ command: PredictCommand) throws {
    let source = try command.ceilings.peaks.map { folder in try MeasuredCeilings(folder) }
    let machine: Machine
    if let topology = command.topology {
      machine = try topologyOrExit(topology).machine
    } else {
      machine = try source?.machine ?? topologyOrExit(nil).machine
    }
    let hasL3 = machine.caches.contains { $0.level == 3 }
    let given = source == nil ? try command.ceilings.rates(hasL3: hasL3) : nil
    var selection = Selection(command.selection)
    selection.kernels = selection.kernels ?? ["packed"]
    selection.splits = selection.splits ?? [.channels, .pixels, .grid, .reduction]
    selection.places = command.placement.places?.values
    selection.binds = command.placement.bind?.values
    selection.policy = command.placement.commonPolicy
    selection.environment = try command.placement.announcedEnvironment()
    let suites = try loadSuites(command.suites.isEmpty ? [BenchmarksFolder.defaultSuite] : command.suites)
    let plan: Plan
    do {
      plan = try Plan(
        suites: suites, selection: selection, machine: machine, catalog: Catalog.current(), availableMemory: nil)
    } catch {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    }
    let efficiency = command.ceilings.kernelEfficiency.map { $0 / 100 }
    var entries: [Entry] = []
    for group in plan.groups {
      var groupEntries: [Entry] = []
      for item in group.cases {
        guard let kernel = item.kernel else { continue }
        let rates = try given ?? source!.rates(item, machine)
        let cpus = item.placement.assignments.compactMap(\.cpu)
        let predictor = Predictor(machine, rates, threads: item.threads, cpus: cpus, efficiency: efficiency)
        guard let prediction = predictor.prediction(group.layer, kernel, item.split) else {
          throw Exit.failure(
            "the kernel \(kernel.name) does not count its work; expected --kernel-efficiency, or --kernel packed",
            Exit.usage)
        }
        let policy = item.placement.policy
        groupEntries.append(
          Entry(
            network: group.entry.network, layer: group.layer.descriptor, name: group.entry.name,
            layout: group.layer.layout, kernel: kernel.name, isa: kernel.isa, threads: item.threads,
            places: "\(policy.places)", bind: policy.bind.rawValue, cpus: item.placement.cpuList, split: item.split,
            gflops: group.layer.flops / prediction.nanoseconds, prediction: prediction))
      }
      // Of several as fast, the first: the simplest split.
      for (_, indices) in Dictionary(grouping: groupEntries.indices, by: { groupEntries[$0].setting }) {
        let best = indices.min {
          groupEntries[$0].prediction.nanoseconds < groupEntries[$1].prediction.nanoseconds
        }
        if let best { groupEntries[best].isBest = true }
      }
      entries += groupEntries
    }
    self.entries = entries
    self.machine = "\(machine.origin): \(machine.inventory)"
    guard let first = plan.groups.first?.cases.first else {
      throw Exit.failure("no layer is left to predict; expected a kernel and a split that suit one", Exit.usage)
    }
    rates = try given ?? source!.rates(first, machine)
  }
}

extension Forecast.Entry {
  /// What entries share that differ in their split alone.
  var setting: [String] { [kernel, isa.rawValue, "\(threads)", places, bind] }
}

/// The ceilings in a run folder, and the machine that they were measured on.
private struct MeasuredCeilings {
  let folder: String
  let peaks: [Peaks]
  let machine: Machine

  init(_ folder: String) throws {
    self.folder = folder
    let manifest = try readRun(folder).manifest
    guard let peaks: [Peaks] = RunPredictions.decode(manifest.peaks), !peaks.isEmpty,
      let machine: Machine = RunPredictions.decode(manifest.environment.machine)
    else {
      throw Exit.failure(
        "\(folder)/\(RunFolder.File.manifest): expected the ceilings ('peaks') and the machine of a run", Exit.data)
    }
    self.peaks = peaks
    self.machine = machine
  }

  /// The rates of the case, if it were run on `target`.
  func rates(_ item: Case, _ target: Machine) throws -> MachineRates {
    guard
      let rates = MachineRates(
        peaks, isa: item.contender.probeISA, threads: item.threads, cpus: item.placement.cpuList, team: item.team,
        on: machine)
    else {
      throw Exit.failure(
        "\(folder)/\(RunFolder.File.manifest): its ceilings lack the multiply-adds of \(item.contender.isa), or a "
          + "fork and join; expected those that 'pointwise run' records", Exit.data)
    }
    return rates
  }
}
