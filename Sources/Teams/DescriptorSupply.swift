import CPlatform
import Glibc

/// Whether the process may open the files that it will need.
///
/// Dispatch and gnuplot's pipes end the process where they cannot open what they need, so whoever is about to use them
/// asks first.
public enum DescriptorSupply {
  /// Fewer files than were asked for.
  public struct Shortage: Error, Sendable, Hashable, CustomStringConvertible {
    /// How many more there were.
    public var available: Int
    /// How many more were asked for.
    public var wanted: Int
    /// The errno of the first that could not be opened.
    public var code: Int32

    /// One sentence with the numbers and the system's reason.
    public var description: String {
      "this process can open \(available) more files (\(String(cString: strerror(code)))), but \(wanted) are needed; "
        + "expected a higher limit of open files (ulimit -n)"
    }
  }

  /// Opens `count` files at the same time, and closes them again. Where they are too many for the soft limit, it is raised
  /// to the hard one first, as far as that helps.
  ///
  /// - Throws: ``Shortage`` if the system refuses one of them.
  public static func require(_ count: Int) throws(Shortage) {
    do throws(Shortage) { try probe(count) } catch {
      guard error.code == EMFILE, platform_raise_descriptor_limit(UInt64(count)) == 0 else { throw error }
      try probe(count)
    }
  }

  private static func probe(_ count: Int) throws(Shortage) {
    var descriptors: [CInt] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    while descriptors.count < count {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { throw Shortage(available: descriptors.count, wanted: count, code: errno) }
      descriptors.append(descriptor)
    }
  }
}
