public import Topology

/// What other programs did during a short time.
public struct Activity: Sendable, Hashable {
  /// A process that took CPU time.
  public struct Process: Sendable, Hashable {
    /// Its number.
    public var id: Int
    /// Its name, as the kernel shortens it.
    public var name: String
    /// CPUs' worth of time: 1 for one thread that never rested.
    public var share: Double
    /// The CPUs that its threads were on.
    public var cpus: CPUSet

    /// A process.
    public init(id: Int, name: String, share: Double, cpus: CPUSet) {
      self.id = id
      self.name = name
      self.share = share
      self.cpus = cpus
    }
  }

  /// For each CPU, the part of the time in which others than this process used it, from 0 to 1.
  public var busy: [Int: Double]
  /// For each CPU, the part of the time in which the hypervisor ran something else, from 0 to 1.
  public var stolen: [Int: Double]
  /// Other processes that took time, the busiest first.
  public var processes: [Process]
  /// How many processes could not be looked at in the time that the check has.
  public var unseenProcesses: Int
  /// Pages that were swapped in or out; nil if it is not known.
  public var swappedPages: Int?

  /// An activity.
  public init(
    busy: [Int: Double], stolen: [Int: Double] = [:], processes: [Process] = [], unseenProcesses: Int = 0,
    swappedPages: Int? = nil
  ) {
    self.busy = busy
    self.stolen = stolen
    self.processes = processes
    self.unseenProcesses = unseenProcesses
    self.swappedPages = swappedPages
  }
}

/// What the kernel has counted of CPUs and processes so far, in ticks. Differences between two are an ``Activity``.
struct ActivitySnapshot: Sendable {
  /// A CPU's line of /proc/stat.
  struct CPU: Sendable {
    var busy: Int
    var stolen: Int
    var total: Int
  }

  /// A process's line of /proc/PID/stat.
  struct Process: Sendable {
    var name: String
    var ticks: Int
    /// The CPU that its first thread ran on last.
    var cpu: Int
    /// When it began: another process may get the number of one that has ended.
    var start: Int
  }

  var cpus: [Int: CPU] = [:]
  var processes: [Int: Process] = [:]
  var unseenProcesses = 0
  var ownProcess: Int?
  var swappedPages: Int?

  /// Reads the present state of every process, as long as `hasTime` says so.
  init(_ files: SystemFiles, hasTime: () -> Bool) {
    for line in files.lines("proc/stat") where line.hasPrefix("cpu") {
      // cpuN user nice system idle iowait irq softirq steal …, where user and nice include the time of guests.
      let words = line.words
      let ticks = words.dropFirst().prefix(8).compactMap { Int($0) }
      guard let name = words.first, let cpu = Int(name.dropFirst(3)), ticks.count == 8 else { continue }
      let total = ticks.reduce(0, +)
      cpus[cpu] = CPU(busy: total - ticks[3] - ticks[4] - ticks[7], stolen: ticks[7], total: total)
    }
    let vm = files.lines("proc/vmstat").map(\.words).filter { $0.count == 2 && ["pswpin", "pswpout"].contains($0[0]) }
    if vm.count == 2 { swappedPages = vm.compactMap { Int($0[1]) }.reduce(0, +) }
    ownProcess = files.text("proc/self/stat").flatMap { Int($0.prefix { $0.isNumber }) }
    for name in files.names("proc") {
      guard let id = Int(name) else { continue }
      if !hasTime() {
        unseenProcesses += 1
      } else if let process = files.bytes("proc/\(id)/stat").flatMap({ Self.process($0) }) {
        processes[id] = process.process
      }
    }
  }

  /// What a stat file of a process or thread says (proc_pid_stat(5)), and whether it runs.
  static func process(_ line: [UInt8]) -> (process: Process, isRunning: Bool)? {
    // The name stands in parentheses, and may hold spaces and parentheses.
    guard let open = line.firstIndex(of: UInt8(ascii: "(")), let close = line.lastIndex(of: UInt8(ascii: ")")),
      open < close
    else { return nil }
    // From the third field on: state is 3, utime 14, stime 15, starttime 22, processor 39.
    let fields = line[(close + 1)...].split(maxSplits: 37) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    func number(_ field: Int) -> Int? { Int(String(decoding: fields[field - 3], as: UTF8.self)) }
    guard fields.count > 36, let user = number(14), let system = number(15), let start = number(22),
      let cpu = number(39), cpu >= 0
    else { return nil }
    let name = String(decoding: line[(open + 1)..<close], as: UTF8.self)
    return (Process(name: name, ticks: user + system, cpu: cpu, start: start), fields[0].elementsEqual("R".utf8))
  }

  /// What happened from `earlier` until this snapshot, `ticks` of the clock later; nil if the CPUs are not known.
  ///
  /// - Parameters:
  ///   - files: where threads of busy processes are looked for.
  ///   - least: processes that took less than this part of a CPU are left out.
  func activity(since earlier: ActivitySnapshot, ticks: Double, files: SystemFiles, least: Double) -> Activity? {
    if cpus.isEmpty || ticks <= 0 { return nil }
    func difference(_ id: Int) -> (Process, Int)? {
      guard let now = processes[id], let then = earlier.processes[id], now.start == then.start else { return nil }
      return (now, now.ticks - then.ticks)
    }
    var activity = Activity(busy: [:], unseenProcesses: max(unseenProcesses, earlier.unseenProcesses))
    if let now = swappedPages, let then = earlier.swappedPages { activity.swappedPages = now - then }
    for (number, now) in cpus {
      guard let then = earlier.cpus[number] else { continue }
      // What this process itself did is no disturbance.
      let own = ownProcess.flatMap(difference).map { $0.cpu == number ? $1 : 0 } ?? 0
      activity.busy[number] = min(1, Double(max(0, now.busy - then.busy - own)) / ticks)
      activity.stolen[number] = min(1, Double(max(0, now.stolen - then.stolen)) / ticks)
    }
    for id in processes.keys where id != ownProcess {
      guard let (process, taken) = difference(id), Double(taken) >= least * ticks else { continue }
      // The time is that of all threads, the CPU that of the first one.
      let threads = files.names("proc/\(id)/task").prefix(256).compactMap { thread in
        files.bytes("proc/\(id)/task/\(thread)/stat").flatMap { Self.process($0) }
      }
      let running = threads.filter(\.isRunning).map(\.process.cpu)
      activity.processes.append(
        .init(
          id: id, name: process.name, share: Double(taken) / ticks,
          cpus: CPUSet(running.isEmpty ? [process.cpu] : running)))
    }
    activity.processes.sort { ($1.share, $0.id) < ($0.share, $1.id) }
    return activity
  }
}
