import Foundation
import Results

/// The machine and the program.
struct MachineSection: ReportSection {
  let title = "Machine"

  func blocks(_ run: ReportedRun) -> [Block] {
    let table = Self.facts(run.manifest).map { what, value -> [RichText] in .text(what, value ?? "unknown") }
    return [.table(Table([.text("what"), .text("value")], rows: table))]
  }

  /// The names of those facts that two runs on one machine do not share.
  static let momentary: Set = [
    "memory available at the start", "load average at the start", "run", "began", "ended",
  ]

  /// Names and values, nil where one is not known; in the same order for every run.
  static func facts(_ manifest: RunManifest) -> [(String, String?)] {
    let environment = manifest.environment
    func yesNo(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
    let caches = environment.caches.map { caches in
      caches.map { "L\($0.level) \($0.type.lowercased()) \(Format.bytes($0.size))" }.joined(separator: ", ")
    }
    return [
      ("host", environment.hostname),
      ("CPU", environment.cpuModel),
      ("CPUs online", environment.logicalCPUs.map(String.init)),
      ("ISAs", environment.isas?.joined(separator: ", ")),
      ("caches of the first CPU", caches),
      ("memory", environment.memoryTotal.map { Format.bytes($0) }),
      ("memory available at the start", environment.memoryAvailable.map { Format.bytes($0) }),
      ("page size", environment.pageSize.map { Format.bytes($0) }),
      ("transparent huge pages", environment.transparentHugePages),
      ("operating system", environment.operatingSystem),
      ("kernel", environment.kernelRelease),
      ("hypervisor", environment.hypervisor ?? "none noticed"),
      ("CPU quota of the container", environment.cpuQuota.map { Format.number($0) + " CPUs" } ?? "none found"),
      ("governor", environment.governors?.joined(separator: ", ")),
      ("turbo", yesNo(environment.turboEnabled)),
      ("SMT active", yesNo(environment.smtActive)),
      (
        "load average at the start", environment.loadAverage.map { $0.map(Format.number).joined(separator: ", ") }
      ),
      ("PointwiseLab", manifest.toolVersion),
      ("build", environment.build?.rawValue),
      ("compiler", environment.compiler),
      ("commit", environment.commit),
      ("run", manifest.run),
      ("began", manifest.started.ISO8601Format()),
      ("ended", manifest.ended?.ISO8601Format()),
    ]
  }
}
