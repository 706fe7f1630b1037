import Foundation

/// What run.json says about a run.
public struct RunManifest: Sendable, Hashable, Codable {
  /// The version of a run's folder that this code writes: of run.json, and of the columns of samples.csv.
  ///
  /// Version 2 has the counters and page faults of samples, from `page_faults` on, version 3 what follows them.
  public static let schemaVersion = 3
  /// The oldest version that this code reads. The samples of a folder of version 1 are read if they have the columns of
  /// version 2, which the last builds of version 1 wrote.
  public static let oldestSchemaVersion = 1

  /// How far a run got.
  public enum Status: String, Sendable, Hashable, Codable {
    /// It is being measured, or its process was killed.
    case running
    /// Every case was tried.
    case complete
    /// It was stopped by a signal; what was measured was kept.
    case interrupted
    /// It ended by an error.
    case failed
  }

  /// A suite that the run measured.
  public struct Suite: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// The file that it was read from: its place in the package for a shipped suite, such as `Benchmarks/quick.yaml`, and
    /// the path as it was given for others: a record that is passed on does not tell where the package is.
    public var file: String

    /// A suite.
    public init(name: String, file: String) {
      self.name = name
      self.file = file
    }
  }

  /// The settings that decide how long and how precisely is measured.
  public struct Settings: Sendable, Hashable, Codable {
    /// The half-width of the 95 % interval at which a case is finished, in percent of its median.
    public var precisionPercent: Double
    /// The longest time for one case, in seconds.
    public var maxTimeSeconds: Double
    /// Where the pages of buffers were asked to lie, as `--memory` says; nil if nothing was asked for.
    public var memory: String?
    /// How large pages were asked to be, as `--pages` says; nil if nothing was asked for.
    public var pages: String?
    /// In how many visits each layer is measured; nil for one.
    public var visits: Int?

    /// Settings.
    public init(
      precisionPercent: Double, maxTimeSeconds: Double, memory: String? = nil, pages: String? = nil, visits: Int? = nil
    ) {
      self.visits = visits
      self.memory = memory
      self.pages = pages
      self.precisionPercent = precisionPercent
      self.maxTimeSeconds = maxTimeSeconds
    }
  }

  /// What tells the cases of a run from those of another one.
  public struct Plan: Sendable, Hashable, Codable {
    /// How many cases there are.
    public var cases: Int
    /// A checksum of what identifies them: FNV-1a, 64 bits, in hexadecimal.
    public var checksum: String

    /// The plan of the cases that `descriptions` describe, in their order.
    ///
    /// Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, The FNV Non-Cryptographic Hash Algorithm.
    public init(_ descriptions: [String]) {
      cases = descriptions.count
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      for description in descriptions {
        for byte in (description + "\n").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
      let digits = String(hash, radix: 16)
      checksum = String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  /// An entry of a layer file that is not a layer of the lab, such as a 3×3 convolution.
  public struct SkippedEntry: Sendable, Hashable, Codable {
    /// The file.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// The entry as it stands there.
    public var text: String
    /// Why it was skipped.
    public var reason: String

    /// A skipped entry.
    public init(file: String, line: Int, text: String, reason: String) {
      self.file = file
      self.line = line
      self.text = text
      self.reason = reason
    }
  }

  /// A vendor's library that the run was to measure beside the kernels, in one configuration.
  public struct Peer: Sendable, Hashable, Codable {
    /// Its short name.
    public var name: String
    /// Its file; nil if it was not found.
    public var path: String?
    /// Its version; nil if it was not loaded.
    public var version: String?
    /// What it picked for the CPU, in its own words; nil if it does not tell.
    public var instructionSet: String?
    /// The variable that forced the configuration, with its value; nil as it comes.
    public var forced: String?
    /// Why it was left out, in one sentence; nil if it was not.
    public var problem: String?
    /// How to get it; nil if it was found.
    public var packages: String?
    /// Its kernels that choose the layout of input and output themselves, as in the column `kernel`; nil if it was not
    /// loaded, or by a version of the lab that did not record it.
    public var ownLayoutKernels: [String]?

    /// A library.
    public init(
      name: String, path: String?, version: String? = nil, instructionSet: String? = nil, forced: String? = nil,
      problem: String? = nil, packages: String? = nil, ownLayoutKernels: [String]? = nil
    ) {
      self.name = name
      self.path = path
      self.version = version
      self.instructionSet = instructionSet
      self.forced = forced
      self.problem = problem
      self.packages = packages
      self.ownLayoutKernels = ownLayoutKernels
    }
  }

  /// What a run took.
  public struct Costs: Sendable, Hashable, Codable {
    /// Seconds that were spent on each part of the work, by its name.
    public var seconds: [String: Double]
    /// The most memory that the process had in use at a time, in bytes; nil if the system does not tell.
    public var peakMemory: Int?
    /// What it may have in use, in bytes: the most that a layer's buffers take, and 300 MiB.
    public var memoryBound: Int

    /// What a run took.
    public init(seconds: [String: Double], peakMemory: Int?, memoryBound: Int) {
      self.seconds = seconds
      self.peakMemory = peakMemory
      self.memoryBound = memoryBound
    }

    /// All seconds together.
    public var total: Double { seconds.values.reduce(0, +) }

    /// The part of the time that samples took, with the executions and checks that they need, from 0 to 1: what is left is
    /// the cost of the harness. Nil if no time was spent.
    public var measuredPart: Double? {
      let measured = ["timed", "warmUp", "verification"].reduce(0) { $0 + (seconds[$1] ?? 0) }
      return total > 0 ? measured / total : nil
    }
  }

  /// The version of the folder.
  public var schema: Int
  /// The identifier of the run, the same as in the `run` column.
  public var run: String
  /// The version of the lab.
  public var toolVersion: String
  /// The command line, program first.
  public var commandLine: [String]
  /// How far the run got.
  public var status: Status
  /// When it began. JSON holds whole seconds.
  public var started: Date
  /// When it was continued after an interruption; nil if it never was.
  public var resumed: [Date]?
  /// When it ended; nil while it runs.
  public var ended: Date?
  /// The seed of the data and of the order of the cases.
  public var seed: UInt64
  /// The suites that it measures.
  public var suites: [Suite]
  /// The settings.
  public var settings: Settings
  /// The cases that it measures; nil if they were not recorded.
  public var plan: Plan?
  /// The libraries that were asked for; nil if none were.
  public var peers: [Peer]?
  /// The machine and the program.
  public var environment: Environment
  /// What the check of the machine found before the run, and before each time that it was continued; nil if there was no
  /// check.
  public var findings: [Finding]?
  /// The resolved placements, as the module that makes them describes them.
  public var placements: [JSONValue]
  /// OpenMP's variables of the environment that chose placements, by name; nil if none did.
  public var placementVariables: [String: String]?
  /// The machine's ceilings; nil if they were not measured.
  public var peaks: JSONValue?
  /// What it took; nil while it runs, and in folders of older versions.
  public var costs: Costs?
  /// What a model predicts of rows from the ceilings, to be compared with them; nil if nothing was predicted.
  public var predictions: [PredictedTime]?
  /// The entries of layer files that were skipped.
  public var skippedEntries: [SkippedEntry]

  /// The description of a run that begins.
  public init(
    run: String, toolVersion: String, commandLine: [String], started: Date, seed: UInt64, suites: [Suite],
    settings: Settings, plan: Plan? = nil, peers: [Peer]? = nil, environment: Environment, placements: [JSONValue] = [],
    placementVariables: [String: String]? = nil, peaks: JSONValue? = nil,
    skippedEntries: [SkippedEntry] = []
  ) {
    schema = Self.schemaVersion
    self.run = run
    self.toolVersion = toolVersion
    self.commandLine = commandLine
    status = .running
    self.started = started
    self.seed = seed
    self.suites = suites
    self.settings = settings
    self.plan = plan
    self.peers = peers
    self.environment = environment
    self.placements = placements
    self.placementVariables = placementVariables
    self.peaks = peaks
    self.skippedEntries = skippedEntries
  }

  /// Adds ceilings, an array of objects, to those that are there: a continued run measures those of what is left.
  public mutating func addPeaks(_ new: JSONValue) {
    if case .array(let old)? = peaks, case .array(let added) = new {
      peaks = .array(old + added)
    } else {
      peaks = new
    }
  }

  /// Adds what a part of the run took: a continued run has several.
  public mutating func addCosts(_ new: Costs) {
    guard let old = costs else {
      costs = new
      return
    }
    costs = Costs(
      seconds: old.seconds.merging(new.seconds, uniquingKeysWith: +),
      peakMemory: [old.peakMemory, new.peakMemory].compactMap { $0 }.max(),
      memoryBound: max(old.memoryBound, new.memoryBound))
  }

  /// Adds findings to those that are there, each once: a continued run is checked again.
  public mutating func addFindings(_ new: [Finding]) {
    let old = findings ?? []
    let all = old + new.filter { !old.contains($0) }
    findings = Finding.Severity.allCases.flatMap { severity in all.filter { $0.severity == severity } }
  }

  /// The run as JSON, for people too: indented, keys in alphabetical order, a line end at the end.
  ///
  /// - Throws: `ResultsError.notJSON` if a number is not finite.
  public func json() throws(ResultsError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    do {
      return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    } catch {
      throw .notJSON(reason: "\(error)")
    }
  }

  /// Reads the description of a run.
  ///
  /// - Parameters:
  ///   - bytes: the contents of the file.
  ///   - file: its name, for error messages.
  /// - Throws: `ResultsError` if it is not JSON, lacks a value, or has a schema version that is not read.
  public init(json bytes: [UInt8], file: String) throws(ResultsError) {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    let data = Data(bytes)
    do {
      // The version comes first: a newer file may well lack what this version expects.
      let version = try decoder.decode(Version.self, from: data).schema
      guard (Self.oldestSchemaVersion...Self.schemaVersion).contains(version) else {
        throw ResultsError.schema(file: file, version: version, expected: Self.schemaVersion)
      }
      self = try decoder.decode(RunManifest.self, from: data)
    } catch let error as ResultsError {
      throw error
    } catch let error as DecodingError {
      throw .json(file: file, reason: error.sentence)
    } catch {
      throw .json(file: file, reason: "\(error)")
    }
  }

  private struct Version: Decodable {
    var schema: Int
  }
}

extension DecodingError {
  /// What is wrong, and where in the document.
  var sentence: String {
    switch self {
    case .keyNotFound(let key, let context): "\(Self.path(context))expected a value for \(key.stringValue)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      "\(Self.path(context))\(context.debugDescription)"
    @unknown default: "\(self)"
    }
  }

  private static func path(_ context: Context) -> String {
    let keys = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
    return keys.isEmpty ? "" : "at \(keys.joined(separator: ".")), "
  }
}
