import CHwloc
import CPlatform
import Foundation

/// Owner of an hwloc topology: discovers a ``Machine``, and binds threads.
///
/// Load it before any other thread exists: while hwloc looks, it may bind the calling thread to one CPU after another,
/// and a thread that is started meanwhile inherits that mask.
///
/// `@unchecked Sendable`, because the handle is never modified after `init`, and hwloc lets any number of threads
/// call functions that do not modify a topology (hwloc manual, "Thread Safety": such functions are reentrant, all state
/// being in the topology). Binding modifies the calling thread, not the topology.
public final class HwlocTopology: @unchecked Sendable {
  private let handle: hwloc_topology_t

  /// The machine, complete and free of handles.
  public let machine: Machine

  /// The most CPUs that a synthetic description may have; hwloc's time grows with the square of that number.
  public static let syntheticLimit = 4096

  /// Discovers this system, or reads the description of another machine.
  ///
  /// - Throws: ``TopologyError`` when the file or the description is not one, or hwloc fails.
  public init(_ source: Machine.Source = .thisSystem) throws(TopologyError) {
    // Before discovery, which may move the calling thread about.
    let mask = try affinity(of: getpid())
    handle = try Self.load(source)
    machine = Machine(handle, source: source, processMask: mask)
  }

  deinit {
    hwloc_topology_destroy(handle)
  }

  private static func load(_ source: Machine.Source) throws(TopologyError) -> hwloc_topology_t {
    var created: hwloc_topology_t?
    guard hwloc_topology_init(&created) == 0, let handle = created else {
      throw .callFailed("hwloc_topology_init", code: errno)
    }
    do throws(TopologyError) {
      switch source {
      case .thisSystem: try checkVariables(ProcessInfo.processInfo.environment)
      case .xml(let path):
        if isPipe(path) { throw .unreadableXML(path: path, code: ESPIPE) }
        guard hwloc_topology_set_xml(handle, path) == 0 else { throw .unreadableXML(path: path, code: errno) }
      case .synthetic(let text):
        guard syntheticSize(text) <= syntheticLimit else { throw .syntheticTooLarge(text, limit: syntheticLimit) }
        guard hwloc_topology_set_synthetic(handle, text) == 0 else { throw .invalidSynthetic(text) }
      }
      guard hwloc_topology_load(handle) == 0 else {
        let code = errno
        if case .xml(let path) = source { throw .unreadableXML(path: path, code: code) }
        throw .callFailed("hwloc_topology_load", code: code)
      }
    } catch {
      hwloc_topology_destroy(handle)
      throw error
    }
    return handle
  }

  /// Whether a path is that of a pipe, which hwloc would wait for.
  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// Checks that hwloc will take the descriptions of a machine that its variables give: it says nothing where it cannot,
  /// and describes this system instead.
  ///
  /// Source: hwloc manual, "Environment Variables": HWLOC_XMLFILE, and HWLOC_SYNTHETIC where that is not set.
  static func checkVariables(_ environment: [String: String]) throws(TopologyError) {
    guard
      let (name, value) = ["HWLOC_XMLFILE", "HWLOC_SYNTHETIC"].lazy.compactMap({ name in
        environment[name].map { (name, $0) }
      }).first, !value.isEmpty
    else { return }
    var created: hwloc_topology_t?
    guard hwloc_topology_init(&created) == 0, let handle = created else {
      throw .callFailed("hwloc_topology_init", code: errno)
    }
    defer { hwloc_topology_destroy(handle) }
    let isXML = name == "HWLOC_XMLFILE"
    if isXML && isPipe(value) { throw .unusableVariable(name: name, value: value, code: ESPIPE) }
    guard isXML || syntheticSize(value) <= syntheticLimit else {
      throw .syntheticTooLarge(value, limit: syntheticLimit)
    }
    if (isXML ? hwloc_topology_set_xml(handle, value) : hwloc_topology_set_synthetic(handle, value)) != 0 {
      throw .unusableVariable(name: name, value: value, code: errno)
    }
  }

  /// The product of a synthetic description's level sizes, so the number of its CPUs; `Int.max` if that overflows.
  /// Attributes in parentheses and memory in brackets do not multiply. Whether the description is valid, hwloc says.
  static func syntheticSize(_ text: String) -> Int {
    var depth = 0
    let levels = text.filter { character in
      if "([".contains(character) { depth += 1 }
      defer { if ")]".contains(character) { depth -= 1 } }
      return depth == 0
    }
    var size = 1
    for level in levels.split(whereSeparator: \.isWhitespace) {
      let digits = level.drop { $0 != ":" }.dropFirst().isEmpty ? level : level.drop { $0 != ":" }.dropFirst()
      guard digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { continue }
      let (product, overflow) = size.multipliedReportingOverflow(by: Int(digits) ?? .max)
      size = overflow ? .max : product
    }
    return size
  }
}

// MARK: - Binding

