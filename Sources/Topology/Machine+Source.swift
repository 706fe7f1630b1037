#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Machine.Source {
  /// What a user names a machine by: the path of an XML file if anything is there, else a synthetic description.
  ///
  /// Whether it is either is found when it is loaded.
  public init(argument: String) {
    self = access(argument, F_OK) == 0 ? .xml(path: argument) : .synthetic(description: argument)
  }
}
