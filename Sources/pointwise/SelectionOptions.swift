import ArgumentParser
import Harness
import Kernels
import Layers
import Teams
import Topology

/// The flags that choose what to run of a suite; shared by `run`, `verify`, `tune` and others.
struct SelectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Kernels to run, such as 'packed,simd' or 'p*', or with a register tile by hand, 'packed.14x2'. Default: all.",
      valueName: "glob,…"),
    transform: ListOption<String>.parse)
  var kernel: ListOption<String>?

  @Option(
    help: ArgumentHelp("Kernels to leave out.", valueName: "glob,…"), transform: ListOption<String>.parse)
  var skipKernel: ListOption<String>?

  @Option(
    help: ArgumentHelp(
      "Layers to run, by descriptor or name, such as 'conv4*' or '*oc1000*'. Default: all.", valueName: "glob,…"),
    transform: ListOption<String>.parse)
  var layer: ListOption<String>?

  @Option(
    help: ArgumentHelp(
      "ISAs: portable, avx2, avx512. Default: run measures the widest that the CPU has, verify checks all of them.",
      valueName: "isa,…"),
    transform: ListOption<ISA>.parse)
  var isa: ListOption<ISA>?

  @Option(
    help: ArgumentHelp(
      "How the work is divided among threads: channels, pixels, grid (both), reduction (input channels, where that "
        + "suits the layer), auto (one of them, or one thread alone, by a model); none is that of one thread. Default: run "
        + "measures channels and pixels, and auto where that takes one thread; verify checks, and tune tries, all.",
      valueName: "split,…"),
    transform: ListOption<Split>.parse)
  var split: ListOption<Split>?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Numbers of threads, such as 1,2,4, or all. Default: run measures 1,all; verify checks 1, 2 and 5.",
      valueName: "n,…"),
    transform: { text in try parsingWord { () throws(PlacementError) in try ThreadCounts(text) } })
  var threads: ThreadCounts?

  @Option(
    help: ArgumentHelp("Memory layouts of convolutions: nchw, nhwc. Default: both.", valueName: "layout,…"),
    // A fully connected layer has one layout, so there is nothing to choose.
    transform: { try ListOption.parse($0, known: Layout.applicable(to: .conv1x1)) })
  var layout: ListOption<Layout>?

  /// The flags that are given.
  var given: [String] {
    [
      ("--kernel", kernel != nil), ("--skip-kernel", skipKernel != nil), ("--layer", layer != nil),
      ("--isa", isa != nil),
      ("--split", split != nil), ("--threads", threads != nil), ("--layout", layout != nil),
    ].filter(\.1).map(\.0)
  }
}
