import Foundation
import Subprocess
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// gnuplot, as a process of its own for each plot.
///
/// The commands and their data go in by a file that has no name any more, and the picture comes out by standard output, so
/// nothing is left behind, whatever happens.
public struct Gnuplot: Sendable {
  /// The name or the path of the program.
  var program: String
  /// How long one plot may take. A usual one takes a twentieth of a second.
  var timeLimit: Duration

  /// gnuplot.
  ///
  /// - Parameters:
  ///   - program: its name, which is looked for in PATH, or its path.
  ///   - timeLimit: how long one plot may take; gnuplot is ended then.
  public init(program: String = "gnuplot", timeLimit: Duration = .seconds(20)) {
    self.program = program
    self.timeLimit = timeLimit
  }

  /// Why there is no picture.
  private enum Failure: Error {
    /// There is no such program, or it does not start: no other plot will be drawn either.
    case unavailable(String)
    /// It did not end in time: another plot would wait as long.
    case hung
    /// It refused this plot.
    case refused(String)
  }

  /// Draws plots, one after the other. What cannot be drawn is missing from the images, and they say why.
  func draw(_ plots: [Plot], as format: PlotFormat) async -> PlotImages {
    var images = PlotImages(format: format)
    var reason: String?
    drawing: for plot in plots {
      do {
        images.files[plot.name] = try await draw(plot, as: format)
      } catch Failure.refused(let message) {
        reason = reason ?? "\(program) refused \(plot.name): \(message)"
      } catch Failure.hung {
        reason = "\(program) did not draw \(plot.name) within \(timeLimit)"
        break drawing
      } catch Failure.unavailable(let message) {
        reason = message
        break drawing
      } catch {
        reason = reason ?? "\(program) failed on \(plot.name): \(error)"
      }
    }
    let missing = plots.map(\.name).filter { images.files[$0] == nil }
    if let reason, let first = missing.first {
      let which = missing.count == 1 ? first : "\(first) and \(missing.count - 1) more of \(plots.count)"
      images.failure = "Plots are missing (\(which)): \(reason)."
    }
    return images
  }

  /// The largest picture that is taken from gnuplot, in bytes; usual ones have some ten thousand. swift-subprocess asks
  /// for as much at once.
  private static let maximumSize = 8 << 20

  private func draw(_ plot: Plot, as format: PlotFormat) async throws -> [UInt8] {
    // An array that gets no memory ends the process.
    guard let room = malloc(8 * Self.maximumSize) else {
      throw Failure.unavailable("the system did not provide \(8 * Self.maximumSize) bytes of memory for it")
    }
    free(room)
    let script = Self.terminal(plot, format) + plot.commands
    let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
    var options = PlatformOptions()
    // A group of its own, so that what a wrapper has started ends with it.
    options.processGroupID = 0
    options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
    // Copies for the task: it may outlive a caller that is cancelled.
    let (platformOptions, limit) = (options, timeLimit)
    let input = try Self.unnamedFile(script)
    let (bytes, status, message) = try await withThrowingTaskGroup { group in
      group.addTask { () -> ([UInt8], TerminationStatus, String)? in
        do {
          // -d: without the user's own settings.
          let result = try await run(
            executable, arguments: ["-d"], platformOptions: platformOptions,
            input: .fileDescriptor(input, closeAfterSpawningProcess: true),
            output: .bytes(limit: Self.maximumSize), error: .string(limit: 1 << 20))
          return (result.standardOutput, result.terminationStatus, result.standardError)
        } catch let error as SubprocessError where error.code == .executableNotFound || error.code == .spawnFailed {
          throw Failure.unavailable(
            "\(program) cannot be started; install it, on Debian and Ubuntu by apt-get install gnuplot-nox")
        }
      }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let result = first else { throw Failure.hung }
      return result
    }
    guard status.isSuccess else { throw Failure.refused(Self.sentence(message) ?? "it ended with \(status)") }
    guard Self.isWhole(bytes, format) else {
      throw Failure.refused(Self.sentence(message) ?? "what it wrote is not a whole \(format.rawValue.uppercased())")
    }
    return bytes
  }

  /// A file that holds `text`, to be read from its beginning. It has lost its name already, and is gone when it is closed.
  ///
  /// A pipe does not do: swift-subprocess 1.0.2 ends this process ("was not closed") if the other one ends before it has
  /// read what is written to it.
  private static func unnamedFile(_ text: String) throws -> FileDescriptor {
    let name = "pointwise-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let path = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
    let descriptor = try FileDescriptor.open(
      path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
    _ = path.withPlatformString { unlink($0) }
    do {
      try descriptor.writeAll(text.utf8)
      try descriptor.seek(offset: 0, from: .start)
      return descriptor
    } catch {
      try? descriptor.close()
      throw error
    }
  }

  /// The commands that choose what comes out, and `small`, the font of what is many: SVG has pixels, PNG points.
  private static func terminal(_ plot: Plot, _ format: PlotFormat) -> String {
    switch format {
    case .svg:
      "set terminal svg noenhanced size \(plot.width),\(plot.height) font 'sans-serif,14' background '#ffffff'\n"
        + "small = ',12'\n"
    case .png:
      "set terminal pngcairo noenhanced size \(2 * plot.width),\(2 * plot.height) fontscale 2 linewidth 2 pointscale 2 "
        + "font 'sans,10.5' background '#ffffff'\nsmall = ',9'\n"
    }
  }

  /// Whether a picture begins and ends as it should.
  private static func isWhole(_ bytes: [UInt8], _ format: PlotFormat) -> Bool {
    switch format {
    case .svg: bytes.starts(with: "<?xml".utf8) && bytes.suffix(16).contains(UInt8(ascii: "/"))
    case .png: bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) && bytes.suffix(8).starts(with: "IEND".utf8)
    }
  }

  /// The line of gnuplot's message that says what is wrong: the last one.
  private static func sentence(_ message: String) -> String? {
    let line = message.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    return line.map { String($0.prefix(200)) }
  }
}
