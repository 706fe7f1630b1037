import Results
import SwiftCSV
import Testing

@Suite struct RowCSVTests {
  private func bytes(_ rows: [Row]) -> [UInt8] {
    Array((Row.csvHeader + rows.map(\.csvLine).joined()).utf8)
  }

  @Test func headerIsTheContract() {
    let expected =
      "schema,run,suite,network,layer,op,layout,dtype,mb,ic,oc,ih,iw,oh,ow,sh,sw,m,n,k,count,bias,activation,"
      + "variant,kernel,isa,split,team,threads,places,bind,cpus,cache,status,quality,notes,max_error,error_bound,"
      + "rounds,clean_rounds,iterations,time_min_ns,time_median_ns,time_mean_ns,time_p90_ns,time_mad_ns,time_cv_pct,"
      + "time_ci_lo_ns,time_ci_hi_ns,gflops,gbytes_per_s,arithmetic_intensity,peak_gflops,peak_gbytes_per_s,bound,"
      + "peak_pct,roofline_pct,speedup,efficiency_pct,prepare_ns,imbalance_pct,clock_ghz\n"
    #expect(Row.csvHeader == expected)
    #expect(
      Sample.csvHeader
        == "case,round,position,iterations,time_ns,burst_ns,taint,peak_gflops,clock_ghz,run_delay_ns,"
        + "involuntary_switches,migrations,steal_ns,"
        + "page_faults,context_switches,cpu_migrations,cycles,instructions,cache_misses,llc_load_misses,counted_clock_ghz,"
        + "visit,cache_gbytes_per_s\n"
    )
  }

  /// Folders of version 2 end where their version ended, and what they lack is not known.
  @Test func olderSamplesAreRead() throws {
    var sample = Sample(caseKey: "case", round: 3, position: 0, iterations: 1, time: 5)
    sample.visit = 2
    func shortened(_ line: String, to count: Int) -> String {
      let fields = line.dropLast().split(separator: ",", omittingEmptySubsequences: false)
      return fields.prefix(count).joined(separator: ",") + "\n"
    }
    func read(_ count: Int) throws -> [Sample] {
      let text = shortened(Sample.csvHeader, to: count) + shortened(sample.csvLine, to: count)
      return try Sample.read(csv: Array(text.utf8), file: "samples.csv").records
    }
    #expect(try read(Sample.columns.count).first?.visit == 2)
    let old = try #require(try read(21).first)
    #expect(old.visit == nil && old.round == 3 && old.time == 5)
    #expect(throws: ResultsError.self) { try read(20) }
    #expect(throws: ResultsError.self) {
      try Sample.read(
        csv: Array((shortened(Sample.csvHeader, to: 21) + sample.csvLine).utf8), file: "samples.csv")
    }
  }

  @Test func unknownValuesAreEmptyFields() throws {
    var row = exampleRow()
    row.status = .skipped
    row.gflops = nil
    row.speedup = .nan
    row.timeMean = .infinity
    let fields = try record(of: row)
    #expect(fields["gflops"] == "" && fields["speedup"] == "" && fields["time_mean_ns"] == "")
    #expect(fields["clock_ghz"] == "" && fields["notes"] == "" && fields["clean_rounds"] == "")
    #expect(fields["time_min_ns"] == "990000" && fields["max_error"] == "1.5e-06" && fields["bias"] == "true")
  }

  /// The fields of a row by column name, read by an independent reader.
  private func record(of row: Row) throws -> [String: String] {
    let csv = try NamedCSV(string: Row.csvHeader + row.csvLine, delimiter: .comma, loadColumns: false)
    return try #require(csv.rows.first)
  }

  @Test func anIndependentReaderAgrees() throws {
    var row = exampleRow()
    row.notes = "two\nlines, \"quoted\", and a comma"
    row.network = " spaces "
    let fields = try record(of: row)
    #expect(fields["notes"] == row.notes)
    #expect(fields["network"] == row.network)
    #expect(fields["layer"] == row.layer)
    for column in Row.columns { #expect(fields[column.name] == column.write(row), "\(column.name)") }
  }

  /// What computing with rows would trap on.
  @Test(arguments: [
    ("threads", 0), ("threads", -1), ("threads", 65537), ("threads", Int.max), ("m", 0), ("n", -1), ("k", Int.min),
    ("mb", Int.max), ("ic", 1 << 41), ("count", 0), ("sh", 0),
  ]) func numbersThatNoLayerHas(column: String, value: Int) throws {
    var fields = Row.columns.map { $0.write(exampleRow()) }
    let index = try #require(Row.columns.firstIndex { $0.name == column })
    fields[index] = "\(value)"
    let line = Row.csvHeader + fields.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ",") + "\n"
    let error = #expect(throws: ResultsError.self) { try Row.read(csv: Array(line.utf8), file: "r.csv") }
    let sentence = error?.description ?? ""
    #expect(sentence.hasPrefix("r.csv:2: \(column) is \"\(value)\"; expected a whole number from 1 to "), "\(sentence)")
  }

  static let hostile: [String] = [
    "a,b", "\"", "\"\"", "a\"b", "\n", "\r\n", "\r", "a\nb", " leading", "trailing ", ",", ",,\"\n,", "'", "=1+1",
    "naïve", "日本語", "👩‍👩‍👧‍👦", "\u{301}x", "x\u{600}", "\"\u{301}", "\t", "\u{2028}", "\u{FEFF}", "|", "\\", "\u{0}",
  ]

  @Test(arguments: hostile)
  func hostileTextSurvives(text: String) throws {
    var row = exampleRow()
    row.layer = text
    row.notes = text
    row.bound = text
    row.run = text
    let table = try Row.read(csv: bytes([row, exampleRow()]), file: "results.csv")
    #expect(table.records == [row, exampleRow()])
    #expect(table.dropped == nil)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func randomRowsSurvive(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func text() -> String {
      (0..<Int.random(in: 0...4, using: &generator))
        .map { _ in Self.hostile.randomElement(using: &generator) ?? "" }.joined()
    }
    func number() -> Double {
      // Any finite bit pattern: subnormal, huge, negative.
      let value = Double(bitPattern: generator.next())
      return value.isFinite ? value : 1 / 3
    }
    var rows: [Row] = []
    for _ in 0..<20 {
      var row = exampleRow()
      row.layer = text()
      row.variant = text()
      let note = text()
      row.notes = note.isEmpty ? nil : note
      row.status = Status.allCases.randomElement(using: &generator) ?? .ok
      row.quality = Quality.allCases.randomElement(using: &generator)
      row.m = Int.random(in: 1...1 << 40, using: &generator)
      row.iterations = Int(truncatingIfNeeded: generator.next())
      row.timeMedian = number()
      row.gflops = Bool.random(using: &generator) ? number() : nil
      row.maxError = number()
      rows.append(row)
    }
    let table = try Row.read(csv: bytes(rows), file: "results.csv")
    #expect(table.records == rows, "seed \(seed)")
  }

  @Test func everyColumnIsReadBack() throws {
    // A column that is written but not read, or read into another field, would lose its value here.
    var row = exampleRow()
    row.notes = "note"
    row.bound = "L2"
    row.cleanRounds = 19
    row.peakGFLOPS = 101
    row.peakGbytesPerSecond = 102
    row.peakPercent = 103
    row.rooflinePercent = 104
    row.imbalancePercent = 105
    row.clockGHz = 106
    #expect(Row.columns.allSatisfy { !$0.write(row).isEmpty })
    #expect(try Row.read(csv: bytes([row]), file: "results.csv").records == [row])
  }

  @Test func windowsLineEndsAreRead() throws {
    let text = String(decoding: bytes([exampleRow()]), as: UTF8.self).split(separator: "\n").joined(separator: "\r\n")
    #expect(try Row.read(csv: Array((text + "\r\n").utf8), file: "f").records == [exampleRow()])
  }

  @Test func everyTruncationKeepsTheCompleteRows() throws {
    var row = exampleRow()
    row.notes = "a \"quoted\"\nnote"
    let whole = bytes([row, row, row])
    let one = bytes([]).count
    let length = Array(row.csvLine.utf8).count
    // Cut anywhere after the header: as many rows as are complete, and word of the rest.
    for end in one...whole.count {
      let part = Array(whole[..<end])
      let complete = (end - one) / length
      let isWhole = (end - one) % length == 0
      let table = try Row.read(csv: part, file: "f", incompleteLastLine: .isDropped)
      #expect(table.records == [Row](repeating: row, count: complete), "cut at \(end)")
      // The note has a line end inside, so every row takes two lines.
      #expect(table.dropped == (isWhole ? nil : DroppedLine(file: "f", line: 2 + 2 * complete)), "cut at \(end)")
      if !isWhole {
        #expect(throws: ResultsError.incompleteLine(file: "f", line: 2 + 2 * complete)) {
          try Row.read(csv: part, file: "f")
        }
      }
    }
    for end in 0..<one {
      #expect(throws: ResultsError.noHeader(file: "f", expected: "schema")) {
        try Row.read(csv: Array(whole[..<end]), file: "f", incompleteLastLine: .isDropped)
      }
    }
  }

  private func error(reading text: String) -> String {
    do {
      _ = try Row.read(csv: Array(text.utf8), file: "results.csv")
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test func errorsNameThePlaceTheValueAndTheExpectation() throws {
    let header = Row.csvHeader
    let line = exampleRow().csvLine
    #expect(
      error(reading: header.replacing("suite", with: "sute") + line)
        == "results.csv:1: column 3 is called \"sute\"; expected suite")
    #expect(
      error(reading: header.replacing(",clock_ghz", with: "") + line)
        == "results.csv:1: the line has 61 fields; expected 62")
    #expect(
      error(reading: header.replacing("clock_ghz", with: "clock_ghz,more"))
        == "results.csv:1: the line has 63 fields; expected 62")
    #expect(error(reading: header + line + "1,2\n") == "results.csv:3: the line has 2 fields; expected 62")
    #expect(
      error(reading: header + line + line.replacing(",990000,", with: ",fast,"))
        == "results.csv:3: time_min_ns is \"fast\"; expected a finite number, or nothing")
    #expect(
      error(reading: header + line.replacing(",990000,", with: ",nan,"))
        == "results.csv:2: time_min_ns is \"nan\"; expected a finite number, or nothing")
    #expect(
      error(reading: header + line.replacing(",3136,", with: ",,"))
        == "results.csv:2: m is \"\"; expected a whole number from 1 to 1099511627776")
    #expect(
      error(reading: header + line.replacing(",ok,", with: ",fine,"))
        == "results.csv:2: status is \"fine\"; expected one of ok, incorrect, unsupported, skipped, failed")
    #expect(error(reading: header + "a\"b\n").hasPrefix("results.csv:2: a quote inside a field"))
    #expect(error(reading: header + "\"a\"b\n").hasPrefix("results.csv:2: text after a closing quote"))
    #expect(error(reading: header + "a\rb\n").hasPrefix("results.csv:2: a carriage return without"))
    #expect(
      error(reading: "")
        == "results.csv:1: the header is missing or incomplete; expected a first line that begins with schema")
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    let bytes = Array(Row.csvHeader.utf8) + [0x61, 0xFF, 0x0A]
    #expect(throws: ResultsError.malformedCSV(file: "f", line: 2, "bytes that are not UTF-8; expected UTF-8")) {
      try Row.read(csv: bytes, file: "f")
    }
  }

  @Test func longValuesAreCutInMessages() {
    let message = error(
      reading: Row.csvHeader
        + exampleRow().csvLine.replacing(",ok,", with: "," + String(repeating: "x", count: 5_000) + ","))
    #expect(message.count < 200)
  }

  @Test func samplesSurvive() throws {
    var samples = [
      Sample(caseKey: exampleRow().caseKey, round: 0, position: 3, iterations: 100, time: 1234.5),
      Sample(caseKey: "a,b", round: 1, position: 0, iterations: 1, time: 0.1, burst: 99.5, taint: "migrated, stolen"),
    ]
    samples[1].pageFaults = 1
    samples[1].contextSwitches = 2
    samples[1].cpuMigrations = 3
    samples[1].cycles = 1e12 / 3
    samples[1].instructions = 5.5
    samples[1].cacheMisses = 0
    samples[1].lastLevelLoadMisses = 7
    samples[1].countedClockGHz = 3.7
    let text = Sample.csvHeader + samples.map(\.csvLine).joined()
    #expect(try Sample.read(csv: Array(text.utf8), file: "samples.csv").records == samples)
  }

  @Test func caseKeysTellCasesApart() {
    let row = exampleRow()
    let changes: [(inout Row) -> Void] = [
      { $0.suite = "x" }, { $0.network = "x" }, { $0.layer = "x" }, { $0.layout = .nchw }, { $0.bias = false },
      { $0.activation = .none }, { $0.variant = "x" }, { $0.threads = 3 }, { $0.places = "x" }, { $0.bind = "x" },
      { $0.cache = "x" },
    ]
    var keys: Set<String> = [row.caseKey]
    for change in changes {
      var other = row
      change(&other)
      keys.insert(other.caseKey)
    }
    #expect(keys.count == changes.count + 1)
    var measured = row
    measured.timeMedian = 5
    measured.status = .failed
    measured.run = "another"
    #expect(measured.caseKey == row.caseKey)
  }
}
