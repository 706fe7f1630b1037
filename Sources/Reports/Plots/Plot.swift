import Foundation

/// A picture of a report: what gnuplot is to draw.
struct Plot: Sendable {
  /// The name of the file without its extension: ASCII letters, digits and hyphens. Every plot of a report has its own.
  var name: String
  /// What the picture shows, for those who do not see it and as its caption.
  var caption: RichText
  /// Its size in CSS pixels. GitHub shows about 830 of them side by side.
  var width = 860
  var height = 480
  /// The commands that draw it, without the terminal.
  var commands: String
}

/// What pictures of a report are made of.
public enum PlotFormat: String, Sendable, CaseIterable {
  /// Scalable Vector Graphics.
  case svg
  /// Portable Network Graphics, with twice as many pixels as the picture has CSS pixels.
  case png
}

/// The pictures of a report, as far as there are some.
struct PlotImages: Sendable {
  /// No pictures, and no word about them: they were not asked for.
  static let none = PlotImages(format: .svg)

  /// What the pictures are.
  var format: PlotFormat
  /// The contents of a file for each plot that could be drawn, by its name.
  var files: [String: [UInt8]] = [:]
  /// Why some could not be drawn, in a sentence; nil if all could, or none was asked for.
  var failure: String?

  /// The path of a plot's file, relative to the report; nil if it could not be drawn.
  func path(of plot: Plot) -> String? {
    files[plot.name].map { _ in "\(Self.folder)/\(plot.name).\(format.rawValue)" }
  }

  /// The folder of the pictures beside the report.
  static let folder = "plots"
}

extension RunAnalysis.Network {
  /// The settings that have plots of their own: of at most four numbers of threads, the least, the most, and those
  /// that divide what lies between most evenly by factors.
  var plottedSettings: [RunAnalysis.Setting] {
    let threads = settings.map(\.threads).uniqued()
    guard let least = threads.first, let most = threads.last, threads.count > 4 else { return settings }
    let wanted = (0...3).map { Double(least) * pow(Double(most) / Double(least), Double($0) / 3) }
    let chosen = Set(
      wanted.compactMap { wanted in threads.min { abs(log(Double($0) / wanted)) < abs(log(Double($1) / wanted)) } })
    return settings.filter { chosen.contains($0.threads) }
  }
}

extension Block {
  /// How many pictures a section has at most. More are a gallery that nobody looks through.
  static let plotLimit = 24

  /// A line that says which numbers of threads have plots of their own, if not all have.
  static func plottedThreads(_ network: RunAnalysis.Network) -> [Block] {
    let all = Set(network.settings.map(\.threads))
    let plotted = Set(network.plottedSettings.map(\.threads))
    return plotted.count == all.count
      ? [] : [.paragraph("Of \(all.count) numbers of threads, plots show \(Format.list(plotted)).")]
  }

  /// Pictures: the first ones to be seen at once, the others when the reader asks for them.
  static func plots(_ plots: [Plot]) -> [Block] {
    let shown = plots.prefix(plotLimit)
    var blocks = shown.prefix(2).map { Block.plot($0) }
    if shown.count > 2 {
      blocks.append(.details("\(Format.count(shown.count - 2, "more plot"))", shown.dropFirst(2).map { .plot($0) }))
    }
    if plots.count > plotLimit {
      blocks.append(
        .paragraph("… and \(Format.count(plots.count - plotLimit, "plot")) more, which are not drawn."))
    }
    return blocks
  }
}
