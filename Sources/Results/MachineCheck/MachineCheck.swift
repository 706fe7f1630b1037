import Topology

/// What about a machine will hurt a measurement, and what to do about it: pure rules on what was seen.
///
/// What could not be found out is a finding too, `unknown`, with the file that is missing: no finding means that
/// something was looked at and is in order.
public enum MachineCheck {
  /// All findings about a machine before a run, the gravest first.
  public static func findings(_ state: MachineState) -> [Finding] {
    let all =
      ofProgram(state) + ofContainer(state) + ofNeighbours(state) + ofHypervisor(state) + ofClock(state)
      + ofMemory(state) + ofCounters(state) + ofIsolation(state)
    return sorted(all)
  }

  /// What an environment alone tells, of a run that recorded no findings, the gravest first; nothing is unknown.
  public static func findings(_ environment: Environment) -> [Finding] {
    let state = MachineState(environment: environment)
    return sorted(
      ofProgram(state) + ofContainer(state) + virtual(state) + load(state) + ofClock(state) + ofCounters(state)
    ).filter { $0.severity != .unknown }
  }

  /// A CPU on which others take less than this part of the time is free: one tick in ten is the resolution.
  static let busy = 0.15
  /// A load average from here on says that somebody computed.
  static let highLoad = 1.0
  /// Stolen time since the start of the system is worth a word from this part on.
  static let littleSteal = 0.001

  private static func sorted(_ findings: [Finding]) -> [Finding] {
    // Stable: rules of one severity keep their order.
    Finding.Severity.allCases.flatMap { severity in findings.filter { $0.severity == severity } }
  }

  // MARK: Program

  private static func ofProgram(_ state: MachineState) -> [Finding] {
    var findings: [Finding] = []
    if state.environment.build == .debug {
      findings.append(
        Finding(
          .severe, .build, seen: "This is a debug build.",
          harm: "What is not a kernel is not optimised, and runs inside the timed region too.",
          remedy: "swift run -c release pointwise"))
    }
    let variables = state.hwlocVariables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    if !variables.isEmpty {
      let names = state.hwlocVariables.keys.sorted().joined(separator: " ")
      findings.append(
        Finding(
          .severe, .topology, seen: "The environment has \(variables.joined(separator: " ")).",
          harm: "hwloc may describe another machine: caches, cores and placements may be wrong.",
          remedy: "unset \(names)"))
    }
    return findings
  }

  private static func ofContainer(_ state: MachineState) -> [Finding] {
    guard let quota = state.environment.cpuQuota else { return [] }
    let seen = "The container may use only \(number(quota)) CPUs' worth of time."
    if let threads = state.threads {
      guard Double(threads) > quota else {
        return [
          Finding(
            .note, .quota, seen: seen,
            harm: "It suffices for \(words(threads, "thread")); other processes of the container share it.")
        ]
      }
      let whole = Int(quota.rounded(.down))
      let fewer = whole >= 1 ? "--threads \(whole), or run" : "Run"
      return [
        Finding(
          .severe, .quota, seen: String(seen.dropLast()) + ", and \(words(threads, "thread")) will run.",
          harm: "The kernel stops all threads for the rest of each period once it is used up.",
          remedy: "\(fewer) the container with a higher limit: docker run --cpus \(threads)")
      ]
    }
    guard quota < Double(state.environment.logicalCPUs ?? .max) else { return [] }
    return [
      Finding(
        .warning, .quota, seen: seen,
        harm: "The kernel stops all threads for the rest of each period once it is used up.",
        remedy: "Run the container with a higher limit: docker run --cpus N")
    ]
  }

  // MARK: Neighbours