extension HwlocTopology {
  /// Binds the calling thread to one CPU, and asks the kernel whether it took.
  ///
  /// May be called from several threads at once.
  ///
  /// - Throws: ``TopologyError`` when the machine is not this system, the CPU is not eligible, the kernel refuses, or
  ///   reports another mask afterwards.
  public func bindCurrentThread(to cpu: Int) throws(TopologyError) {
    guard machine.isThisSystem else { throw .notThisSystem(origin: machine.origin) }
    guard machine.eligible.contains(cpu) else { throw .notEligible(cpu: cpu, eligible: machine.eligible) }
    try setBinding(CPUSet(cpu: cpu))
  }

  /// Gives the calling thread back a mask that ``currentThreadBinding()`` returned before it was bound.
  ///
  /// - Throws: ``TopologyError`` when the machine is not this system, or the mask did not take.
  public func restoreCurrentThreadBinding(to mask: CPUSet) throws(TopologyError) {
    guard machine.isThisSystem else { throw .notThisSystem(origin: machine.origin) }
    try setBinding(mask)
  }

  /// The calling thread's affinity mask. From the kernel and not from hwloc, whose answer is made up when the topology
  /// is not this system's.
  ///
  /// - Throws: ``TopologyError/callFailed(_:code:)``.
  public func currentThreadBinding() throws(TopologyError) -> CPUSet {
    try affinity(of: 0)
  }

  /// The CPU that the calling thread is running on.
  ///
  /// - Throws: ``TopologyError/callFailed(_:code:)``.
  public func lastCPU() throws(TopologyError) -> Int {
    let cpu = platform_current_cpu()
    guard cpu >= 0 else { throw .callFailed("getcpu", code: errno) }
    return Int(cpu)
  }

  /// Sets the calling thread's mask through hwloc, and compares it with the kernel's.
  private func setBinding(_ cpus: CPUSet) throws(TopologyError) {
    guard let bitmap = hwloc_bitmap_alloc() else { throw .callFailed("hwloc_bitmap_alloc", code: errno) }
    defer { hwloc_bitmap_free(bitmap) }
    for cpu in cpus {
      guard hwloc_bitmap_set(bitmap, UInt32(cpu)) == 0 else { throw .callFailed("hwloc_bitmap_set", code: errno) }
    }
    guard hwloc_set_cpubind(handle, bitmap, Int32(HWLOC_CPUBIND_THREAD.rawValue)) == 0 else {
      throw .bindingRefused(cpus: cpus, code: errno)
    }
    let actual = try affinity(of: 0)
    guard actual == cpus else { throw .bindingNotTaken(requested: cpus, actual: actual) }
  }
}

/// The affinity mask of a thread: 0 for the calling one, the process's id for its main thread.
private func affinity(of thread: pid_t) throws(TopologyError) -> CPUSet {
  // The kernel refuses a buffer smaller than its own mask, whose size it does not tell.
  var words = 16
  while true {
    var mask = [UInt](repeating: 0, count: words)
    let bytes = platform_get_affinity(thread, &mask, words)
    if bytes >= 0 {
      var set = CPUSet()
      for (index, word) in mask.enumerated() {
        for bit in 0..<UInt.bitWidth where word >> bit & 1 == 1 {
          set.insert(index * UInt.bitWidth + bit)
        }
      }
      return set
    }
    let code = errno
    guard code == EINVAL, words < 1 << 16 else { throw .callFailed("sched_getaffinity", code: code) }
    words *= 2
  }
}

// MARK: - Reading hwloc

extension Machine {
  /// Copies what a loaded topology holds.
  fileprivate init(_ topology: hwloc_topology_t, source: Source, processMask: CPUSet) {
    let isThisSystem = hwloc_topology_is_thissystem(topology) == 1
    let everything = CPUSet(hwloc_topology_get_topology_cpuset(topology))
    let root = hwloc_get_root_obj(topology)

    // A kind's set keeps CPUs that are not allowed; the machine lists none of those.
    var coreKinds: [CoreKind] = []
    let kinds = hwloc_cpukinds_get_nr(topology, 0)
    for kind in 0..<UInt32(max(0, kinds)) {
      guard let bitmap = hwloc_bitmap_alloc() else { break }
      defer { hwloc_bitmap_free(bitmap) }
      var efficiency: Int32 = -1
      var infoCount: UInt32 = 0
      var infos: UnsafeMutablePointer<hwloc_info_s>?
      guard hwloc_cpukinds_get_info(topology, kind, bitmap, &efficiency, &infoCount, &infos, 0) == 0 else { continue }
      coreKinds.append(
        CoreKind(
          index: Int(kind),
          efficiency: efficiency < 0 ? nil : Int(efficiency),
          cpus: CPUSet(bitmap).intersection(everything),
          attributes: attributes(infos, count: infoCount)))
    }

    self.init(
      source: source,
      isThisSystem: isThisSystem,
      hwlocVersion: root.flatMap { attributes($0.pointee.infos, count: $0.pointee.infos_count)["hwlocVersion"] },
      environment: Self.discoveryVariables(of: ProcessInfo.processInfo.environment),
      packages: objects(HWLOC_OBJ_PACKAGE, of: topology).map {
        Package(index: Int($0.logical_index), osIndex: osIndex($0), cpus: CPUSet($0.cpuset))
      },
      numaNodes: objects(HWLOC_OBJ_NUMANODE, of: topology).map {
        let memory = $0.attr?.pointee.numanode.local_memory ?? 0
        return NUMANode(
          index: Int($0.logical_index), osIndex: osIndex($0), memory: memory == 0 ? nil : memory,
          cpus: CPUSet($0.cpuset))
      },
      caches: [
        HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE, HWLOC_OBJ_L5CACHE,
      ].enumerated().flatMap { level, type in
        objects(type, of: topology).map {
          let cache = $0.attr?.pointee.cache
          return Cache(
            index: Int($0.logical_index), level: level + 1, size: known(cache?.size), lineSize: known(cache?.linesize),
            cpus: CPUSet($0.cpuset))
        }
      },
      cores: objects(HWLOC_OBJ_CORE, of: topology).map {
        Core(index: Int($0.logical_index), osIndex: osIndex($0), cpus: CPUSet($0.cpuset))
      },
      pus: objects(HWLOC_OBJ_PU, of: topology).map { PU($0, coreKinds: coreKinds) },
      coreKinds: coreKinds,
      allowed: CPUSet(hwloc_topology_get_allowed_cpuset(topology)).intersection(everything),
      processMask: isThisSystem ? processMask : nil)
  }

