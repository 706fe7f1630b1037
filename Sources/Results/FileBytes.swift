import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Whole files, and the calls around them that swift-system does not have.
package enum FileBytes {
  /// The contents of the file at `path`.
  ///
  /// - Throws: `Errno`; `.fileTooLarge` if it has more than `limit` bytes.
  static func read(_ path: FilePath, limit: Int = .max) throws(Errno) -> [UInt8] {
    do {
      // A pipe in the place of a file is empty then, and does not wait for a writer.
      let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      return try descriptor.closeAfter {
        var contents: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { chunk.deallocate() }
        // Files of /proc and /sys have no size, so read to the end.
        while true {
          let count = try descriptor.read(into: chunk)
          if count == 0 { return contents }
          if contents.count + count > limit { throw Errno.fileTooLarge }
          contents.append(contentsOf: chunk[..<count])
        }
      }
    } catch let error as Errno {
      throw error
    } catch {
      throw Errno.ioError
    }
  }

  /// Puts `bytes` at `path` at once: another process sees the old file or the new one, never a part, and after a power
  /// failure so does the next boot.
  ///
  /// The bytes go to a temporary file beside `path`, are synchronised, and are renamed.
  ///
  /// - Throws: `ResultsError.system`; `path` is then untouched and the temporary file removed.
  static func replace(_ path: FilePath, with bytes: [UInt8]) throws(ResultsError) {
    let temporary = FilePath("\(path).tmp-\(getpid())")
    do {
      let descriptor = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try descriptor.closeAfter {
        try descriptor.writeAll(bytes)
        if fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: errno) }
      }
      let result = temporary.withPlatformString { from in path.withPlatformString { to in rename(from, to) } }
      if result != 0 { throw Errno(rawValue: errno) }
    } catch {
      _ = temporary.withPlatformString { unlink($0) }
      throw .system(action: "write", path: "\(path)", errno: error as? Errno ?? .ioError)
    }
  }

  /// The same for a path in words.
  package static func replace(_ path: String, with bytes: [UInt8]) throws(ResultsError) {
    try replace(FilePath(path), with: bytes)
  }

  /// Makes a folder that a user names, and those above it that are missing; one that is there is taken as it is.
  package static func makeFolders(_ path: String) throws(ResultsError) {
    do { try makeFolders(FilePath(path)) } catch .fileExists {} catch {
      throw .system(action: "create the folder", path: path, errno: error)
    }
  }

  /// Makes one folder, readable by everybody.
  static func makeFolder(_ path: FilePath) throws(Errno) {
    if path.withPlatformString({ mkdir($0, 0o755) }) != 0 { throw Errno(rawValue: errno) }
  }

  /// Makes a folder and those above it that are missing.
  static func makeFolders(_ path: FilePath) throws(Errno) {
    do {
      try makeFolder(path)
    } catch .noSuchFileOrDirectory {
      let parent = path.removingLastComponent()
      if parent.isEmpty || parent == path { throw .noSuchFileOrDirectory }
      do { try makeFolders(parent) } catch .fileExists {}
      try makeFolder(path)
    }
  }

  /// The names in a folder, without "." and "..".
  static func names(inFolder path: FilePath) throws(Errno) -> [String] {
    guard let folder = path.withPlatformString({ opendir($0) }) else { throw Errno(rawValue: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
