import Results
import SystemPackage
import Testing

@Suite struct EnvironmentTests {
  @Test func nothingIsKnownOfAnEmptyTree() throws {
    let tree = try TemporaryFolder()
    var environment = Environment.capture(root: FilePath(tree.path))
    // These are of the process, not of the tree.
    #expect(environment.pageSize ?? 0 >= 4096)
    #expect(environment.build != nil && environment.compiler != nil)
    environment.pageSize = nil
    environment.build = nil
    environment.compiler = nil
    #expect(environment == Environment())
  }

  @Test func thisSystemCanBeDescribed() {
    let environment = Environment.capture(isas: ["portable"], commit: "abc")
    #expect(environment.kernelRelease != nil)
    #expect(environment.memoryTotal ?? 0 > 1 << 20)
    #expect(environment.loadAverage?.count == 3)
    #expect(environment.isas == ["portable"] && environment.commit == "abc")
  }

  @Test func anX86VirtualMachineInAContainer() throws {
    let tree = try TemporaryFolder()
    try tree.write("lab\n", to: "proc/sys/kernel/hostname")
    try tree.write("6.8.0-45-generic\n", to: "proc/sys/kernel/osrelease")
    try tree.write("NAME=\"X\"\nPRETTY_NAME=\"Example Linux 1.2\"\n", to: "etc/os-release")
    let cpu = "model name\t: Example CPU @ 2.10GHz\nflags\t\t: fpu sse2 avx2 hypervisor\n\n"
    try tree.write("processor\t: 0\n\(cpu)processor\t: 1\n\(cpu)", to: "proc/cpuinfo")
    try tree.write("MemTotal:       16303428 kB\nMemAvailable:    1024 kB\n", to: "proc/meminfo")
    try tree.write("0.52 0.58 0.59 1/467 12345\n", to: "proc/loadavg")
    try tree.write("always [madvise] never\n", to: "sys/kernel/mm/transparent_hugepage/enabled")
    try tree.write("1\n", to: "sys/devices/system/cpu/smt/active")
    try tree.write("1\n", to: "sys/devices/system/cpu/intel_pstate/no_turbo")
    try tree.write("0-1\n", to: "sys/devices/system/cpu/online")
    try tree.write("powersave\n", to: "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    try tree.write("performance\n", to: "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor")
    for (index, cache) in [("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2M")].enumerated() {
      let folder = "sys/devices/system/cpu/cpu0/cache/index\(index)"
      try tree.write(cache.0 + "\n", to: "\(folder)/level")
      try tree.write(cache.1 + "\n", to: "\(folder)/type")
      try tree.write(cache.2 + "\n", to: "\(folder)/size")
      try tree.write("0\n", to: "\(folder)/shared_cpu_list")
    }
    try tree.write("QEMU\n", to: "sys/class/dmi/id/sys_vendor")
    try tree.write("0::/pod/job\n", to: "proc/self/cgroup")
    try tree.write("max 100000\n", to: "sys/fs/cgroup/pod/job/cpu.max")
    try tree.write("150000 100000\n", to: "sys/fs/cgroup/pod/cpu.max")

    let environment = Environment.capture(root: FilePath(tree.path))
    #expect(environment.hostname == "lab")
    #expect(environment.operatingSystem == "Example Linux 1.2")
    #expect(environment.kernelRelease == "6.8.0-45-generic")
    #expect(environment.cpuModel == "Example CPU @ 2.10GHz")
    #expect(environment.logicalCPUs == 2)
    #expect(environment.features == ["fpu", "sse2", "avx2", "hypervisor"])
    #expect(environment.memoryTotal == 16_303_428 * 1024 && environment.memoryAvailable == 1 << 20)
    #expect(environment.loadAverage == [0.52, 0.58, 0.59])
    #expect(environment.transparentHugePages == "madvise")
    #expect(environment.smtActive == true && environment.turboEnabled == false)
    #expect(environment.governors == ["performance", "powersave"])
    #expect(
      environment.caches == [
        Environment.Cache(level: 1, type: "Data", size: 48 << 10, sharedBy: "0"),
        Environment.Cache(level: 1, type: "Instruction", size: 32 << 10, sharedBy: "0"),
        Environment.Cache(level: 2, type: "Unified", size: 2 << 20, sharedBy: "0"),
      ])
    #expect(environment.hypervisor == "QEMU")
    #expect(environment.cpuQuota == 1.5)
  }