  /// The variables that can change what hwloc finds: all of its own but those that only make it talk.
  static func discoveryVariables(of environment: [String: String]) -> [String: String] {
    environment.filter { name, _ in
      name.hasPrefix("HWLOC_") && !name.hasSuffix("VERBOSE") && !name.hasPrefix("HWLOC_DEBUG")
        && name != "HWLOC_HIDE_ERRORS"
    }
  }
}

extension Machine.PU {
  /// A PU and the objects above it.
  fileprivate init(_ object: hwloc_obj, coreKinds: [Machine.CoreKind]) {
    let cpu = Int(object.os_index)
    self.init(
      index: Int(object.logical_index), osIndex: cpu, coreKind: coreKinds.first { $0.cpus.contains(cpu) }?.index)
    var next = object.parent
    while let ancestor = next?.pointee {
      let index = Int(ancestor.logical_index)
      switch ancestor.type {
      case HWLOC_OBJ_CORE: core = index
      case HWLOC_OBJ_L3CACHE: l3 = index
      case HWLOC_OBJ_PACKAGE: package = index
      default: break
      }
      // The closest node hangs on the closest ancestor that has memory, perhaps below a memory-side cache. Nodes
      // without CPUs of their own hang further out, and nodes of several kinds of memory hang side by side.
      if numaNode == nil {
        var memory = ancestor.memory_first_child
        while let child = memory?.pointee, child.type != HWLOC_OBJ_NUMANODE { memory = child.memory_first_child }
        numaNode = (memory?.pointee.logical_index).map(Int.init)
      }
      next = ancestor.parent
    }
  }
}

/// All objects of a type in logical order; none when the machine has no such level.
private func objects(_ type: hwloc_obj_type_t, of topology: hwloc_topology_t) -> [hwloc_obj] {
  (0..<max(0, hwloc_get_nbobjs_by_type(topology, type))).compactMap {
    hwloc_get_obj_by_type(topology, type, UInt32($0))?.pointee
  }
}

/// The operating system's index; `HWLOC_UNKNOWN_INDEX`, a macro that Swift does not import, is nil.
private func osIndex(_ object: hwloc_obj) -> Int? {
  object.os_index == .max ? nil : Int(object.os_index)
}

/// A size, of which hwloc says 0 when it does not know it.
private func known(_ size: (some BinaryInteger)?) -> Int? {
  size == 0 ? nil : size.flatMap { Int(exactly: $0) }
}

/// hwloc's name and value pairs; the first of a name counts.
private func attributes(_ infos: UnsafeMutablePointer<hwloc_info_s>?, count: UInt32) -> [String: String] {
  let pairs = UnsafeBufferPointer(start: infos, count: Int(count)).map {
    (String(cString: $0.name), String(cString: $0.value))
  }
  return Dictionary(pairs) { first, _ in first }
}

extension CPUSet {
  /// Copies a bitmap of hwloc's; nil is empty, and an unbounded one ends where hwloc's indices end.
  fileprivate init(_ bitmap: hwloc_const_bitmap_t?) {
    self.init()
    guard let bitmap else { return }
    var lower = hwloc_bitmap_first(bitmap)
    while lower >= 0 {
      let upper = hwloc_bitmap_next_unset(bitmap, lower)
      guard upper >= 0 else {
        formUnion(CPUSet(Int(lower)..<Int(Int32.max)))
        return
      }
      formUnion(CPUSet(Int(lower)..<Int(upper)))
      lower = hwloc_bitmap_next(bitmap, upper)
    }
  }
}
