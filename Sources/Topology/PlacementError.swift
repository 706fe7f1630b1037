/// Why a placement cannot be read, or cannot be had on a machine.
public enum PlacementError: Error, Hashable, Sendable {
  /// A flag's value is not one of its words.
  case unknownWord(flag: String, value: String, expected: String)
  /// A variable of the environment has a value that cannot be honoured.
  case variable(name: String, value: String, expected: String)
  /// A list of places is malformed.
  case malformedPlaces(String, reason: String)
  /// No CPU may be used: hwloc's allowed set and the process's mask have none in common.
  case nothingEligible(allowed: CPUSet, processMask: CPUSet?)
  /// A number of threads that no machine can have.
  case invalidThreadCount(Int)
  /// The machine has no objects of that level, or none with eligible CPUs.
  case missingLevel(places: String, inventory: String)
  /// The machine has fewer places of a level than asked for.
  case tooFewPlaces(places: String, count: Int)
  /// The machine has no such core kind, or none of its CPUs is eligible.
  case unknownCoreKind(String, available: String)
  /// The machine's core kinds are not ranked, so none is the fastest.
  case unrankedCoreKinds(available: String)
  /// A listed CPU is not eligible.
  case cpuNotEligible(cpu: Int, eligible: CPUSet)
  /// A CPU is listed twice.
  case cpuListedTwice(cpu: Int)
  /// A listed CPU is not of the core kind that is asked for.
  case cpuNotOfCoreKind(cpu: Int, coreKind: String)
  /// More CPUs of one core are listed than ``PlacementPolicy/smt`` allows.
  case tooManyOfOneCore(cpus: CPUSet, smt: Int)
  /// More threads than CPUs that the policy may use.
  case tooManyThreads(threads: Int, capacity: Int, policy: String, remedies: [String])
}

extension PlacementError: CustomStringConvertible {
  /// One sentence with the flag, the value and what was expected.
  public var description: String {
    switch self {
    case .unknownWord(let flag, let value, let expected):
      "\(flag) '\(value)' is not known: expected \(expected)."
    case .variable(let name, let value, let expected):
      "The variable \(name), '\(value)', cannot be honoured: expected \(expected)."
    case .malformedPlaces(let text, let reason):
      "--places '\(text)' is malformed, \(reason): expected places of CPUs such as '{0},{2},{4-5}' or '{0:4}:2:4', "
        + "or a list such as 0,2,4-7 with a place for each CPU."
    case .nothingEligible(let allowed, let mask):
      "No CPU is eligible: expected the allowed CPUs (\(words(allowed))) and the process's mask "
        + "(\(mask.map(words) ?? "unknown")) to have one in common."
    case .invalidThreadCount(let threads):
      "--threads '\(threads)' is out of range: expected a number from 1 to \(PlacementPolicy.maximumThreads)."
    case .missingLevel(let places, let inventory):
      "--places '\(places)' finds none on this machine, which has \(inventory): expected a level that it has."
    case .tooFewPlaces(let places, let count):
      "--places '\(places)' asks for more than this machine has: expected at most \(count)."
    case .unknownCoreKind(let value, let available):
      "--core-kind '\(value)' has no eligible CPUs on this machine: expected all, or one of its core kinds (\(available))."
    case .unrankedCoreKinds(let available):
      "--core-kind 'fastest' has no answer on this machine, whose core kinds are not ranked: expected all, or one of "
        + "its core kinds (\(available))."
    case .cpuNotEligible(let cpu, let eligible):
      "--places names CPU \(cpu), which threads may not be placed on: expected eligible CPUs, which are \(eligible)."
    case .cpuListedTwice(let cpu):
      "--places names CPU \(cpu) twice: expected every CPU in one place at most."
    case .cpuNotOfCoreKind(let cpu, let coreKind):
      "--places names CPU \(cpu), which --core-kind '\(coreKind)' leaves out: expected CPUs of that kind, or "
        + "--core-kind all."
    case .tooManyOfOneCore(let cpus, let smt):
      "--places names CPUs \(cpus) of one core, where --smt '\(smt)' allows \(smt): expected fewer of them, or "
        + "--smt \(cpus.count)."
    case .tooManyThreads(let threads, let capacity, let policy, let remedies):
      "--threads '\(threads)' is more than the \(capacity) \(capacity == 1 ? "CPU" : "CPUs") that \(policy) can use: "
        + "expected at most \(capacity)\(remedies.map { ", or \($0)" }.joined())."
    }
  }

  private func words(_ cpus: CPUSet) -> String {
    cpus.isEmpty ? "none" : cpus.description
  }
}
