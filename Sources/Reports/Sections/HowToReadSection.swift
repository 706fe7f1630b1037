/// What the words and numbers of a report mean.
struct HowToReadSection: ReportSection {
  let title = "How to read this report"

  func blocks(_ run: ReportedRun) -> [Block] { [.list(Self.terms)] }

  private static let terms: [RichText] = [
    """
    **variant**: kernel, ISA, split of the work among threads, and the team of threads that runs it.
    """,
    """
    **own layout**: a library chose the layout of input and output, which need not be that of the row; bringing them into \
    it and back is not in the time.
    """,
    """
    **time**: the median time of one execution of the layer, from the release of the threads to the end of the last; \
    packing the weights is not in it. If at least six rounds are clean, it and its interval are of the clean rounds alone, \
    otherwise of all.
    """,
    """
    **clean rounds**: those without a taint. A round is tainted if a thread waited for a CPU longer than 0.1 % of the \
    sample, or lost its CPU where that time is not known (`descheduled`), if a thread ended on another CPU \
    (`migrated`), if the hypervisor took time from the threads' CPUs (`stolen`), if the burst of multiply-adds before \
    the sample was more than 5 % slower than the run's best on these CPUs (`slow`), or if the caches gave a small buffer \
    after it at less than half the rate of the best rounds of the case (`contended`).
    """,
    """
    **quality**: the first of these that applies. `oversubscribed`: threads share CPUs. `noisy`: fewer than six rounds \
    are clean, or the interval is wider than the precision that was asked for, or a quarter of the rounds or more are \
    descheduled, migrated, stolen or contended. `throttled`: a quarter of the rounds or more are slow. `valid`: none of these, and \
    not mentioned in tables.
    """,
    """
    **±**: the farther bound of the median's 95 % confidence interval, in percent of the median. It comes from order \
    statistics and assumes no distribution. Two variants whose intervals overlap are not told apart. `>100` says that \
    the measurement is worth nothing.
    """,
    """
    **GFLOP/s**: 2·M·N·K ÷ time, with M = pixels or rows, N = output channels, K = input channels. Bias and activation \
    are not counted.
    """,
    """
    **over naive**: the fastest `naive` variant's time on the same layer, layout, threads and placement ÷ time.
    """,
    """
    **over one thread**: the time of the same kernel and ISA on the same layer with one thread ÷ time; **efficiency** is \
    that by the number of threads, in percent.
    """,
    """
    **≈** before a ratio: the quality of one of its sides is not valid, so the two may be disturbed differently.
    """,
    """
    **peak**: GFLOP/s in percent of what the same threads reached with multiply-adds of the same ISA in the bursts beside \
    the samples. **roofline**: GFLOP/s in percent of the smaller of that and the layer's least traffic at the read \
    bandwidth of the level that it comes from; of a layer that streams its weights, the bandwidth that a plain read of them \
    had beside the samples. **bound**: which of the two is smaller: `compute`, or the level.
    """,
    """
    **tile by**: who chose the register tile of a kernel that has several: its `model`, measuring (`tuned`, by `pointwise \
    tune`), or the user's `hand`.
    """,
    """
    **clock**: the clock that the bursts saw. **imbalance**: how much longer the slowest thread computed than the mean of \
    all, in percent; empty where one computes.
    """,
    """
    **error ÷ bound**: the error against a reference in double precision as a part of what rounding can explain. Above 1 \
    the result is incorrect, and no performance is shown.
    """,
    """
    A dash is a value that was not measured. Numbers have three significant digits; all digits are in results.csv, all \
    samples in samples.csv.
    """,
  ]
}
