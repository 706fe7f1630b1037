import Dispatch
import Reports
import Results
import Synchronization

/// Writes the reports of a run into its folder. Missing plots are a note on standard error, and no error.
///
/// - Throws: `ResultsError` if a file cannot be written.
func writeReports(
  _ contents: RunFolder.Contents, to folder: String, plots: PlotFormat? = .svg
) throws(ResultsError) {
  let missing = try blocking { () async throws(ResultsError) in
    try await ReportWriter(plots: plots).write(contents, to: folder)
  }
  if let missing { printToStandardError("Note: \(missing)") }
}

/// Waits for asynchronous work. Call it on the main thread, which the work does not need; a thread of the concurrency
/// pool might wait for itself.
private func blocking<Value: Sendable>(
  _ work: @escaping @Sendable () async throws(ResultsError) -> Value
) throws(ResultsError) -> Value {
  let outcome = Outcome<Value>()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    do throws(ResultsError) {
      let value = try await work()
      outcome.result.withLock { $0 = .success(value) }
    } catch {
      outcome.result.withLock { $0 = .failure(error) }
    }
    done.signal()
  }
  while true {
    done.wait()
    if let result = outcome.result.withLock({ $0 }) { return try result.get() }
  }
}

/// What asynchronous work leaves for the thread that waits for it.
private final class Outcome<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, ResultsError>?>(nil)
}
