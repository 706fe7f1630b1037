/// A report before it is Markdown or HTML.
struct ReportDocument: Sendable {
  /// A heading and what stands below it.
  struct Section: Sendable {
    var title: String
    var blocks: [Block]
  }

  var title: RichText
  /// The machine, in one line.
  var machine: RichText
  var sections: [Section]

  /// How many plots a report has at most: it is to be drawn in seconds, and its page is to open at once.
  static let plotLimit = 150

  /// A document of its own.
  init(title: RichText, machine: RichText, sections: [Section]) {
    self.title = title
    self.machine = machine
    self.sections = sections
  }

  /// The report of a run. The names of its plots differ from each other.
  init(_ run: ReportedRun, plotLimit: Int = plotLimit) {
    title = run.title
    machine = run.machine
    var names: Set<String> = []
    var omitted = 0
    func named(_ block: Block) -> Block? {
      switch block {
      case .plot(var plot):
        if names.count == plotLimit {
          omitted += 1
          return nil
        }
        let name = plot.name
        var number = 2
        while !names.insert(plot.name).inserted {
          plot.name = "\(name)-\(number)"
          number += 1
        }
        return .plot(plot)
      case .details(let summary, let blocks):
        let kept = blocks.compactMap(named)
        return kept.isEmpty ? nil : .details(summary, kept)
      default: return block
      }
    }
    sections = ReportSections.all.compactMap { section in
      let blocks = section.blocks(run)
      return blocks.isEmpty ? nil : Section(title: section.title, blocks: blocks.compactMap(named))
    }
    if omitted > 0 {
      warn("\(Format.count(omitted, "plot")) more than the \(plotLimit) that a report has at most are not drawn.")
    }
  }

  /// The plots, in their order.
  var plots: [Plot] {
    func collect(_ blocks: [Block]) -> [Plot] {
      blocks.flatMap { block -> [Plot] in
        switch block {
        case .plot(let plot): return [plot]
        case .details(_, let blocks): return collect(blocks)
        default: return []
        }
      }
    }
    return sections.flatMap { collect($0.blocks) }
  }

  /// Adds a line to the end of the warnings.
  mutating func warn(_ warning: RichText) {
    let title = WarningsSection().title
    if let index = sections.firstIndex(where: { $0.title == title }) {
      if case .list(let others)? = sections[index].blocks.first {
        sections[index].blocks[0] = .list(others + [warning])
      } else {
        sections[index].blocks.append(.list([warning]))
      }
    } else {
      // Where the section stands in every report: below the results in brief.
      sections.insert(Section(title: title, blocks: [.list([warning])]), at: min(1, sections.count))
    }
  }
}
