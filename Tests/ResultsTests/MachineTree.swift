import Foundation
import SystemPackage
import Topology

@testable import Results

/// A /proc and /sys of a machine that is made up: bare metal, well kept and idle, of cores with two hardware threads,
/// CPU n and CPU n + `cores`.
final class MachineTree {
  let folder: TemporaryFolder
  let machine: Machine
  let cores: Int
  /// The clock ticks that have passed.
  private var ticks = 0
  /// The ticks that each CPU was busy, and stolen, beyond the beginning.
  private var busy: [Int: Int] = [:]
  private var stolen: [Int: Int] = [:]

  /// A tree with nothing in it.
  init(empty cores: Int) throws {
    folder = try TemporaryFolder()
    self.cores = cores
    machine = try HwlocTopology(
      .synthetic(
        description:
          "core:\(cores) pu:2(indexes=\((0..<cores).flatMap { ["\($0)", "\($0 + cores)"] }.joined(separator: ",")))")
    ).machine
  }

  /// A machine of so many cores in good order.
  convenience init(cores: Int) throws {
    try self.init(empty: cores)
    let cpus = 0..<2 * cores
    try write("processor\t: 0\nflags\t\t: fpu avx2\n", to: "proc/cpuinfo")
    try write("MemTotal: 1000 kB\nMemAvailable: 900 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", to: "proc/meminfo")
    try write("0.05 0.10 0.20 1/300 4242\n", to: "proc/loadavg")
    try write("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00\n", to: "proc/pressure/memory")
    try write("[always] madvise never\n", to: "sys/kernel/mm/transparent_hugepage/enabled")
    try write("1\n", to: "sys/devices/system/cpu/intel_pstate/no_turbo")
    try write("0-\(2 * cores - 1)\n", to: "sys/devices/system/cpu/online")
    try write("0-\(2 * cores - 1)\n", to: "sys/devices/system/cpu/isolated")
    try write("\n", to: "sys/devices/system/cpu/nohz_full")
    for cpu in cpus {
      let path = "sys/devices/system/cpu/cpu\(cpu)"
      try write("performance\n", to: "\(path)/cpufreq/scaling_governor")
      try write("\(cpu % cores),\(cpu % cores + cores)\n", to: "\(path)/topology/thread_siblings_list")
    }
    try write("pswpin 5\npswpout 7\n", to: "proc/vmstat")
    try process(100, "pointwise", ticks: 50, cpu: 0)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/proc/self", withDestinationPath: folder.path + "/proc/100")
    try writeTimes()
  }

  func write(_ text: String, to name: String) throws { try folder.write(text, to: name) }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: folder.path + "/" + name) }

  /// A line of proc_pid_stat(5) for a process, or for one of its threads.
  func process(
    _ id: Int, _ name: String, ticks: Int, cpu: Int, thread: Int? = nil, state: String = "S", start: Int = 1
  ) throws {
    let middle = (4...13).map { _ in "0" }.joined(separator: " ")
    let late = (23...38).map { _ in "0" }.joined(separator: " ")
    let line = "\(id) (\(name)) \(state) \(middle) \(ticks) 0 0 0 20 0 1 0 \(start) \(late) \(cpu) 0 0\n"
    try write(line, to: "proc/\(id)/" + (thread.map { "task/\($0)/" } ?? "") + "stat")
  }

  /// Lets a CPU have been busy, or stolen, for so many ticks more.
  func use(_ cpu: Int, busy: Int = 0, stolen: Int = 0) throws {
    self.busy[cpu, default: 0] += busy
    self.stolen[cpu, default: 0] += stolen
    try writeTimes()
  }

  private func writeTimes() throws {
    var text = "cpu  1 2 3 4 5 6 7 8 9 10\n"
    for cpu in 0..<2 * cores {
      // user nice system idle iowait irq softirq steal guest guest_nice
      text += "cpu\(cpu) \(1000 + (busy[cpu] ?? 0)) 0 500 \(90_000 + ticks) 10 0 0 \(stolen[cpu] ?? 0) 0 0\n"
    }
    try write(text + "intr 1 2 3\n", to: "proc/stat")
  }

  /// The state before a run on `cpus`, where `meanwhile` happens between the two looks, 20 ticks apart.
  func state(cpus: CPUSet, threads: Int?, meanwhile: () throws -> Void = {}) throws -> MachineState {
    let root = FilePath(folder.path)
    var environment = Environment.capture(root: root)
    // That of the test itself.
    environment.build = .release
    var seconds = 0.0
    return try withoutActuallyEscaping(meanwhile) { meanwhile in
      var failure: (any Error)?
      let clock = MachineState.Clock(
        now: { seconds },
        wait: { wait in
          seconds += wait
          self.ticks += Int(wait * 100)
          do { try meanwhile() } catch { failure = error }
        })
      let state = MachineState.capture(
        root: root, environment: environment, machine: machine, threads: threads, cpus: cpus, clock: clock)
      if let failure { throw failure }
      return state
    }
  }

  /// What the check finds before such a run.
  func findings(cpus: CPUSet, threads: Int?, meanwhile: () throws -> Void = {}) throws -> [Finding] {
    MachineCheck.findings(try state(cpus: cpus, threads: threads, meanwhile: meanwhile))
  }
}
