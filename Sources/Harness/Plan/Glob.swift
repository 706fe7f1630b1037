#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Whether `text` matches a shell pattern: `*`, `?` and `[…]`, as in POSIX fnmatch.
func matches(_ text: String, glob pattern: String) -> Bool { fnmatch(pattern, text, 0) == 0 }
