public import Kernels
import Layers
import Teams
public import Topology

/// Everything that a run will measure, in its order, before anything is measured.
public struct Plan: Sendable {
  /// The layers, in the suites' order, each layout on its own.
  public let groups: [CaseGroup]

  /// Cases of all groups.
  public var caseCount: Int { groups.reduce(0) { $0 + $1.cases.count } }

  /// Policies that put threads where another one does, and were left out for it.
  public let duplicates: [Duplicate]

  /// What tuned kernels were asked for on, but tuning has not chosen: each once, in the order of the layers.
  public let untuned: [TuningKey]

  /// A placement that is not measured, because another policy puts the threads on the same CPUs in the same order.
  public struct Duplicate: Sendable, Hashable {
    /// The policy that is left out.
    public let policy: PlacementPolicy
    /// The policy that is measured in its place.
    public let kept: PlacementPolicy
    /// The number of threads.
    public let threads: Int
  }

  /// The placements that occur, each once, in the order in which they are first used.
  public var placements: [Placement] {
    var seen: Set<Placement> = []
    return groups.flatMap(\.cases).map(\.placement).filter { seen.insert($0).inserted }
  }

  /// Combines what the suites list with what `selection` asks for.
  ///
  /// The command line wins over a suite's axis, and that over the default. On one thread every split is the whole layer,
  /// so a kernel has one case there a placement, whose split is called `none`. Where no split was asked for, a layer with
  /// hot caches that `auto` gives to fewer workers than there are has that case too. Placements that come to the same CPUs
  /// are one, and ``duplicates`` has the others. The team `dispatch-apply` is never pinned: it has no placement to vary.
  ///
  /// - Parameters:
  ///   - available: free memory in bytes, or nil if it is not known.
  /// - Throws: `PlanError` if something asked for does not exist, matches nothing, or does not fit the machine.
  public init(
    suites: [Suite], selection: Selection, machine: Machine, catalog: Catalog, availableMemory available: Int?
  ) throws(PlanError) {
    var groups: [CaseGroup] = []
    var duplicates: [Duplicate] = []
    var untuned: [TuningKey] = []
    let caches = CacheSizes(machine)
    for suite in suites {
      let cases = try Self.cases(suite, selection, machine, catalog, &duplicates)
      let layouts = selection.layouts ?? suite.axes.layout?.values
      let hasSplits = selection.splits != nil || suite.axes.split != nil
      for entry in suite.entries {
        guard selection.layers?.contains(where: { entry.matches($0) }) ?? true else { continue }
        for layout in Layout.applicable(to: entry.op) {
          // A choice of layouts is one of convolutions' layouts; a fully connected layer has but one.
          if entry.op == .conv1x1, let layouts, !layouts.contains(layout) { continue }
          for part in try Self.scaled(entry, cases, selection.scalings) {
            let layer: Layer
            do { layer = try part.entry.layer(layout: layout) } catch {
              if part.entry.shape == entry.shape {
                preconditionFailure("an entry's dimensions are checked when it is read: \(error)")
              }
              throw .flag(
                "--scaling", value: Scaling.weak.rawValue, message: "\(entry.descriptor) grows too large: \(error)")
            }
            let problem = Problem(layer, caches: caches)
            let group = CaseGroup(
              suite: suite.name, entry: part.entry, layer: layer,
              cases: Self.tuned(part.cases, layer, caches, selection.tuned, &untuned).filter {
                $0.contender.supports(problem) && $0.split.suits(problem, threads: $0.threads)
                  && (hasSplits || $0.isUsual(for: problem, isTuned: selection.tuned != nil))
              })
            let needed = group.memoryBytes(coldBytes: machine.coldBytes, caches: caches)
            if let available, needed > available {
              throw .memory(layer: part.entry.descriptor, needed: needed, available: available, entry.location)
            }
            groups.append(group)
          }
        }
      }
    }
    for pattern in selection.layers ?? [] where !suites.contains(where: { $0.entries.contains { $0.matches(pattern) } })
    {
      throw .flag(
        "--layer", value: pattern,
        message: "no layer of \(suites.map(\.name).joined(separator: ", ")) has such a descriptor or name")
    }
    self.groups = groups.filter { !$0.cases.isEmpty }
    self.duplicates = duplicates
    var seen: Set<TuningKey> = []
    self.untuned = untuned.filter { seen.insert($0).inserted }
  }

