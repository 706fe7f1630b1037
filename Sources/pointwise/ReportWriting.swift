import Dispatch
import Reports
import Results
import Synchronization

/// Writes the reports of a run into its folder. Missing plots are a note on standard error, and no error.
///
/// report.md is there first, without plots: what follows needs threads, another program, and more of the disk.
///
/// - Throws: `ResultsError` if a file cannot be written, or if the rest is not done in time.
func writeReports(
  _ contents: RunFolder.Contents, to folder: String, plots: PlotFormat? = .svg
) throws(ResultsError) {
  let writer = ReportWriter(plots: plots)
  try writer.writeDraft(contents, to: folder)
  let missing = try blocking(limit: reportLimit) { () async throws(ResultsError) in
    try await writer.write(contents, to: folder)
  } orElse: {
    .reportNotDone(path: folder, limit: reportLimit)
  }
  if let missing { printToStandardError("Note: \(missing)") }
}

/// How long the page and the plots may take, in seconds. Usual ones take a few, and a gnuplot that hangs is ended after 20;
/// but where the system gives no thread, what draws them waits for ever.
private let reportLimit = 600

/// Waits for asynchronous work. Call it on the main thread, which the work does not need; a thread of the concurrency
/// pool might wait for itself.
///
/// - Parameters:
///   - limit: how long at most, in seconds.
///   - late: what is thrown then; the work may go on.
private func blocking<Value: Sendable>(
  limit: Int, _ work: @escaping @Sendable () async throws(ResultsError) -> Value, orElse late: () -> ResultsError
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
  _ = done.wait(timeout: .now() + .seconds(limit))
  guard let result = outcome.result.withLock({ $0 }) else { throw late() }
  return try result.get()
}

/// What asynchronous work leaves for the thread that waits for it.
private final class Outcome<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, ResultsError>?>(nil)
}
