/// A machine as hwloc sees it, as plain values.
///
/// # The Topology module
///
/// The module answers three questions, in this order, and is the only one that knows hwloc:
///
/// 1. *What is the machine?* ``HwlocTopology`` asks hwloc once, before any thread exists, and copies what it says into
///    a `Machine`: packages, NUMA nodes, caches, cores, PUs and core kinds. From then on a machine is a value: it can be
///    compared, encoded, built by hand in a test, or loaded from the XML file or synthetic description of another one.
/// 2. *Which thread goes where?* A ``PlacementPolicy`` resolves a number of threads on a machine into a ``Placement``.
///    That is a pure function: the same policy, number and machine give the same table everywhere.
/// 3. *Does it hold?* ``HwlocTopology/bindCurrentThread(to:)`` binds a thread, asks the kernel, and throws if the kernel
///    disagrees. It refuses when the machine is not this one: hwloc would report success and bind nothing.
///
/// ``CPUFeatures`` says what the CPU executes. Which kernels that allows is decided elsewhere.
///
/// CPUs are called by the operating system's index wherever the kernel or the user names them (``CPUSet``,
/// ``PU/osIndex``), and ordered by hwloc's logical index wherever the lab chooses: logical neighbours are neighbours in
/// hardware, while operating systems number CPUs as they please.
public struct Machine: Hashable, Sendable, Codable {
  /// Where the description came from.
  public enum Source: Hashable, Sendable, Codable {
    /// Asked of the system this process runs on.
    case thisSystem
    /// Read from a file in hwloc's XML format.
    case xml(path: String)
    /// Made from a synthetic description, such as `package:2 core:4 pu:2`.
    case synthetic(description: String)
  }

  /// A package (socket).
  public struct Package: Hashable, Sendable, Codable {
    /// The logical index.
    public var index: Int
    /// The operating system's index, or nil when it has none.
    public var osIndex: Int?
    /// The CPUs of the package; empty when none of them may be used.
    public var cpus: CPUSet

    /// A package.
    public init(index: Int, osIndex: Int?, cpus: CPUSet) {
      self.index = index
      self.osIndex = osIndex
      self.cpus = cpus
    }
  }

  /// A NUMA node.
  public struct NUMANode: Hashable, Sendable, Codable {
    /// The logical index.
    public var index: Int
    /// The operating system's index, or nil when it has none.
    public var osIndex: Int?
    /// The node's memory in bytes, or nil when unknown.
    public var memory: UInt64?
    /// The CPUs that are local to the node, as hwloc says. Nodes without CPUs of their own (memory expanders, or nodes
    /// whose CPUs may not be used) have an empty set, or all CPUs of the object that they are attached to. Which node a
    /// PU belongs to is told by ``PU/numaNode``.
    public var cpus: CPUSet

    /// A NUMA node.
    public init(index: Int, osIndex: Int?, memory: UInt64?, cpus: CPUSet) {
      self.index = index
      self.osIndex = osIndex
      self.memory = memory
      self.cpus = cpus
    }
  }

  /// A data or unified cache; instruction caches are left out.
  public struct Cache: Hashable, Sendable, Codable {
    /// The logical index among the caches of its level.
    public var index: Int
    /// 1 for the closest to the core.
    public var level: Int
    /// The size in bytes, or nil when unknown.
    public var size: Int?
    /// The size of a line in bytes, or nil when unknown.
    public var lineSize: Int?
    /// The CPUs that share it; empty when none of them may be used.
    public var cpus: CPUSet

    /// A cache.
    public init(index: Int, level: Int, size: Int?, lineSize: Int?, cpus: CPUSet) {
      self.index = index
      self.level = level
      self.size = size
      self.lineSize = lineSize
      self.cpus = cpus
    }
  }

  /// A core.
  public struct Core: Hashable, Sendable, Codable {
    /// The logical index.
    public var index: Int
    /// The operating system's index, which is often unique only in its package; nil when it has none.
    public var osIndex: Int?
    /// The CPUs of the core: one, or several with SMT.
    public var cpus: CPUSet

    /// A core.
    public init(index: Int, osIndex: Int?, cpus: CPUSet) {
      self.index = index
      self.osIndex = osIndex
      self.cpus = cpus
    }
  }

  /// A processing unit: what the operating system calls a CPU, and what a thread is bound to.
  public struct PU: Hashable, Sendable, Codable {
    /// The logical index.
    public var index: Int
    /// The operating system's index: the CPU's number in ``CPUSet``.
    public var osIndex: Int
    /// Logical index of its core, or nil when the machine does not tell.
    public var core: Int?
    /// Logical index of its L3 cache, or nil when it has none.
    public var l3: Int?
    /// Logical index of the closest NUMA node, or nil when the machine does not tell.
    public var numaNode: Int?
    /// Logical index of its package, or nil when the machine does not tell.
    public var package: Int?
    /// Index of its core kind, or nil when the machine does not tell.
    public var coreKind: Int?

    /// A processing unit.
    public init(
      index: Int, osIndex: Int, core: Int? = nil, l3: Int? = nil, numaNode: Int? = nil, package: Int? = nil,
      coreKind: Int? = nil
    ) {
      self.index = index
      self.osIndex = osIndex
      self.core = core
      self.l3 = l3
      self.numaNode = numaNode
      self.package = package
      self.coreKind = coreKind
    }
  }

