import Results
import Statistics

/// The laws of scaling that curves follow.
enum ScalingLaws {
  /// Threads that give less than this part of a thread each are beyond the knee.
  static let marginalEfficiency = 0.5

  /// A table of fits, or why there is none.
  static func blocks(_ curves: [ScalingCurve], _ run: ReportedRun) -> [Block] {
    let counts = Set(curves.flatMap { $0.points.map(\.threads) }.filter { $0 > 1 }).count
    guard counts >= ScalingFit.Law.amdahl.leastPoints else {
      return [
        .paragraph(
          """
          No law of scaling is fitted: with \(Format.count(counts, "number")) of threads above one nothing would say how \
          well it fits. Amdahl's law needs \(ScalingFit.Law.amdahl.leastPoints), Gunther's Universal Scalability Law \
          \(ScalingFit.Law.universal.leastPoints): `--threads 1,2,4,all`.
          """)
      ]
    }
    let hasWeak = curves.contains { $0.scaling == .weak }
    let rows = curves.map { curve -> [RichText] in
      let points = curve.points.compactMap(\.fitted)
      let amdahl = ScalingFit(.amdahl, to: points)
      let universal = ScalingFit(.universal, to: points)
      let knee = ScalingFit.knee(points, limit: marginalEfficiency)
      var setting = curve.setting
      setting.threads = points.map(\.threads).max() ?? setting.threads
      return [.code(curve.series), .text(curve.layout.rawValue), .text(hasWeak ? curve.scaling.rawValue : "")]
        + run.cells(setting)
        + .text(
          parameter(amdahl?.contention), parameter(universal?.contention), parameter(universal?.coherence),
          Format.number(universal.map { 100 * $0.residual }),
          universal == nil ? Format.unknown : universal?.maximum.map { Format.number($0) } ?? "none",
          knee.map(String.init) ?? "none")
    }
    let columns: [Table.Column] =
      [.text("kernel"), .text("layout"), .optionalText("scaling")] + ReportedRun.settingColumns + [
        .number("Amdahl: serial (%)"), .number("USL: σ (%)"), .number("USL: κ (%)"), .number("residual (%)"),
        .number("USL: fastest at"), .number("knee"),
      ]
    let few =
      counts < ScalingFit.Law.universal.leastPoints
      ? " The Universal Scalability Law needs \(ScalingFit.Law.universal.leastPoints) numbers of threads above one."
      : ""
    return [
      .paragraph(
        """
        What the curves follow, in percent with 95 % intervals: Amdahl's law, n ÷ (1 + σ(n − 1)), and Gunther's Universal \
        Scalability Law (USL), n ÷ (1 + σ(n − 1) + κn(n − 1)), by least squares with 0 ≤ σ ≤ 1 and κ ≥ 0. σ is the serial part, κ what \
        each pair of threads costs. Fastest at is where the USL has its maximum; the knee is the measured number of threads \
        beyond which more give less than \(Int(100 * marginalEfficiency)) % of a thread each.\(few)
        """),
      .table(Table(columns, rows: rows)),
    ]
  }

  private static func parameter(_ value: FittedParameter?) -> String {
    value.map {
      "\(Format.number(100 * $0.value)) (\(Format.number(100 * $0.lower)) … \(Format.number(100 * $0.upper)))"
    } ?? Format.unknown
  }
}
