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

  /// The ceilings in `peaks`; nil if it has another form than an array of them.
  static func list(_ peaks: JSONValue) -> [Ceilings]? {
    try? JSONDecoder().decode([Ceilings].self, from: JSONEncoder().encode(peaks))
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
    return Table(
      [.text("ceiling"), .number("median"), .number("from"), .number("to"), .text("unit")], rows: rows)
  }
}