  /// The cases with what tuning chose for each tuned kernel; those that it has nothing for are left out, and their keys
  /// join `untuned`.
  private static func tuned(
    _ cases: [Case], _ layer: Layer, _ caches: CacheSizes, _ choices: [TuningKey: TunedChoice]?,
    _ untuned: inout [TuningKey]
  ) -> [Case] {
    guard let choices else { return cases }
    let problem = Problem(layer, caches: caches)
    return cases.compactMap { item in
      guard let kernel = item.kernel, kernel.isTuned else { return item }
      let key = TuningKey(kernel, layer, threads: item.threads)
      guard let choice = choices[key], choice.suits(kernel, problem, threads: item.threads) else {
        untuned.append(key)
        return nil
      }
      return item.with(choice, kernel)
    }
  }

  /// An entry with its cases, and with its minibatch multiplied by each number of threads with the cases of just these.
  /// Weak scaling alone leaves the cases of one thread, with which it is compared.
  private static func scaled(
    _ entry: Suite.Entry, _ cases: [Case], _ scalings: [Scaling]
  ) throws(PlanError) -> [(entry: Suite.Entry, cases: [Case])] {
    let isStrong = scalings.contains(.strong)
    var parts = [(entry: entry, cases: isStrong ? cases : cases.filter { $0.threads == 1 })]
    guard scalings.contains(.weak) else { return parts }
    if entry.tensors != nil {
      throw .flag(
        "--scaling", value: Scaling.weak.rawValue,
        message: "\(entry.descriptor) has tensors of its own, which cannot grow; expected strong")
    }
    for threads in Set(cases.map(\.threads)).sorted() where threads > 1 {
      parts.append((entry.times(threads), cases.filter { $0.threads == threads }))
    }
    return parts
  }

  /// The cases for which `isIncluded` holds; a layer of which none is left goes too.
  public func filter(_ isIncluded: (CaseGroup, Case) -> Bool) -> Plan {
    Plan(
      groups: groups.map { group in
        CaseGroup(
          suite: group.suite, entry: group.entry, layer: group.layer,
          cases: group.cases.filter { isIncluded(group, $0) })
      }.filter { !$0.cases.isEmpty }, duplicates: duplicates, untuned: untuned)
  }

  private init(groups: [CaseGroup], duplicates: [Duplicate], untuned: [TuningKey]) {
    self.groups = groups
    self.duplicates = duplicates
    self.untuned = untuned
  }

  /// Every combination of kernel, thread count, placement, split and team that `suite` and `selection` ask for.
  private static func cases(
    _ suite: Suite, _ selection: Selection, _ machine: Machine, _ catalog: Catalog, _ duplicates: inout [Duplicate]
  ) throws(PlanError) -> [Case] {
    let kernels = try kernels(suite, selection, catalog)
    let splits = try chosen(selection.splits, suite.axes.split, "split") ?? Split.usual + [.auto]
    let teams = try chosen(selection.teams, suite.axes.team, "team")
    let caches = try chosen(selection.caches, suite.axes.cache, "cache") ?? [.hot]
    let placements = try placements(suite, selection, machine)

    var cases: [Case] = []
    for contender in kernels.map(Contender.kernel) + selection.peers.map(Contender.peer) {
      for team in contender.teams(teams) {
        var seen: [[Int?]: PlacementPolicy] = [:]
        for pinned in placements {
          let placement = team.isPinned ? pinned : try unpinned(pinned, machine)
          let cpus = placement.assignments.map(\.cpu)
          if let kept = seen[cpus] {
            let duplicate = Duplicate(policy: placement.policy, kept: kept, threads: placement.threads)
            if team.isPinned, !duplicates.contains(duplicate) { duplicates.append(duplicate) }
            continue
          }
          seen[cpus] = placement.policy
          let dividing = contender.dividing(splits, isTuned: selection.tuned != nil)
          for split in contender.splits(dividing, team, threads: placement.threads) {
            for cache in caches {
              for replica in 1...selection.replicates {
                cases.append(
                  Case(
                    contender, split: split, team: team, placement: placement, cache: cache, replica: replica))
              }
            }
          }
        }
      }
    }
    if cases.isEmpty, let teams, teams.allSatisfy({ $0 == .library }) {
      throw .flag(
        "--team", value: teams.map(\.rawValue).joined(separator: ","),
        message: "only a vendor library has it; expected dispatch or dispatch-apply, or a library that --peer finds")
    }
    if cases.isEmpty {
      throw .flag(
        "--split", value: splits.map(\.rawValue).joined(separator: ","),
        message: "more than one thread needs a split that divides the work: channels, pixels, grid, reduction or auto")
    }
    return cases
  }