  /// Cores that are alike and differ from others. Kinds are not "performance" and "efficiency": a machine may have
  /// five, and one whose cores are all alike may show several that differ in their highest clock only.
  public struct CoreKind: Hashable, Sendable, Codable {
    /// The index; hwloc orders ranked kinds by efficiency.
    public var index: Int
    /// 0 for the slowest kind and growing with performance, or nil when hwloc cannot rank the kinds.
    public var efficiency: Int?
    /// The CPUs of the kind that the machine lists.
    public var cpus: CPUSet
    /// What hwloc knows of the kind, such as `CoreType` or `FrequencyMaxMHz`.
    public var attributes: [String: String]

    /// A core kind.
    public init(index: Int, efficiency: Int?, cpus: CPUSet, attributes: [String: String] = [:]) {
      self.index = index
      self.efficiency = efficiency
      self.cpus = cpus
      self.attributes = attributes
    }
  }

  /// Where the description was asked to come from. The environment may have had its way: see ``isThisSystem``.
  public var source: Source
  /// Whether this is the system that the process runs on, so that threads can be bound by it.
  public var isThisSystem: Bool
  /// The hwloc release that discovered the machine (for an XML file: that of the machine that wrote it), nil if untold.
  public var hwlocVersion: String?
  /// The `HWLOC_*` variables that were set in the environment and can change what hwloc finds.
  public var environment: [String: String]
  /// The packages, in logical order.
  public var packages: [Package]
  /// The NUMA nodes, in logical order.
  public var numaNodes: [NUMANode]
  /// The data and unified caches, by level, then in logical order.
  public var caches: [Cache]
  /// The cores, in logical order.
  public var cores: [Core]
  /// The processing units, in logical order.
  public var pus: [PU]
  /// The kinds of cores; empty when hwloc does not tell.
  public var coreKinds: [CoreKind]
  /// The CPUs that hwloc says are allowed: all of the machine, or those of the control group.
  public var allowed: CPUSet
  /// The scheduler's mask of the process (`taskset`), or nil when the machine is not this system.
  public var processMask: CPUSet?

  /// A machine from its parts. ``HwlocTopology`` fills one from hwloc; tests make their own.
  public init(
    source: Source, isThisSystem: Bool, hwlocVersion: String? = nil, environment: [String: String] = [:],
    packages: [Package] = [], numaNodes: [NUMANode] = [], caches: [Cache] = [], cores: [Core] = [], pus: [PU],
    coreKinds: [CoreKind] = [], allowed: CPUSet, processMask: CPUSet? = nil
  ) {
    self.source = source
    self.isThisSystem = isThisSystem
    self.hwlocVersion = hwlocVersion
    self.environment = environment
    self.packages = packages
    self.numaNodes = numaNodes
    self.caches = caches
    self.cores = cores
    self.pus = pus
    self.coreKinds = coreKinds
    self.allowed = allowed
    self.processMask = processMask
  }
}

extension Machine {
  /// The CPUs that threads may be placed on: ``allowed`` that are also in ``processMask``.
  public var eligible: CPUSet {
    guard let processMask else { return allowed }
    return allowed.intersection(processMask)
  }

  /// The level 3 caches, in logical order.
  public var l3Groups: [Cache] {
    caches.filter { $0.level == 3 }
  }

  /// The outermost data or unified cache of each processing unit, each cache once, in the order of their first processing
  /// units: L3, or L2 where there is no other. A machine that tells of L1 caches alone does not tell its last level.
  public var lastLevelCaches: [Cache] {
    var found: [Cache] = []
    let outermostFirst = caches.filter { $0.level > 1 }.sorted { ($0.level, $1.index) > ($1.level, $0.index) }
    for pu in pus {
      guard let cache = outermostFirst.first(where: { $0.cpus.contains(pu.osIndex) }) else { continue }
      if !found.contains(cache) { found.append(cache) }
    }
    return found
  }

  /// The processing units that threads may be placed on, in logical order.
  public var eligiblePUs: [PU] {
    let eligible = eligible
    return pus.filter { eligible.contains($0.osIndex) }
  }

  /// The processing unit that the operating system numbers `cpu`, or nil when there is none.
  public func pu(cpu: Int) -> PU? {
    pus.first { $0.osIndex == cpu }
  }

  /// The size in bytes of the data or unified cache of that level that serves the CPU; nil when there is none, or
  /// its size is unknown.
  public func cacheSize(level: Int, cpu: Int) -> Int? {
    caches.first { $0.level == level && $0.cpus.contains(cpu) }?.size
  }

  /// The source in words: "this system", or what it is a description of.
  public var origin: String {
    switch source {
    case .xml(let path): "XML file \(path)"
    case .synthetic(let description): "synthetic description '\(description)'"
    case .thisSystem where isThisSystem: "this system"
    case .thisSystem:
      // hwloc looked elsewhere because the environment says so.
      environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
  }

  /// What there is to place threads on, in words: for messages that say what is missing.
  public var inventory: String {
    func count(_ number: Int, _ singular: String, _ plural: String) -> String {
      "\(number == 0 ? "no" : String(number)) \(number == 1 ? singular : plural)"
    }
    let parts = [
      count(packages.count, "package", "packages"),
      count(numaNodes.count, "NUMA node", "NUMA nodes"),
      count(l3Groups.count, "L3 cache", "L3 caches"),
      count(cores.count, "core", "cores"),
    ]
    return parts.joined(separator: ", ") + " and \(count(pus.count, "CPU", "CPUs")) (\(eligiblePUs.count) eligible)"
  }
}
