import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Environment {
  /// Finds out what it can about this machine and this program. What cannot be read stays unknown.
  ///
  /// - Parameters:
  ///   - root: where /proc, /sys and /etc are looked for, so that a test can show another machine.
  ///   - isas: the ISAs of the lab that the CPU can run.
  ///   - machine: the topology.
  ///   - commit: the commit of the program's sources.
  public static func capture(
    root: FilePath = "/", isas: [String]? = nil, machine: JSONValue? = nil, commit: String? = nil
  ) -> Environment {
    let files = SystemFiles(root: root)
    let cpuInfo = files.fields("proc/cpuinfo")
    let memory = files.fields("proc/meminfo")
    var environment = Environment()
    environment.hostname = files.text("proc/sys/kernel/hostname") ?? files.text("etc/hostname")
    environment.operatingSystem = files.operatingSystem
    environment.kernelRelease = files.text("proc/sys/kernel/osrelease")
    // x86 has a model name; arm64 has it only on some systems, and the board's name elsewhere.
    environment.cpuModel =
      cpuInfo.first(of: "model name") ?? cpuInfo.first(of: "Model") ?? cpuInfo.first(of: "Hardware")
      ?? files.text("sys/firmware/devicetree/base/model")
    let processors = cpuInfo.filter { $0.name == "processor" }.count
    environment.logicalCPUs = processors > 0 ? processors : nil
    environment.isas = isas
    environment.features = (cpuInfo.first(of: "flags") ?? cpuInfo.first(of: "Features"))?.words
    environment.caches = files.caches
    environment.machine = machine
    environment.governors = files.governors
    environment.smtActive = files.text("sys/devices/system/cpu/smt/active").flatMap(flag)
    environment.turboEnabled =
      files.text("sys/devices/system/cpu/intel_pstate/no_turbo").flatMap(flag).map { !$0 }
      ?? files.text("sys/devices/system/cpu/cpufreq/boost").flatMap(flag)
    environment.hypervisor = files.hypervisor(features: environment.features ?? [])
    environment.cpuQuota = files.cpuQuota
    environment.memoryTotal = memory.first(of: "MemTotal").flatMap(bytes)
    // A container that takes more than its limit is killed, however much the machine has.
    environment.memoryAvailable = [memory.first(of: "MemAvailable").flatMap(bytes), files.memoryOfControlGroup]
      .compactMap(\.self).min()
    environment.loadAverage = files.text("proc/loadavg").flatMap { line in
      let loads = line.words.prefix(3).compactMap { Double($0) }
      return loads.count == 3 ? loads : nil
    }
    let pageSize = sysconf(CInt(_SC_PAGESIZE))
    environment.pageSize = pageSize > 0 ? pageSize : nil
    // The file lists every setting with the current one in brackets: "always [madvise] never".
    environment.transparentHugePages = files.text("sys/kernel/mm/transparent_hugepage/enabled")?
      .words.first { $0.hasPrefix("[") && $0.hasSuffix("]") }.map { String($0.dropFirst().dropLast()) }
    #if DEBUG
      environment.build = .debug
    #else
      environment.build = .release
    #endif
    #if compiler(>=6.4)
      environment.compiler = "Swift 6.4 or later"
    #else
      environment.compiler = "Swift 6.3"
    #endif
    environment.commit = commit
    return environment
  }

  private static func flag(_ text: String) -> Bool? {
    switch text {
    case "1": true
    case "0": false
    default: nil
    }
  }

  /// The bytes of "16303428 kB", /proc/meminfo's notation; its kB is 1024 bytes.
  static func bytes(_ text: String) -> Int? {
    let words = text.words
    guard words.count == 2, words[1] == "kB", let count = Int(words[0]) else { return nil }
    return count << 10
  }

  /// The commit that a checkout is at, from its .git folder, without running git.
  ///
  /// - Parameter checkout: the folder that holds .git.
  /// - Returns: the full hash, or nil if there is no repository, or if it is stored in a way that is not understood.
  public static func commit(ofCheckout checkout: FilePath) -> String? {
    let files = SystemFiles(root: checkout)
    guard let head = files.text(".git/HEAD") else { return nil }
    guard head.hasPrefix("ref: ") else { return isHash(head) ? head : nil }
    let reference = String(head.dropFirst(5))
    if let hash = files.text(".git/\(reference)") { return isHash(hash) ? hash : nil }
    // A reference that nothing changed since `git gc` is a line "hash name" of packed-refs.
    for line in files.lines(".git/packed-refs") {
      let words = line.words
      if words.count == 2, words[1] == reference, isHash(words[0]) { return words[0] }
    }
    return nil
  }
}

private func isHash(_ text: String) -> Bool {
  text.utf8.count >= 40 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
}

extension SystemFiles {
  fileprivate var operatingSystem: String? {
    for line in lines("etc/os-release") where line.hasPrefix("PRETTY_NAME=") {
      let value = line.dropFirst("PRETTY_NAME=".count)
      return String(value.hasPrefix("\"") && value.hasSuffix("\"") ? value.dropFirst().dropLast() : value)
    }
    return nil
  }

