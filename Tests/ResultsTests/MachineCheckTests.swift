import Testing
import Topology

@testable import Results

@Suite struct MachineCheckTests {
  private let firstTwo = CPUSet([0, 1])

  private func only(_ findings: [Finding]) throws -> Finding {
    #expect(findings.count == 1, "\(findings)")
    return try #require(findings.first)
  }

  @Test func nothingIsFoundOnAMachineInGoodOrder() throws {
    let tree = try MachineTree(cores: 4)
    #expect(try tree.findings(cpus: firstTwo, threads: 2) == [])
  }

  // MARK: Bare metal

  @Test func aGovernorThatSavesPower() throws {
    let tree = try MachineTree(cores: 4)
    for cpu in 0..<8 { try tree.write("powersave\n", to: "sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_governor") }
    let finding = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(finding.severity == .warning && finding.subject == .governor && finding.seen.contains("powersave"))
    #expect(finding.remedy == "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
  }

  @Test func turboIsTurnedOffWhereTheDriverSays() throws {
    let tree = try MachineTree(cores: 4)
    try tree.write("0\n", to: "sys/devices/system/cpu/intel_pstate/no_turbo")
    let intel = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(intel.subject == .turbo && intel.severity == .note)
    #expect(intel.remedy == "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo")
    try tree.remove("sys/devices/system/cpu/intel_pstate")
    try tree.write("1\n", to: "sys/devices/system/cpu/cpufreq/boost")
    let other = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(other.remedy == "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost")
  }

  @Test func isolationIsToldOnlyOfCPUsThatAreNot() throws {
    let tree = try MachineTree(cores: 4)
    try tree.write("1-3\n", to: "sys/devices/system/cpu/isolated")
    try tree.write("1\n", to: "sys/devices/system/cpu/nohz_full")
    #expect(try tree.findings(cpus: CPUSet([1, 2]), threads: 2) == [])
    let some = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(
      some.severity == .note && some.seen.contains("CPUs 1-3 are isolated") && some.seen.contains("CPUs 0 are not"))
    #expect(some.seen.contains("CPUs 1 run without"))
    try tree.write("\n", to: "sys/devices/system/cpu/isolated")
    #expect(try only(tree.findings(cpus: firstTwo, threads: 2)).seen.hasPrefix("No CPU is isolated"))
  }

  // MARK: Containers