  /// The kernels that `selection` asks for, or else the suite, or else all of the widest ISA.
  ///
  /// - Throws: `PlanError` if a pattern matches no kernel, the CPU lacks an ISA, or no kernel is left.
  public static func kernels(
    _ suite: Suite?, _ selection: Selection, _ catalog: Catalog
  ) throws(PlanError) -> [Kernel] {
    let example = catalog.kernels.last { !$0.tiles.isEmpty }.map { ", or a tile such as \($0.handPicked[0].name)" }
    let expected = "expected a pattern that matches one of \(catalog.names.joined(separator: ", "))\(example ?? "")"
    let isTuned = selection.tuned != nil
    func matching(_ pattern: String) -> [Kernel] { catalog.kernels(matching: pattern, tuned: isTuned) }
    for (flag, patterns) in [("--kernel", selection.kernels), ("--skip-kernel", selection.skippedKernels)] {
      for pattern in patterns ?? [] where matching(pattern).isEmpty {
        let isKnown = !catalog.kernels(matching: pattern, tuned: true).isEmpty
        throw .flag(
          flag, value: pattern,
          message: isKnown ? "tuned kernels take part where --tuned is given; \(expected)" : expected)
      }
    }
    for (axis, values) in [("kernel", suite?.axes.kernel), ("skip-kernel", suite?.axes.skipKernel)] {
      for pattern in values?.values ?? [] where matching(pattern).isEmpty {
        throw .axis(axis, value: pattern, message: expected, values!.location)
      }
    }
    let isas = try chosen(selection.isas, suite?.axes.isa, "isa")
    let executable = catalog.isas.map(\.rawValue).joined(separator: ", ")
    for isa in isas ?? [] where !catalog.isas.contains(isa) {
      let message = "this CPU does not execute it; it executes \(executable)"
      if selection.isas == nil, let location = suite?.axes.isa?.location {
        throw .axis("isa", value: isa.rawValue, message: message, location)
      }
      throw .flag("--isa", value: isa.rawValue, message: message)
    }
    let wanted = isas ?? catalog.isas.suffix(1)
    let patterns = selection.kernels ?? suite?.axes.kernel?.values ?? ["*"]
    let skipped = selection.skippedKernels ?? suite?.axes.skipKernel?.values ?? []
    func identifiers(_ patterns: [String]) -> Set<String> {
      Set(patterns.flatMap(matching).map(\.identifier))
    }
    // The tuned one comes with its kernel, unless it is left out by its own name.
    let asked = identifiers(patterns)
    let companions = isTuned ? catalog.kernels.filter { asked.contains($0.identifier) && !$0.tiles.isEmpty } : []
    let chosen = asked.union(companions.map { $0.tuned(to: nil).identifier }).subtracting(identifiers(skipped))
    let kernels = (catalog.withTilesByHand + catalog.tuned)
      .filter { wanted.contains($0.isa) && chosen.contains($0.identifier) }
    if kernels.isEmpty {
      throw .flag(
        "--skip-kernel", value: skipped.joined(separator: ","), message: "no kernel is left; \(expected)")
    }
    return kernels
  }

