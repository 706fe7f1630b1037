public import Foundation
public import Layers

/// What tuning a kernel for one layer on one machine found: an element of a tuning cache.
public struct TuningEntry: Sendable, Hashable, Codable {
  /// What the tuned choice holds for. Two entries with the same key are of the same thing, and the later one counts.
  public struct Key: Sendable, Hashable, Codable {
    /// The machine.
    public var machine: Machine
    /// The kernel's family: "packed".
    public var kernel: String
    /// The ISA that it is compiled for: "avx512".
    public var isa: String
    /// The number of threads.
    public var threads: Int
    /// The benchdnn descriptor of the layer.
    public var layer: String
    /// The memory layout.
    public var layout: Layout

    /// A key.
    public init(machine: Machine, kernel: String, isa: String, threads: Int, layer: String, layout: Layout) {
      self.machine = machine
      self.kernel = kernel
      self.isa = isa
      self.threads = threads
      self.layer = layer
      self.layout = layout
    }
  }

  /// What of a machine decides which tile is fastest. The caches are part of it, for blocks are cut by them, and the same
  /// CPU has others behind some hypervisors.
  public struct Machine: Sendable, Hashable, Codable {
    /// The CPU's name; nil where the system does not tell.
    public var cpu: String?
    /// Bytes of the level 1 data cache.
    public var l1d: Int
    /// Bytes of the level 2 cache.
    public var l2: Int
    /// Bytes of the last-level cache.
    public var l3: Int

    /// A machine.
    public init(cpu: String?, l1d: Int, l2: Int, l3: Int) {
      self.cpu = cpu
      self.l1d = l1d
      self.l2 = l2
      self.l3 = l3
    }
  }

  /// A tile and a split, and how long they took.
  public struct Choice: Sendable, Hashable, Codable {
    /// The tile, such as "p14x2"; nil for the model's choice of loops without a tile.
    public var tile: String?
    /// The split: "none" on one thread, and on one of several.
    public var split: String
    /// The median time of one execution, in ns.
    public var nanoseconds: Double

    /// A choice.
    public init(tile: String?, split: String, nanoseconds: Double) {
      self.tile = tile
      self.split = split
      self.nanoseconds = nanoseconds
    }
  }

  /// A candidate that was faster than the model's choice.
  public struct Winner: Sendable, Hashable, Codable {
    /// Its tile, split and time.
    public var choice: Choice
    /// Its time ÷ that of the model's choice.
    public var ratio: Double
    /// The lower bound of the ratio's 95 % interval.
    public var ratioLow: Double
    /// The upper bound.
    public var ratioHigh: Double

    /// A winner.
    public init(choice: Choice, ratio: Double, ratioLow: Double, ratioHigh: Double) {
      self.choice = choice
      self.ratio = ratio
      self.ratioLow = ratioLow
      self.ratioHigh = ratioHigh
    }
  }

  /// How it was measured: not part of the key, for a run may use the choice elsewhere.
  public struct Origin: Sendable, Hashable, Codable {
    /// When.
    public var date: Date
    /// The version of the lab.
    public var version: String
    /// The team that ran the threads.
    public var team: String
    /// The kind of place a thread was bound to.
    public var places: String
    /// The binding policy.
    public var bind: String
    /// How many candidates were measured.
    public var candidates: Int

    /// An origin.
    public init(date: Date, version: String, team: String, places: String, bind: String, candidates: Int) {
      self.date = date
      self.version = version
      self.team = team
      self.places = places
      self.bind = bind
      self.candidates = candidates
    }
  }

  /// What it holds for.
  public var key: Key
  /// What the kernel's model chose.
  public var model: Choice
  /// What was faster; nil if nothing was.
  public var winner: Winner?
  /// How it was measured.
  public var origin: Origin

  /// An entry.
  public init(key: Key, model: Choice, winner: Winner?, origin: Origin) {
    self.key = key
    self.model = model
    self.winner = winner
    self.origin = origin
  }
}

extension TuningEntry {
  /// What is not a possible value, in words; nil if all are possible.
  var fault: String? {
    let choices = [model] + (winner.map { [$0.choice] } ?? [])
    if key.threads < 1 { return "threads is \(key.threads); expected at least 1" }
    if let choice = choices.first(where: { !($0.nanoseconds > 0) }) {
      return "nanoseconds is \(choice.nanoseconds); expected more than 0"
    }
    if let winner, !(0 < winner.ratioLow && winner.ratioLow <= winner.ratio && winner.ratio <= winner.ratioHigh) {
      return
        "the ratio \(winner.ratio) has the interval from \(winner.ratioLow) to \(winner.ratioHigh); expected one above 0 "
        + "with the ratio inside"
    }
    return nil
  }
}
