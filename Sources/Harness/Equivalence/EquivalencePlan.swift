import Kernels
public import Layers
public import Topology

/// What `pointwise equivalence` will check and measure: layers in all their forms, and heads.
public struct EquivalencePlan: Sendable {
  /// A layer and what is measured of it.
  public struct Subject: Sendable {
    /// The suite that lists it.
    public let suite: String
    /// Its forms.
    public let forms: EquivalentForms
    /// Kernels and teams.
    public let cases: [Case]
  }

  /// A head in one layout, and what is measured of it.
  public struct Head: Sendable {
    /// The head.
    public let head: SlidHead
    /// The layout of its maps.
    public let layout: Layout
    /// Kernels and teams.
    public let cases: [Case]
  }

  /// The layers, in the suites' order.
  public let subjects: [Subject]
  /// The heads.
  public let heads: [Head]

  /// Cases of all layers and heads.
  public var caseCount: Int {
    subjects.reduce(0) { $0 + $1.cases.count } + heads.reduce(0) { $0 + $1.cases.count }
  }

  /// The placements that occur, each once.
  public var placements: [Placement] {
    var seen: Set<Placement> = []
    return (subjects.flatMap(\.cases) + heads.flatMap(\.cases)).map(\.placement).filter { seen.insert($0).inserted }
  }

  /// Combines what the suites list with what `selection` asks for, as ``Plan`` does for a run. Caches are hot.
  ///
  /// - Parameter available: free memory in bytes, or nil if it is not known.
  /// - Throws: `PlanError` if something asked for does not exist, matches nothing, or does not fit the machine.
  public init(
    suites: [Suite], selection: Selection, heads: [SlidHead], machine: Machine, catalog: Catalog,
    availableMemory available: Int?
  ) throws(PlanError) {
    var selection = selection
    selection.caches = [.hot]
    let caches = CacheSizes(machine)
    func require(_ needed: Int, _ layer: String, _ location: SourceLocation) throws(PlanError) {
      if let available, needed > available {
        throw .memory(layer: layer, needed: needed, available: available, location)
      }
    }
    func layouts(_ suite: Suite?) -> [Layout] {
      let wanted = selection.layouts ?? suite?.axes.layout?.values ?? []
      let known: [Layout] = [.nhwc, .nchw]
      return wanted.isEmpty ? known : known.filter(wanted.contains)
    }

    var subjects: [Subject] = []
    let plan = try Plan(
      suites: suites, selection: selection, machine: machine, catalog: catalog, availableMemory: available)
    for suite in suites {
      for entry in suite.entries {
        let groups = plan.groups.filter { $0.suite == suite.name && $0.entry == entry }
        var seen: Set<String> = []
        // A kernel with a tile by hand may support one layout alone.
        let cases = groups.flatMap(\.cases).filter {
          $0.hasForms
            && seen.insert("\($0.variant) \($0.threads) \($0.placement.cpuList) \($0.placement.policy)").inserted
        }
        if cases.isEmpty { continue }
        let forms: EquivalentForms
        do { forms = try EquivalentForms(entry, layouts: layouts(suite)) } catch {
          throw .axis("layer", value: entry.descriptor, message: "\(error)", entry.location)
        }
        let largest =
          cases.map { item in
            forms.forms.reduce(
              FormKernel.memoryBytes(item.formKernel, forms.forms[0].layer, threads: item.threads, caches: caches)
            ) {
              $0 + FormKernel.memoryBytes(item.formKernel, $1.layer, threads: item.threads, caches: caches)
            }
          }.max() ?? 0
        try require(
          FormBuffers.memoryBytes(forms) + largest + Reference.memoryBytes(forms.forms[0].layer), entry.descriptor,
          entry.location)
        subjects.append(Subject(suite: suite.name, forms: forms, cases: cases))
      }
    }
    self.subjects = subjects

    var all: [Head] = []
    for head in heads {
      let location = SourceLocation(file: "--head \(head.name)", line: nil)
      try require(HeadTensors.memoryBytes(head), "the head", location)
      // Its last layer stands for all: kernels, teams and placements are those of any FC layer.
      let last = head.layers[head.layers.count - 1]
      let suite = Suite(
        name: "head-\(head.name)", description: nil, file: "",
        entries: [Suite.Entry(op: .fc, shape: last.shape, network: head.name, location: location)],
        axes: suites.first?.axes ?? Suite.Axes(), precision: nil, maxTime: nil, skipped: [], notes: [])
      var choice = selection
      choice.layers = nil
      let cases = try Plan(
        suites: [suite], selection: choice, machine: machine, catalog: catalog, availableMemory: available
      ).groups.flatMap(\.cases)
      for layout in layouts(suites.first) {
        let kept = cases.filter { $0.hasForms && $0.formKernel.tile == nil }
        if !kept.isEmpty { all.append(Head(head: head, layout: layout, cases: kept)) }
      }
    }
    self.heads = all
  }
}
