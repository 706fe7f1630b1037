public import SystemPackage
public import Topology

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension MachineState {
  /// The clock of a capture, so that a test need not wait.
  struct Clock {
    /// Seconds.
    var now: () -> Double
    /// Waits for so many seconds.
    var wait: (Double) -> Void

    /// The monotonic clock.
    static var monotonic: Clock {
      let start = ContinuousClock.now
      return Clock(
        now: { (ContinuousClock.now - start) / .seconds(1) },
        wait: { seconds in if seconds > 0 { usleep(useconds_t(seconds * 1e6)) } })
    }
  }

  /// How long others are watched, in seconds: twenty ticks of the kernel's usual accounting.
  static let window = 0.2
  /// How long one look at all processes may take, in seconds. A server may have ten thousand.
  static let patience = 0.06
  /// A process that takes less of a CPU than this is the background noise of any system.
  static let leastShare = 0.1

  /// Looks at the machine for about a quarter of a second.
  ///
  /// - Parameters:
  ///   - root: where /proc and /sys are looked for, so that a test can show another machine.
  ///   - environment: what is known of the machine.
  ///   - machine: its topology.
  ///   - threads: the most threads that a case has; nil if no run is meant.
  ///   - cpus: the CPUs that threads will use.
  public static func capture(
    root: FilePath = "/", environment: Environment, machine: Machine, threads: Int?, cpus: CPUSet
  ) -> MachineState {
    capture(
      root: root, environment: environment, machine: machine, threads: threads, cpus: cpus, clock: .monotonic)
  }

  static func capture(
    root: FilePath, environment: Environment, machine: Machine, threads: Int?, cpus: CPUSet, clock: Clock
  ) -> MachineState {
    let files = SystemFiles(root: root)
    var state = MachineState(environment: environment, threads: threads, cpus: cpus)
    let began = clock.now()
    let before = ActivitySnapshot(files) { clock.now() - began < patience }

    state.otherCPUs = CPUSet(machine.pus.map(\.osIndex)).subtracting(cpus)
    state.hwlocVariables = machine.environment
    for cpu in cpus { state.siblings[cpu] = siblings(cpu, machine, files) }
    state.turboControl = turboControls.first { files.text($0) != nil }
    state.isolated = files.cpus("sys/devices/system/cpu/isolated")
    state.tickless = files.cpus("sys/devices/system/cpu/nohz_full")
    let memory = files.fields("proc/meminfo")
    if let total = memory.first(of: "SwapTotal").flatMap(Environment.bytes),
      let free = memory.first(of: "SwapFree").flatMap(Environment.bytes)
    {
      state.swapUsed = total - free
    }
    state.memoryPressurePercent = files.lines("proc/pressure/memory").first { $0.hasPrefix("some ") }.flatMap { line in
      line.words.first { $0.hasPrefix("avg10=") }.flatMap { Double($0.dropFirst("avg10=".count)) }
    }
    let totals = before.cpus.values
    let time = totals.reduce(0) { $0 + $1.total }
    if time > 0 { state.stolenSinceStart = Double(totals.reduce(0) { $0 + $1.stolen }) / Double(time) }

    clock.wait(window - (clock.now() - began))
    let middle = clock.now()
    let after = ActivitySnapshot(files) { clock.now() - middle < patience }
    let perSecond = sysconf(CInt(_SC_CLK_TCK))
    state.activity = after.activity(
      since: before, ticks: (middle - began) * Double(perSecond > 0 ? perSecond : 100), files: files, least: leastShare)
    return state
  }

  /// Where the kernel lets turbo be turned off: Intel's driver, and the others.
  static let turboControls = [
    "sys/devices/system/cpu/intel_pstate/no_turbo", "sys/devices/system/cpu/cpufreq/boost",
  ]

  /// The other CPUs of a core. The kernel's list has those that a container may not use, too, and hwloc's may not.
  private static func siblings(_ cpu: Int, _ machine: Machine, _ files: SystemFiles) -> CPUSet? {
    let core = machine.pu(cpu: cpu)?.core.flatMap { index in machine.cores.first { $0.index == index }?.cpus }
    let listed = files.cpus("sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list")
    guard let all = listed ?? core else { return nil }
    return all.union(core ?? CPUSet()).subtracting(CPUSet(cpu: cpu))
  }
}
