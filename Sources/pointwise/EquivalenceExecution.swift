import ArgumentParser
import Foundation
import Harness
import Reports
import Results
import Topology

/// Carries out an equivalence plan into a folder, and reports.
struct EquivalenceExecution {
  let plan: EquivalencePlan
  let topology: HwlocTopology
  let catalog: Catalog
  let settings: RunSettings
  let folder: RunFolder
  let manifest: RunManifest

  /// The files that a folder of `run` does not have.
  enum File {
    static let record = "equivalence.json"
    static let report = "equivalence.md"
  }

  /// Measures until all is done, a signal arrives or something fails, and reports what there is then.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  func run(_ status: StatusLine, _ interruption: Interruption) throws {
    var manifest = manifest
    let results = Collector(folder: folder, manifest: manifest, settings: settings, planned: plan.caseCount)
    var failure: (any Error)?
    do {
      try folder.write(manifest)
      status.print("\(plan.caseCount) cases; results in \(folder.path)")
      try EquivalenceRunner(plan, topology: topology, catalog: catalog, settings: settings).run(
        isInterrupted: { interruption.isRequested },
        starting: { name in
          if status.isVisible { status.show("\(results.done) of \(plan.caseCount) cases, \(name)") }
        },
        layer: { try results.add($0) }, head: { results.add($0) })
    } catch {
      failure = error
    }
    status.close()

    func attempt(_ body: () throws -> Void) { do { try body() } catch { failure = failure ?? error } }
    attempt { try folder.finish() }
    manifest.status = failure != nil ? .failed : interruption.isRequested ? .interrupted : .complete
    manifest.ended = Date()
    attempt { try folder.write(manifest) }
    attempt {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try RunFolder.write(
        String(decoding: try encoder.encode(results.record), as: UTF8.self) + "\n", to: File.record, in: folder.path)
      try RunFolder.write(EquivalenceReport.markdown(manifest, results.record), to: File.report, in: folder.path)
    }
    if let failure {
      let isSystemError = (failure as? ResultsError)?.isSystemError ?? false
      throw Exit.failure(
        "\(failure); what was measured until then is in \(folder.path)", isSystemError ? Exit.io : Exit.data)
    }
    try printToStandardOutput(EquivalenceReport.console(results.record) + "Report: \(folder.path)/\(File.report)")
    for sentence in results.record.failures { printToStandardError("WRONG: \(sentence)") }
    if interruption.isRequested { throw ExitCode(interruption.exitCode) }
    if !results.record.failures.isEmpty { throw Exit.incorrect }
  }

  /// Collects what is measured, and writes its rows to the folder.
  private final class Collector {
    private(set) var record: EquivalenceRecord
    private let folder: RunFolder
    private let manifest: RunManifest
    private let settings: RunSettings
    private var written: Set<String> = []

    var done: Int { record.layers.count + record.heads.count }

    init(folder: RunFolder, manifest: RunManifest, settings: RunSettings, planned: Int) {
      (self.folder, self.manifest, self.settings) = (folder, manifest, settings)
      record = EquivalenceRecord(planned: planned)
    }

    func add(_ result: EquivalenceResult) throws(ResultsError) {
      record.layers.append(EquivalenceRecord.LayerCase(result))
      for result in result.results.compactMap({ $0 }) + [result.replica].compactMap({ $0 }) {
        let row = Row(result, run: manifest.run, precisionPercent: settings.stopRule.precisionPercent)
        // Two layers of a network may have the same other form.
        guard written.insert(row.caseKey).inserted else { continue }
        try folder.append(Sample.all(of: result, caseKey: row.caseKey))
        try folder.append(row)
      }
    }

    func add(_ result: HeadResult) { record.heads.append(EquivalenceRecord.HeadCase(result)) }
  }
}
