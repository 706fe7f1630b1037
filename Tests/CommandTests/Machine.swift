import Foundation

/// What the tests have to know of the machine.
enum TestMachine {
  /// The CPUs that this process may run on, as /proc has them: "0-1".
  static let allowedCPUs = allowed(task: "/proc/self")

  /// How many these are.
  static let cpuCount = count(allowedCPUs)

  /// The `Cpus_allowed_list` of a task's folder in /proc; empty if the task is gone.
  static func allowed(task: String) -> String {
    let status = (try? String(contentsOfFile: "\(task)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    return line.map { $0.dropFirst("Cpus_allowed_list:".count).trimmingCharacters(in: .whitespaces) } ?? ""
  }

  /// How many CPUs a list such as "0-3,8" has.
  static func count(_ list: String) -> Int {
    list.split(separator: ",").reduce(0) { sum, range in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last else { return sum }
      return sum + last - first + 1
    }
  }

  /// Whether this process, and hence those that it starts, ignores SIGHUP; the other signals are listened to anyway.
  static func ignores(_ signal: Int32) -> Bool {
    var action = sigaction()
    sigaction(signal, nil, &action)
    return signal == SIGHUP
      && unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