  private static func placements(
    _ suite: Suite, _ selection: Selection, _ machine: Machine
  ) throws(PlanError) -> [Placement] {
    let places = try chosen(selection.places, suite.axes.places) { text throws(PlacementError) in try .init(text) }
    let binds = try chosen(selection.binds, suite.axes.bind) { text throws(PlacementError) in try .init(text) }
    let counts = try chosen(selection.threads.map { [$0] }, suite.axes.threads) { text throws(PlacementError) in
      try ThreadCounts(text)
    }

    var placements: [Placement] = []
    do throws(PlacementError) {
      for place in places ?? [selection.environment?.places ?? .cores] {
        for bind in binds ?? [selection.environment?.bind ?? .close] {
          var policy = selection.policy
          policy.places = place
          if places == nil { policy.smt = policy.smt ?? selection.environment?.smt(on: machine) }
          policy.bind = bind
          let capacity = try policy.capacity(on: machine)
          for count in (counts ?? [.oneAndAll]).flatMap({ $0.counts(capacity: capacity) }) {
            let placement = try policy.resolve(threads: count, on: machine)
            if !placements.contains(placement) { placements.append(placement) }
          }
        }
      }
    } catch {
      let isFlag = selection.threads != nil || suite.axes.threads == nil
      throw .placement(error, isFlag ? nil : suite.axes.threads?.location)
    }
    return placements.sorted { $0.threads < $1.threads }
  }

  /// The same number of threads without a binding.
  private static func unpinned(_ placement: Placement, _ machine: Machine) throws(PlanError) -> Placement {
    var policy = placement.policy
    policy.bind = .none
    do throws(PlacementError) { return try policy.resolve(threads: placement.threads, on: machine) } catch {
      throw .placement(error, nil)
    }
  }

  /// The command line's values, or else those of the suite's axis, or else nil.
  private static func chosen<Value: RawRepresentable<String> & CaseIterable>(
    _ flag: [Value]?, _ axis: Suite.Axis<String>?, _ name: String
  ) throws(PlanError) -> [Value]? {
    guard flag == nil, let axis else { return flag }
    var values: [Value] = []
    for text in axis.values {
      guard let value = Value(rawValue: text) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw .axis(name, value: text, message: "expected one of \(known)", axis.location)
      }
      values.append(value)
    }
    return values
  }

  /// The same for words of the placement's vocabulary, whose errors name their axis themselves.
  private static func chosen<Value>(
    _ flag: [Value]?, _ axis: Suite.Axis<String>?, _ parse: (String) throws(PlacementError) -> Value
  ) throws(PlanError) -> [Value]? {
    guard flag == nil, let axis else { return flag }
    var values: [Value] = []
    for text in axis.values {
      do throws(PlacementError) { values.append(try parse(text)) } catch { throw .placement(error, axis.location) }
    }
    return values
  }
}

extension Case {
  /// Whether it is measured where no split was asked for: one of the usual splits, a tuned kernel or the model's choice
  /// beside it, or `auto` where it does what no other split does.
  fileprivate func isUsual(for problem: Problem, isTuned: Bool) -> Bool {
    guard split == .auto, let kernel, !kernel.isTuned, contender.dividing([], isTuned: isTuned).isEmpty else {
      return true
    }
    return cache == .hot && split.division(of: problem, for: kernel, threads: threads).threads < threads
  }
}

extension Suite.Entry {
  /// The entry with `count` times its minibatch, in a network whose name says so.
  func times(_ count: Int) -> Suite.Entry {
    var shape = shape
    shape.mb *= count
    return Suite.Entry(
      op: op, shape: shape, network: Scaling.name(of: network, times: count), name: name, count: self.count, bias: bias,
      activation: activation, location: location)
  }

  /// Whether a glob pattern matches the layer's descriptor or its name.
  func matches(_ pattern: String) -> Bool {
    Glob.matches(descriptor, pattern) || name.map { Glob.matches($0, pattern) } ?? false
  }
}
