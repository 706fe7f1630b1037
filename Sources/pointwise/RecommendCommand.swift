import ArgumentParser
import Reports
import Results

/// `pointwise recommend`: which variant to use for each layer.
struct RecommendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recommend",
    abstract: "Say which variant to use for each layer of a run, and how sure that is.",
    discussion: """
      On each layer the fastest variant is compared with the others, round by round: over all numbers of threads, and for \
      each. 'clear' is faster than all others beyond the noise floor and chance; 'tie' is as fast as others, of which the \
      simplest is taken: fewer threads, then no packing of weights; 'unsure' is the fastest by a difference that may be \
      none; 'only' had no other. JSON has a schema version: see Reports/README.md.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Option(help: ArgumentHelp("What to write.", valueName: "format"))
  var format = Format.text

  @Option(help: ArgumentHelp("Write into a file, at once, and not to standard output.", valueName: "file"))
  var output: String?

  /// What `--format` takes.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json, markdown
  }

  func validate() throws {
    if output == "" { throw ValidationError("--output is ''; expected the name of a file") }
  }

  func run() throws {
    // First, so that nothing is computed in vain.
    let file = try output.map { try OutputFile($0) }
    let recommendations = Recommendations(try readRun(folder))
    let text =
      switch format {
      case .text: RecommendationReport.render(recommendations, as: .text)
      case .markdown: RecommendationReport.render(recommendations, as: .markdown)
      case .json: try recommendations.json()
      }
    try deliver(text, to: file)
  }
}