  @Test func anArmBoard() throws {
    let tree = try TemporaryFolder()
    try tree.write("processor\t: 0\nFeatures\t: fp asimd\n", to: "proc/cpuinfo")
    try tree.write("Example Board\0", to: "sys/firmware/devicetree/base/model")
    try tree.write("0\n", to: "sys/devices/system/cpu/cpufreq/boost")
    let environment = Environment.capture(root: FilePath(tree.path))
    #expect(environment.cpuModel == "Example Board")
    #expect(environment.features == ["fp", "asimd"])
    #expect(environment.turboEnabled == false && environment.hypervisor == nil && environment.smtActive == nil)
  }

  @Test func quotasOfControlGroupsVersion1() throws {
    let tree = try TemporaryFolder()
    // The path is that of the host; in the container only the root of the hierarchy is visible.
    try tree.write("4:cpu,cpuacct:/docker/0123\n1:name=systemd:/docker/0123\n", to: "proc/self/cgroup")
    try tree.write("50000\n", to: "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    try tree.write("100000\n", to: "sys/fs/cgroup/cpu/cpu.cfs_period_us")
    #expect(Environment.capture(root: FilePath(tree.path)).cpuQuota == 0.5)
    try tree.write("-1\n", to: "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    #expect(Environment.capture(root: FilePath(tree.path)).cpuQuota == nil)
  }

  @Test func memoryOfAContainerIsLimited() throws {
    let tree = try TemporaryFolder()
    func available() -> Int? { Environment.capture(root: FilePath(tree.path)).memoryAvailable }
    try tree.write("0::/pod/job\n", to: "proc/self/cgroup")
    try tree.write("max\n", to: "sys/fs/cgroup/pod/job/memory.max")
    try tree.write("1000\n", to: "sys/fs/cgroup/pod/job/memory.current")
    #expect(available() == nil)
    try tree.write("100000\n", to: "sys/fs/cgroup/pod/memory.max")
    try tree.write("40000\n", to: "sys/fs/cgroup/pod/memory.current")
    #expect(available() == 60_000)
    try tree.write("anon 1\ninactive_file 5000\n", to: "sys/fs/cgroup/pod/memory.stat")
    #expect(available() == 65_000)
    // The machine itself may have less.
    try tree.write("MemAvailable: 1 kB\n", to: "proc/meminfo")
    #expect(available() == 1024)
    try tree.write("200000\n", to: "sys/fs/cgroup/pod/memory.current")
    #expect(available() == 0)

    try tree.write("9:memory:/docker/0123\n", to: "proc/self/cgroup")
    try tree.write("9223372036854771712\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
    try tree.write("100\n", to: "sys/fs/cgroup/memory/memory.usage_in_bytes")
    #expect(available() == 1024)
    try tree.write("900\n", to: "sys/fs/cgroup/memory/memory.limit_in_bytes")
    #expect(available() == 800)
  }

  @Test func nonsenseIsUnknown() throws {
    let tree = try TemporaryFolder()
    try tree.write("garbage", to: "proc/loadavg")
    try tree.write("MemTotal: many\n", to: "proc/meminfo")
    try tree.write("9-1,x,0-99999999999\n", to: "sys/devices/system/cpu/online")
    try tree.write("2\n", to: "sys/devices/system/cpu/smt/active")
    try tree.write("0::/../../x\n7:cpu\n", to: "proc/self/cgroup")
    let environment = Environment.capture(root: FilePath(tree.path))
    #expect(environment.loadAverage == nil && environment.memoryTotal == nil && environment.smtActive == nil)
    #expect(environment.cpuQuota == nil && environment.governors == nil)
  }

  @Test func commitsOfACheckout() throws {
    let hash = String(repeating: "0123456789abcdef", count: 3).prefix(40)
    let tree = try TemporaryFolder()
    let root = FilePath(tree.path)
    #expect(Environment.commit(ofCheckout: root) == nil)
    try tree.write("ref: refs/heads/main\n", to: ".git/HEAD")
    #expect(Environment.commit(ofCheckout: root) == nil)
    try tree.write("# pack-refs with: peeled\n\(hash) refs/heads/main\n", to: ".git/packed-refs")
    #expect(Environment.commit(ofCheckout: root) == String(hash))
    try tree.write("not a hash\n", to: ".git/refs/heads/main")
    #expect(Environment.commit(ofCheckout: root) == nil)
    try tree.write("\(hash)\n", to: ".git/HEAD")
    #expect(Environment.commit(ofCheckout: root) == String(hash))
  }
}