  private static func ofNeighbours(_ state: MachineState) -> [Finding] {
    guard let activity = state.activity else {
      return load(state) + [
        unknown(.neighbours, "Who else uses the CPUs", ["proc/stat"], "Other programs may run on them.")
      ]
    }
    var findings: [Finding] = []
    if let seen = occupants(of: state.cpus, activity) {
      let ids = processes(on: state.cpus, activity).map { String($0.id) }
      let move =
        state.otherCPUs.isEmpty || ids.isEmpty
        ? "Wait until they have ended, or choose other CPUs with --places."
        : "Move them: for i in \(ids.joined(separator: " ")); do taskset -acp \(state.otherCPUs) $i; done. Or choose other CPUs "
          + "with --places."
      findings.append(
        Finding(
          .warning, .neighbours, seen: "The CPUs of the run are in use: \(seen).",
          harm: "They take turns with the lab's threads, and empty their caches.", remedy: move))
    }
    findings += ofSiblings(state, activity)
    if activity.unseenProcesses > 0 {
      findings.append(
        Finding(
          .unknown, .neighbours,
          seen:
            "\(words(activity.unseenProcesses, "process", plural: "processes")) could not be looked at in the time of the "
            + "check.",
          harm: "A busy one among them has no name here."))
    }
    return findings + load(state)
  }

  private static func ofSiblings(_ state: MachineState, _ activity: Activity) -> [Finding] {
    var findings: [Finding] = []
    let siblings = state.siblings.values.reduce(CPUSet()) { $0.union($1) }
    if let seen = occupants(of: siblings.subtracting(state.cpus), activity) {
      findings.append(
        Finding(
          .warning, .smt, seen: "The other hardware threads of the run's cores are in use: \(seen).",
          harm: "Both threads of a core share its execution units and caches.",
          remedy: "Choose other cores with --places, or turn SMT off: "
            + "echo off | sudo tee /sys/devices/system/cpu/smt/control"))
    }
    let both = siblings.intersection(state.cpus)
    if !both.isEmpty {
      findings.append(
        Finding(
          .note, .smt, seen: "CPUs \(both) of the run are hardware threads of shared cores.",
          harm: "Both threads of a core share its execution units and caches.",
          remedy: "--smt 1 takes one of each core."))
    }
    let strangers = state.cpus.filter { state.siblings[$0] == nil }
    if !strangers.isEmpty {
      let cpu = strangers[0]
      findings.append(
        unknown(
          .smt, "Which CPUs share a core with \(CPUSet(strangers))",
          ["sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"], "A busy one would slow the run down."))
    }
    return findings
  }

  private static func load(_ state: MachineState) -> [Finding] {
    guard let load = state.environment.loadAverage?.first else {
      return [unknown(.load, "The load average", ["proc/loadavg"], "Other programs may have been running.")]
    }
    if load < highLoad { return [] }
    return [
      Finding(
        .warning, .load,
        seen: "Other programs were running: the load average was \(number(load)).",
        harm: "What ran in the last minute may run again.",
        remedy: "Look with 'top', and wait until uptime shows less than \(number(highLoad)).")
    ]
  }

  /// Processes that were seen on `cpus`, the busiest first.
  private static func processes(on cpus: CPUSet, _ activity: Activity) -> [Activity.Process] {
    activity.processes.filter { !$0.cpus.intersection(cpus).isEmpty }
  }

