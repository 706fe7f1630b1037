import Glibc

/// What a thread does, kept alive until it begins.
final class ThreadBody {
  private let body: @Sendable () -> Void

  /// The system did not provide a thread; `code` is errno.
  struct Failure: Error {
    let code: Int32
  }

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// Starts a thread that runs the body and ends.
  func start() throws(Failure) -> pthread_t {
    let context = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body()
        return nil
      }, context.toOpaque())
    if code != 0 {
      context.release()
      throw Failure(code: code)
    }
    return thread
  }
}
