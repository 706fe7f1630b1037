import Results

/// What `pointwise compare` is asked to compare: two runs, or the variants of one.
enum ComparedRuns {
  case runs(baseline: String, run: String)
  case variants(run: String, contents: RunFolder.Contents, baseline: String?)

  /// Finds out what the words of a command line mean.
  ///
  /// `--baseline` names a kernel or a variant of the run, or a baseline that was kept: whichever exists.
  ///
  /// - Throws: the error that ends the process, after one sentence on standard error.
  init(_ folders: [String], baseline: String?) throws {
    if folders.count == 2 {
      if baseline != nil {
        throw Exit.failure("--baseline takes the place of a second run; expected one of the two", Exit.usage)
      }
      self = .runs(baseline: folders[0], run: folders[1])
      return
    }
    let contents = try readRun(folders[0])
    guard let baseline else {
      self = .variants(run: folders[0], contents: contents, baseline: nil)
      return
    }
    let isOfRun = contents.rows.contains { $0.kernel == baseline || $0.variant == baseline }
    switch (isOfRun, Baseline.exists(baseline)) {
    case (true, false): self = .variants(run: folders[0], contents: contents, baseline: baseline)
    case (false, true): self = .runs(baseline: Baseline.path(baseline), run: folders[0])
    case (true, true):
      throw Exit.failure(
        "--baseline '\(baseline)' is a kernel or variant of \(folders[0]) and the name of a baseline; expected "
          + "'compare \(Baseline.path(baseline)) \(folders[0])' for the latter, or a variant", Exit.usage)
    case (false, false):
      let kernels = Set(contents.rows.map(\.kernel)).sorted()
      let known = kernels + Baseline.names().map { "\($0) (in \(Baseline.folder))" }
      throw Exit.failure(
        "--baseline '\(baseline)' is neither a kernel of \(folders[0]) nor a baseline in \(Baseline.folder); expected "
          + (known.isEmpty ? "a run with rows" : "one of \(known.joined(separator: ", "))"), Exit.usage)
    }
  }
}

/// Reads the folder of a run; incomplete lines are a note on standard error.
///
/// - Throws: the error that ends the process, after one sentence on standard error.
func readRun(_ folder: String) throws -> RunFolder.Contents {
  let contents: RunFolder.Contents
  do { contents = try RunFolder.read(folder) } catch {
    throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
  }
  for line in contents.dropped { printToStandardError("Note: \(line)") }
  return contents
}

/// Prints a text that ends with a line end, or puts it into a file at once.
///
/// - Throws: the error that ends the process, after one sentence on standard error.
func deliver(_ text: String, to file: OutputFile?) throws {
  if let file { return try file.write(Array(text.utf8)) }
  try printToStandardOutput(text.hasSuffix("\n") ? String(text.dropLast()) : text)
}