  /// The caches of CPU 0. Index folders are numbered from 0 without gaps.
  fileprivate var caches: [Environment.Cache]? {
    var caches: [Environment.Cache] = []
    var index = 0
    while let level = text("sys/devices/system/cpu/cpu0/cache/index\(index)/level").flatMap({ Int($0) }) {
      let folder = "sys/devices/system/cpu/cpu0/cache/index\(index)"
      if let type = text("\(folder)/type"), let size = text("\(folder)/size").flatMap(cacheSize) {
        caches.append(
          Environment.Cache(level: level, type: type, size: size, sharedBy: text("\(folder)/shared_cpu_list")))
      }
      index += 1
    }
    return caches.isEmpty ? nil : caches
  }

  /// The bytes of "32K" or "1M".
  private func cacheSize(_ text: String) -> Int? {
    let shift = text.hasSuffix("K") ? 10 : text.hasSuffix("M") ? 20 : 0
    return Int(shift > 0 ? String(text.dropLast()) : text).map { $0 << shift }
  }

  /// The distinct governors, sorted. Frequency policies are numbered by their first CPU, so there may be gaps.
  fileprivate var governors: [String]? {
    var governors: Set<String> = []
    for cpu in onlineCPUs {
      if let governor = text("sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_governor") {
        governors.insert(governor)
      }
    }
    return governors.isEmpty ? nil : governors.sorted()
  }

  /// The CPUs of the list "0-3,8" in sys/devices/system/cpu/online, or only CPU 0 if it is not there.
  private var onlineCPUs: [Int] {
    let ranges = text("sys/devices/system/cpu/online")?.split(separator: ",") ?? ["0"]
    return ranges.flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      // No system has more CPUs than this; a longer range is not a list of CPUs.
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
      return Array(first...last)
    }
  }

  /// Xen names itself under /sys/hypervisor; others set the CPUID bit that the kernel shows as the flag "hypervisor",
  /// and often put their name where a PC has its maker's.
  fileprivate func hypervisor(features: [String]) -> String? {
    if let type = text("sys/hypervisor/type") { return type }
    guard features.contains("hypervisor") else { return nil }
    let names = ["sys_vendor", "product_name"].compactMap { text("sys/class/dmi/id/\($0)") }
    return names.isEmpty ? "yes" : names.joined(separator: " ")
  }

  /// The smallest quota of the process's control group and of every group above it.
  ///
  /// Version 2 has "quota period" in cpu.max, version 1 has two files; "max" or a negative quota is none.
  fileprivate var cpuQuota: Double? {
    controlGroups("cpu").flatMap { folder, isVersion2 in
      if isVersion2 {
        let words = text("\(folder)/cpu.max")?.words ?? []
        return quota(words.first, period: words.last)
      }
      return quota(text("\(folder)/cpu.cfs_quota_us"), period: text("\(folder)/cpu.cfs_period_us"))
    }.min()
  }

  /// The least memory that the process's control group, or one above it, lets it still get, in bytes; nil if there is no
  /// limit. What caches files can be had too.
  fileprivate var memoryOfControlGroup: Int? {
    controlGroups("memory").compactMap { folder, isVersion2 -> Int? in
      let names =
        isVersion2
        ? ("memory.max", "memory.current", "inactive_file")
        : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
      // "max" is no number, and version 1 writes a number near 2⁶³ where there is no limit.
      guard let limit = text("\(folder)/\(names.0)").flatMap({ Int($0) }), limit < 1 << 60,
        let used = text("\(folder)/\(names.1)").flatMap({ Int($0) })
      else { return nil }
      let cache = lines("\(folder)/memory.stat").map(\.words).first { $0.first == names.2 }?.last.flatMap { Int($0) }
      return max(0, limit - used + (cache ?? 0))
    }.min()
  }

  /// The folders of the process's control group and of every group above it that rule over a resource.
  private func controlGroups(_ controller: String) -> [(folder: String, isVersion2: Bool)] {
    var folders: [(folder: String, isVersion2: Bool)] = []
    for line in lines("proc/self/cgroup") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      let isVersion2 = parts[0] == "0" && controllers.isEmpty
      guard isVersion2 || controllers.contains(Substring(controller)) else { continue }
      var path = FilePath(String(parts[2])).lexicallyNormalized()
      path.root = nil
      let base = isVersion2 ? "sys/fs/cgroup" : "sys/fs/cgroup/\(controller)"
      while true {
        folders.append(("\(base)/\(path)", isVersion2))
        // In a container the path may be that of the host, and only its last folders, or none, are visible here.
        if path.isEmpty { break }
        path.removeLastComponent()
      }
    }
    return folders
  }

  private func quota(_ quota: String?, period: String?) -> [Double] {
    guard let quota = quota.flatMap({ Double($0) }), let period = period.flatMap({ Double($0) }), quota > 0, period > 0
    else { return [] }
    return [quota / period]
  }
}