  @Test func aQuotaBelowTheThreadsIsSevere() throws {
    let tree = try MachineTree(cores: 4)
    // The limit is of a group above that of the process.
    try tree.write("0::/pod/job\n", to: "proc/self/cgroup")
    try tree.write("max 100000\n", to: "sys/fs/cgroup/pod/job/cpu.max")
    try tree.write("150000 100000\n", to: "sys/fs/cgroup/pod/cpu.max")
    let tight = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(tight.severity == .severe && tight.subject == .quota)
    #expect(tight.seen == "The container may use only 1.5 CPUs' worth of time, and 2 threads will run.")
    #expect(tight.remedy == "--threads 1, or run the container with a higher limit: docker run --cpus 2")
    // It suffices for one.
    #expect(try only(tree.findings(cpus: CPUSet([0]), threads: 1)).severity == .note)

    // Version 1, less than one CPU.
    try tree.write("4:cpu,cpuacct:/docker/0123\n", to: "proc/self/cgroup")
    try tree.write("50000\n", to: "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    try tree.write("100000\n", to: "sys/fs/cgroup/cpu/cpu.cfs_period_us")
    let half = try only(tree.findings(cpus: CPUSet([0]), threads: 1))
    #expect(half.severity == .severe && half.seen.contains("0.5 CPUs") && half.remedy?.hasPrefix("Run the") == true)
  }

  // MARK: Neighbours

  @Test func aProgramOnACPUOfTheRunIsNamed() throws {
    let tree = try MachineTree(cores: 4)
    try tree.process(200, "a (b) c", ticks: 1000, cpu: 1)
    try tree.process(201, "elsewhere", ticks: 1000, cpu: 3)
    try tree.process(202, "idle", ticks: 1000, cpu: 0)
    let finding = try only(
      try tree.findings(cpus: firstTwo, threads: 2) {
        try tree.process(200, "a (b) c", ticks: 1018, cpu: 1)
        try tree.process(201, "elsewhere", ticks: 1020, cpu: 3)
        try tree.process(202, "idle", ticks: 1001, cpu: 0)
        try tree.use(1, busy: 18)
        try tree.use(3, busy: 20)
      })
    #expect(finding.severity == .warning && finding.subject == .neighbours)
    #expect(finding.seen == "The CPUs of the run are in use: a (b) c (process 200, 90 % of a CPU, on CPU 1).")
    // The command names the process, and the CPUs that are free of the run.
    #expect(finding.remedy?.contains("for i in 200; do taskset -acp 2-7 $i; done") == true)
  }

  @Test func threadsAreLookedForWhereTheyRun() throws {
    let tree = try MachineTree(cores: 4)
    // The first thread sleeps on CPU 5; two others compute.
    try tree.process(300, "server", ticks: 0, cpu: 5)
    try tree.process(300, "server", ticks: 0, cpu: 5, thread: 300)
    for (thread, cpu) in [(301, 0), (302, 6)] {
      try tree.process(300, "server", ticks: 9, cpu: cpu, thread: thread, state: "R")
    }
    let finding = try only(
      try tree.findings(cpus: firstTwo, threads: 2) { try tree.process(300, "server", ticks: 40, cpu: 5) })
    #expect(finding.seen.contains("server (process 300, 200 % of a CPU, on CPU 0,6)"))
  }

  @Test func theLabItselfIsNoNeighbour() throws {
    let tree = try MachineTree(cores: 4)
    let found = try tree.findings(cpus: firstTwo, threads: 2) {
      try tree.process(100, "pointwise", ticks: 70, cpu: 0)
      try tree.use(0, busy: 20)
    }
    #expect(found == [])
  }

  @Test func anotherProcessUnderAnOldNumberHasNoHistory() throws {
    let tree = try MachineTree(cores: 4)
    try tree.process(200, "old", ticks: 10, cpu: 0)
    let found = try tree.findings(cpus: firstTwo, threads: 2) {
      try tree.process(200, "new", ticks: 900, cpu: 0, start: 2)
    }
    #expect(found == [])
  }

  @Test func aBusyCPUWithoutAVisibleProcess() throws {
    let tree = try MachineTree(cores: 4)
    let finding = try only(tree.findings(cpus: firstTwo, threads: 2) { try tree.use(1, busy: 10) })
    #expect(finding.seen == "The CPUs of the run are in use: CPU 1 is 50 % busy with what was not seen here.")
    #expect(finding.remedy?.hasPrefix("Wait") == true)
    // Two ticks in twenty are the kernel's own noise.
    #expect(try tree.findings(cpus: firstTwo, threads: 2) { try tree.use(1, busy: 2) } == [])
  }

  @Test func aBusySiblingIsNotOnTheRunsCPUs() throws {
    let tree = try MachineTree(cores: 4)
    try tree.process(200, "neighbour", ticks: 0, cpu: 5)
    let meanwhile = {
      try tree.process(200, "neighbour", ticks: 20, cpu: 5)
      try tree.use(5, busy: 20)
    }
    let finding = try only(tree.findings(cpus: firstTwo, threads: 2, meanwhile: meanwhile))
    #expect(finding.severity == .warning && finding.subject == .smt)
    #expect(finding.seen.contains("neighbour (process 200, 100 % of a CPU, on CPU 5)"))
    // Another core's sibling does not matter.
    try tree.process(200, "neighbour", ticks: 0, cpu: 5)
    #expect(try tree.findings(cpus: CPUSet([2, 3]), threads: 2, meanwhile: meanwhile) == [])
  }

  @Test func bothThreadsOfACoreAreNoted() throws {
    let tree = try MachineTree(cores: 4)
    let finding = try only(tree.findings(cpus: CPUSet([0, 1, 4]), threads: 3))
    #expect(finding.severity == .note && finding.subject == .smt && finding.seen.contains("CPUs 0,4 of the run"))
  }

  @Test func load() throws {
    let tree = try MachineTree(cores: 4)
    try tree.write("2.50 1.00 0.50 2/300 4242\n", to: "proc/loadavg")
    let finding = try only(tree.findings(cpus: firstTwo, threads: 2))
    #expect(finding.subject == .load && finding.seen.contains("load average was 2.5."))
  }

  // MARK: Hypervisor and memory

  @Test func aVirtualMachineThatIsRobbed() throws {
    let tree = try MachineTree(cores: 4)
    try tree.write("processor\t: 0\nflags\t\t: fpu hypervisor\n", to: "proc/cpuinfo")
    try tree.write("QEMU\n", to: "sys/class/dmi/id/sys_vendor")
    let now = try tree.findings(cpus: firstTwo, threads: 2) {
      try tree.use(1, stolen: 4)
      try tree.use(7, stolen: 9)
    }
    #expect(now.map(\.subject) == [.virtual, .steal] && now.allSatisfy { $0.severity == .warning })
    #expect(now[0].seen.contains("(QEMU)") && now[1].seen.contains("up to 20 % of the time of CPUs 1 "))
    // It was stolen before; nothing is at the moment.
    try tree.use(0, stolen: 1000)
    let before = try tree.findings(cpus: firstTwo, threads: 2)
    #expect(before.map(\.severity) == [.warning, .note] && before[1].subject == .steal)
  }

  @Test func memoryThatIsShort() throws {
    let tree = try MachineTree(cores: 4)
    try tree.write(
      "MemTotal: 1000 kB\nMemAvailable: 90 kB\nSwapTotal: 9000 kB\nSwapFree: 3880 kB\n", to: "proc/meminfo")
    try tree.write("some avg10=2.50 avg60=0.00\n", to: "proc/pressure/memory")
    try tree.write("always [never]\n", to: "sys/kernel/mm/transparent_hugepage/enabled")
    let calm = try tree.findings(cpus: firstTwo, threads: 2)
    #expect(calm.map(\.subject) == [.memory, .memory, .memory, .hugePages])
    #expect(calm.map(\.severity) == [.warning, .note, .note, .note])
    #expect(calm[0].seen.contains("2.5 %") && calm[1].seen.hasPrefix("5 MiB of swap"))
    let swapping = try tree.findings(cpus: firstTwo, threads: 2) {
      try tree.write("pswpin 15\npswpout 8\n", to: "proc/vmstat")
    }
    #expect(swapping[0].seen == "11 pages were swapped during the check." && swapping[0].severity == .warning)
  }

  // MARK: Program and counters

  @Test func whatTheProgramIsAndHasBeenTold() {
    var environment = Environment()
    environment.build = .debug
    environment.counters = [
      .init(event: "cycles", unavailable: "no such machine"),
      .init(event: "instructions", unavailable: "no such machine"),
      .init(event: "cpu-migrations", unavailable: "forbidden"), .init(event: "context-switches"),
    ]
    var state = MachineState(environment: environment)
    state.hwlocVariables = ["HWLOC_XMLFILE": "m.xml", "HWLOC_THISSYSTEM": "1"]
    let findings = MachineCheck.findings(state).filter { $0.severity != .unknown }
    #expect(findings.prefix(2).map(\.subject) == [.build, .topology] && findings[1].severity == .severe)
    #expect(findings[1].seen.contains("HWLOC_THISSYSTEM=1 HWLOC_XMLFILE=m.xml"))
    #expect(findings[1].remedy == "unset HWLOC_THISSYSTEM HWLOC_XMLFILE")
    let counters = findings.filter { $0.subject == .counters }.map(\.seen)
    #expect(counters.count == 2, "one for each reason")
    #expect(counters[0] == "Samples will not count cycles, instructions: no such machine.")
  }

  // MARK: What is not known

  @Test func withoutAnyFileEverythingIsUnknownAndNamed() throws {
    let tree = try MachineTree(empty: 4)
    let findings = try tree.findings(cpus: firstTwo, threads: 2)
    #expect(findings.allSatisfy { $0.severity == .unknown && $0.remedy == nil }, "\(findings)")
    let files = [
      "/proc/stat", "/proc/loadavg", "/proc/cpuinfo", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
      "/sys/devices/system/cpu/intel_pstate/no_turbo", "/sys/devices/system/cpu/cpufreq/boost", "/proc/meminfo",
      "/proc/pressure/memory", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/devices/system/cpu/isolated",
    ]
    for file in files { #expect(findings.contains { $0.seen.contains("\(file) ") }, "\(file)") }
    #expect(findings.count == 9)
  }

  @Test func siblingsThatNobodyTells() {
    var state = MachineState(environment: Environment(), cpus: firstTwo)
    state.activity = Activity(busy: [:], unseenProcesses: 3)
    let unknown = MachineCheck.findings(state).filter { $0.subject == .smt || $0.subject == .neighbours }.map(\.seen)
    #expect(unknown.contains { $0.contains("cpu0/topology/thread_siblings_list") })
    #expect(unknown.contains { $0.hasPrefix("3 processes could not be looked at") })
  }

  /// Old runs recorded an environment alone: what is missing in it says nothing.
  @Test func anEnvironmentAlone() {
    var environment = Environment()
    #expect(MachineCheck.findings(environment) == [])
    environment.cpuQuota = 1.5
    environment.logicalCPUs = 4
    environment.hypervisor = "yes"
    environment.build = .debug
    #expect(MachineCheck.findings(environment).map(\.subject) == [.build, .quota, .virtual])
    environment.cpuQuota = 4
    #expect(MachineCheck.findings(environment).map(\.subject) == [.build, .virtual])
  }

  // MARK: This system

  /// Whatever there is to see, looking does not fail, and takes as long as it says.
  @Test func thisSystemIsLookedAt() throws {
    let machine = try HwlocTopology().machine
    let state = MachineState.capture(
      environment: .capture(), machine: machine, threads: 1, cpus: CPUSet([machine.eligible.first ?? 0]))
    #expect(state.activity != nil)
    let findings = MachineCheck.findings(state)
    #expect(findings.map(\.severity) == findings.map(\.severity).sorted())
    for finding in findings { #expect(finding.seen.hasSuffix(".") && finding.harm.hasSuffix(".")) }
  }
}
