import Foundation
import Results

/// What the CPUs of one team can do at most: an element of the `peaks` of a run.json.
struct Ceilings: Decodable, Sendable {
  /// A median with its 95 % interval, which few samples do not have.
  struct Quantity: Decodable, Sendable {
    var median: Double
    var low: Double?
    var high: Double?
    var unit: String
  }

  /// The bandwidth of one level of the memory hierarchy.
  struct Bandwidth: Decodable, Sendable {
    var level: String
    var read: Quantity?
    var write: Quantity?
    var triad: Quantity?
  }

  /// The clock that times are taken with.
  struct Timer: Decodable, Sendable {
    /// The smallest step between two readings, in nanoseconds; nil if the clock stood still.
    var resolution: Double?
    /// The time of one reading, in nanoseconds.
    var overhead: Double
  }

  var threads: Int
  var team: String
  /// The CPUs of the threads; empty if they are not pinned.
  var cpus: String
  /// Multiply-adds in registers, by ISA.
  var multiplyAdds: [String: Quantity]
  var bandwidths: [Bandwidth]
  var forkJoin: Quantity?
  /// How often all threads were in the same run at once, in percent.
  var rendezvousPercent: Double?
  var clock: Quantity?
  /// Nil in runs of versions that did not look at it.
  var timer: Timer?
  /// What makes them doubtful, as the middle of a sentence; nil if nothing does.
  var doubt: String?

  /// The ceilings in `peaks`; nil if it has another form than an array of them.
  static func list(_ peaks: JSONValue) -> [Ceilings]? {
    try? JSONDecoder().decode([Ceilings].self, from: JSONEncoder().encode(peaks))
  }

  /// Those of the team and the CPUs of `row`; nil if they were not measured.
  static func of(_ row: Row, in all: [Ceilings]) -> Ceilings? {
    all.first { $0.threads == row.threads && $0.team == row.team && $0.cpus == row.cpus }
  }

  /// Threads, team and CPUs.
  var title: RichText {
    "\(Format.count(threads, "thread")), \(team), \(cpus.isEmpty ? "not pinned" : "CPUs \(cpus)")"
  }

  /// Every ceiling that was measured.
  var table: Table {
    var quantities = multiplyAdds.sorted { ($0.value.median, $0.key) < ($1.value.median, $1.key) }
      .map { ("multiply-adds, \($0.key)", Optional($0.value)) }
    for bandwidth in bandwidths {
      quantities += [
        ("\(bandwidth.level), read", bandwidth.read), ("\(bandwidth.level), write", bandwidth.write),
        ("\(bandwidth.level), triad", bandwidth.triad),
      ]
    }
    quantities += [("fork and join", forkJoin), ("clock", clock)]
    var rows = quantities.compactMap { name, quantity -> [RichText]? in
      guard let quantity else { return nil }
      return .text(
        name, Format.number(quantity.median), Format.number(quantity.low), Format.number(quantity.high), quantity.unit)
    }
    if let rendezvousPercent {
      rows.append(
        .text("runs in which all threads met", Format.number(rendezvousPercent), Format.unknown, Format.unknown, "%"))
    }
    if let timer {
      for (name, value) in [("timer, smallest step", timer.resolution), ("timer, one reading", timer.overhead)] {
        rows.append(.text(name, Format.number(value), Format.unknown, Format.unknown, "ns"))
      }
    }
    return Table(
      [.text("ceiling"), .number("median"), .number("from"), .number("to"), .text("unit")], rows: rows)
  }

  /// How much fork and join, and the clock's step, are of what was measured with this team: one sentence each, of those
  /// that are known.
  func shares(of rows: [Row]) -> [RichText] {
    let measured = rows.filter {
      $0.isMeasured && $0.threads == threads && $0.team == team && $0.cpus == cpus
    }
    var lines: [RichText] = []
    let divided = measured.filter { !$0.isOfOneOfSeveralThreads }
    if let forkJoin, let shortest = divided.compactMap(\.timeMedian).min(), shortest > 0 {
      lines.append(
        """
        Fork and join are part of every time: at most \(Format.number(100 * forkJoin.median / shortest)) % of it, in the \
        shortest case.
        """)
    }
    let lengths = measured.compactMap { row in
      row.timeMedian.flatMap { time in row.iterations.map { time * Double($0) } }
    }
    if let step = timer?.resolution, let shortest = lengths.min(), shortest > 0 {
      lines.append(
        """
        Short layers are repeated within a sample: the timer's smallest step is at most \
        \(Format.number(100 * step / shortest)) % of one.
        """)
    }
    return lines
  }
}
