#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import CPlatform
import Foundation

/// A connection over which values go as lines of JSON.
final class LineSocket {
  /// What came.
  enum Received {
    /// A line, without its end.
    case line(Data)
    /// The other side has hung up.
    case closed
    /// Nothing, for as long as was to be waited.
    case timeout
  }

  private let descriptor: CInt
  private var unread = Data()

  /// A connection over a socket, which is closed with it.
  init(_ descriptor: CInt) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Sends a value. If nobody listens any more, there is no signal, and the next ``receive(timeout:)`` says so.
  func transmit(_ value: some Encodable) throws(EncodingError) {
    let bytes: Data
    do { bytes = try JSONEncoder().encode(value) + [UInt8(ascii: "\n")] } catch let error as EncodingError {
      throw error
    } catch {
      preconditionFailure("an encoder throws encoding errors: \(error)")
    }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + sent, $0.count - sent, CInt(MSG_NOSIGNAL))
      }
      if count < 0 && errno != EINTR { return }
      sent += max(0, count)
    }
  }

  /// Waits for the next line.
  ///
  /// - Parameter timeout: for how many seconds; nil for ever.
  func receive(timeout: Double? = nil) -> Received {
    let deadline = timeout.map { platform_now() + UInt64($0 * 1e9) }
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread = Data(unread[(end + 1)...]) }
        return .line(Data(unread[..<end]))
      }
      if let deadline {
        let now = platform_now()
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&waiting, 1, now < deadline ? CInt(clamping: (deadline - now) / 1_000_000 + 1) : 0)
        if ready == 0 { return .timeout }
        if ready < 0 { continue }
      }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        unread.append(contentsOf: buffer[..<count])
      } else if count == 0 || errno != EINTR {
        return .closed
      }
    }
  }
}
