/// A part of the report of a run, with a heading of its own.
///
/// A section is one file in `Sections/`, and a line in ``ReportSections/all``, which says where it stands.
protocol ReportSection: Sendable {
  /// The heading. It is the same in every report, so that a reader can look for it.
  var title: String { get }

  /// What stands below the heading. If there is nothing to say, there are no blocks, and the heading is left out too.
  ///
  /// The same run always gives the same blocks.
  func blocks(_ run: ReportedRun) -> [Block]
}

/// The sections of a report.
enum ReportSections {
  /// All of them, in their order: what matters first, then the evidence, then what is looked up.
  static let all: [any ReportSection] = [
    PeerSection(),
    HeadlinesSection(),
    WarningsSection(),
    WinnersSection(),
    TuningSection(),
    NetworksSection(),
    RooflineSection(),
    ScalingSection(),
    SplitsSection(),
    TeamsSection(),
    PlacementsSection(),
    CacheStatesSection(),
    VerificationSection(),
    ReplicaSection(),
    NoiseSection(),
    MachineCheckSection(),
    HowToRepeatSection(),
    LayersSection(),
    MachineSection(),
    CeilingsSection(),
    ModelSection(),
    HowToReadSection(),
  ]
}