  /// Who was on `cpus`, in words; nil if nobody was.
  private static func occupants(of cpus: CPUSet, _ activity: Activity) -> String? {
    let processes = processes(on: cpus, activity)
    var parts = processes.prefix(4).map { process in
      "\(process.name) (process \(process.id), \(percent(process.share)) of a CPU, on CPU \(process.cpus))"
    }
    if processes.count > 4 { parts.append(words(processes.count - 4, "more process", plural: "more processes")) }
    for cpu in cpus {
      let named = processes.filter { $0.cpus.contains(cpu) }.reduce(0) { $0 + $1.share / Double($1.cpus.count) }
      guard let share = activity.busy[cpu], share - named >= busy else { continue }
      let more = named > 0 ? "more " : ""
      parts.append("CPU \(cpu) is \(percent(share - named)) \(more)busy with what was not seen here")
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  // MARK: Hypervisor

  private static func ofHypervisor(_ state: MachineState) -> [Finding] {
    var findings = virtual(state)
    if state.environment.hypervisor == nil && state.environment.features == nil {
      findings.append(
        unknown(.virtual, "Whether the machine is virtual", ["proc/cpuinfo"], "Clock and neighbours may be hidden."))
    }
    let stolen = state.cpus.filter { state.activity?.stolen[$0] ?? 0 > 0 }
    if !stolen.isEmpty {
      let most = stolen.map { state.activity?.stolen[$0] ?? 0 }.max() ?? 0
      findings.append(
        Finding(
          .warning, .steal,
          seen: "The hypervisor took up to \(percent(most)) of the time of CPUs \(CPUSet(stolen)) during the check.",
          harm: "The host gives the CPUs to others meanwhile.",
          remedy: "Measure when the host is idle, or on a machine whose CPUs are not shared."))
    } else if let share = state.stolenSinceStart, share >= littleSteal {
      findings.append(
        Finding(
          .note, .steal,
          seen: "The hypervisor has taken \(number(share * 100)) % of the CPUs' time since the system began.",
          harm: "It may do so during the run; samples say when.",
          remedy: "Read the quality column: it counts such rounds."))
    }
    return findings
  }

  private static func virtual(_ state: MachineState) -> [Finding] {
    guard let hypervisor = state.environment.hypervisor else { return [] }
    let name = hypervisor == "yes" ? "" : " (\(hypervisor))"
    return [
      Finding(
        .warning, .virtual, seen: "The machine is virtual\(name).",
        harm: "Clock, caches and neighbours are not under its control.",
        remedy: "Compare within one run only, or measure on bare metal.")
    ]
  }

  // MARK: Clock

  private static func ofClock(_ state: MachineState) -> [Finding] {
    var findings: [Finding] = []
    let cpu = state.cpus.first ?? 0
    if let governors = state.environment.governors {
      if governors != ["performance"] {
        findings.append(
          Finding(
            .warning, .governor,
            seen: "The frequency governor is \(governors.joined(separator: ", ")), not performance.",
            harm: "The clock rises some time after the work has begun, and falls when threads wait.",
            remedy: "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"))
      }
    } else {
      findings.append(
        unknown(
          .governor, "The frequency governor", ["sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_governor"],
          "The clock may change during the run."))
    }
    switch state.environment.turboEnabled {
    case true?:
      let off =
        switch state.turboControl {
        case MachineState.turboControls[0]?: "echo 1 | sudo tee /\(MachineState.turboControls[0])"
        case let file?: "echo 0 | sudo tee /\(file)"
        case nil: String?.none
        }
      findings.append(
        Finding(
          .note, .turbo, seen: "Turbo is on.",
          harm: "The clock depends on temperature and on how many cores are busy: fewer threads run faster.",
          remedy: off))
    case false?: break
    case nil:
      findings.append(
        unknown(
          .turbo, "Whether turbo is on", MachineState.turboControls,
          "The clock may depend on temperature and on how many cores are busy."))
    }
    return findings
  }

  // MARK: Memory

  private static func ofMemory(_ state: MachineState) -> [Finding] {
    var findings: [Finding] = []
    let environment = state.environment
    if let pages = state.activity?.swappedPages, pages > 0 {
      findings.append(
        Finding(
          .warning, .memory, seen: "\(words(pages, "page")) were swapped during the check.",
          harm: "Threads wait for the disk.", remedy: "End what takes the memory: ps aux --sort -rss | head"))
    } else if let used = state.swapUsed, used > 0 {
      findings.append(
        Finding(
          .note, .memory, seen: "\(number(Double(used) / Double(1 << 20))) MiB of swap space are in use.",
          harm: "Memory was short, and may be again.", remedy: "sudo swapoff -a, if the memory suffices."))
    } else if state.swapUsed == nil {
      findings.append(
        unknown(.memory, "Whether swap space is in use", ["proc/meminfo"], "Threads may wait for the disk."))
    }
    if let pressure = state.memoryPressurePercent {
      if pressure >= 1 {
        findings.append(
          Finding(
            .warning, .memory,
            seen: "Programs waited for memory in \(number(pressure)) % of the last ten seconds.",
            harm: "The kernel takes pages away and looks for free ones while threads compute.",
            remedy: "End what takes the memory: ps aux --sort -rss | head"))
      }
    } else {
      findings.append(
        unknown(.memory, "Whether programs wait for memory", ["proc/pressure/memory"], "Memory may be short."))
    }
    if let total = environment.memoryTotal, let available = environment.memoryAvailable, available < total / 10 {
      findings.append(
        Finding(
          .note, .memory, seen: "Less than a tenth of the memory is available.",
          harm: "The kernel may have to make room during the run.",
          remedy: "End what takes the memory: ps aux --sort -rss | head"))
    }
    switch environment.transparentHugePages {
    case "always"?: break
    case let setting?:
      findings.append(
        Finding(
          .note, .hugePages, seen: "Transparent huge pages are set to \(setting).",
          harm: "Tensors lie in small pages: large layers pay for translating addresses.",
          remedy: "echo always | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"))
    case nil:
      findings.append(
        unknown(
          .hugePages, "The setting of transparent huge pages", ["sys/kernel/mm/transparent_hugepage/enabled"],
          "Large layers may pay for translating addresses."))
    }
    return findings
  }

  // MARK: Counters and isolation

  private static func ofCounters(_ state: MachineState) -> [Finding] {
    let missing = (state.environment.counters ?? []).filter { $0.unavailable != nil }
    var reasons: [String] = []
    for reason in missing.compactMap(\.unavailable) where !reasons.contains(reason) { reasons.append(reason) }
    return reasons.map { reason in
      let events = missing.filter { $0.unavailable == reason }.map(\.event).joined(separator: ", ")
      return Finding(
        .note, .counters, seen: "Samples will not count \(events): \(reason).",
        harm: "What bounds a kernel has to be told from its times alone.")
    }
  }

  private static func ofIsolation(_ state: MachineState) -> [Finding] {
    guard let isolated = state.isolated else {
      return [
        unknown(
          .isolation, "Whether CPUs are isolated", ["sys/devices/system/cpu/isolated"],
          "The scheduler may use all of them.")
      ]
    }
    let tickless = state.tickless ?? CPUSet()
    if !state.cpus.isEmpty && state.cpus.isSubset(of: isolated) { return [] }
    let shared = state.cpus.subtracting(isolated)
    let seen =
      isolated.isEmpty
      ? "No CPU is isolated from the scheduler."
      : "CPUs \(isolated) are isolated from the scheduler, CPUs \(shared) are not."
    return [
      Finding(
        .note, .isolation,
        seen: seen + (tickless.isEmpty ? "" : " CPUs \(tickless) run without a regular timer interrupt."),
        harm: "Whatever becomes ready to run may be put on a CPU of the run.",
        remedy: "Boot with isolcpus=LIST nohz_full=LIST, and choose those CPUs: taskset -c LIST pointwise run")
    ]
  }

  // MARK: Words

  /// A finding that something could not be found out, for want of a file.
  private static func unknown(
    _ subject: Finding.Subject, _ what: String, _ files: [String], _ harm: String
  ) -> Finding {
    Finding(
      .unknown, subject,
      seen: "\(what) is unknown: \(files.map { "/\($0)" }.joined(separator: " and ")) cannot be read.", harm: harm)
  }

  private static func words(_ count: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

  /// At most two digits after the point.
  private static func number(_ value: Double) -> String { ((value * 100).rounded() / 100).csvField }
}
