import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that grows by whole lines.
struct LineFile: Sendable {
  let path: String
  let descriptor: FileDescriptor

  /// Opens a file that exists, for appending. A pipe in its place is an error, and is not waited for.
  init(appendingTo path: FilePath) throws(Errno) {
    do {
      descriptor = try FileDescriptor.open(path, .writeOnly, options: [.append, .closeOnExec, .nonBlocking])
    } catch {
      throw error as? Errno ?? .ioError
    }
    self.path = "\(path)"
  }

  /// Makes a new file. One that exists belongs to another run: `.fileExists` is thrown.
  init(creating path: FilePath) throws(Errno) {
    do {
      descriptor = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate, .append, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw error as? Errno ?? .ioError
    }
    self.path = "\(path)"
  }

  /// Appends to an open file, which has to be open for appending.
  init(_ descriptor: FileDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Appends `lines`, which end with a line end, in one write. It is with the system when this returns, so it outlives
  /// the process.
  func append(_ lines: String) throws(ResultsError) {
    // Where the file ended, if it is one that has an end: a device has none.
    let end = try? descriptor.seek(offset: 0, from: .end)
    do {
      try descriptor.writeAll(lines.utf8)
    } catch {
      // A full disk may have taken half of a line. Without it, the file stays one that reads to its end.
      if let end { try? descriptor.resize(to: end) }
      throw .system(action: "append to", path: path, errno: error as? Errno ?? .ioError)
    }
  }

  /// Puts a new file with `lines` in this one's place at once, locked if this one is, and closes this one.
  ///
  /// - Throws: `ResultsError.system`; this file is then as it was, and open.
  func replaced(with lines: String) throws(ResultsError) -> LineFile {
    let temporary = FilePath("\(path).tmp-\(getpid())")
    _ = temporary.withPlatformString { unlink($0) }
    let new: LineFile
    do { new = try LineFile(creating: temporary) } catch {
      throw .system(action: "write", path: path, errno: error)
    }
    do throws(Errno) {
      // Locked before it has the name, so that nobody else can claim it in between.
      try new.lock()
      do { try new.append(lines) } catch { throw error.errno ?? .ioError }
      if fsync(new.descriptor.rawValue) != 0 { throw Errno(rawValue: errno) }
      let result = temporary.withPlatformString { from in FilePath(path).withPlatformString { rename(from, $0) } }
      if result != 0 { throw Errno(rawValue: errno) }
    } catch {
      try? new.descriptor.close()
      _ = temporary.withPlatformString { unlink($0) }
      throw .system(action: "write", path: path, errno: error)
    }
    // All of it is in the new file, so an error that closing the old one finds does not matter.
    try? descriptor.close()
    return LineFile(new.descriptor, path: path)
  }

  /// Whether the file is still the one that has its path.
  var hasItsPath: Bool {
    var own = stat()
    var named = stat()
    return fstat(descriptor.rawValue, &own) == 0 && stat(path, &named) == 0 && own.st_ino == named.st_ino
      && own.st_dev == named.st_dev
  }

  /// Keeps other processes from locking the file until this one closes it or ends, however it ends.
  ///
  /// - Throws: `.wouldBlock` if another process has it locked.
  func lock() throws(Errno) {
    // A lock of the open file, not of the process: it holds against a second run in this very process too.
    while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
      let error = Errno(rawValue: errno)
      if error != .interrupted { throw error }
    }
  }

  /// Shortens the file to its first `count` bytes.
  func truncate(to count: Int) throws(ResultsError) {
    do {
      try descriptor.resize(to: Int64(count))
    } catch {
      throw .system(action: "shorten", path: path, errno: error as? Errno ?? .ioError)
    }
  }
}
