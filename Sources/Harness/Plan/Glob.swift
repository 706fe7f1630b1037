#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Shell patterns: `*`, `?` and `[…]`, as in POSIX fnmatch.
public enum Glob {
  /// Whether `text` matches `pattern` from its first character to its last.
  public static func matches(_ text: String, _ pattern: String) -> Bool { fnmatch(pattern, text, 0) == 0 }
}
