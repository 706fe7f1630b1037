import ArgumentParser
import Harness
import Kernels
import Layers
import Results
import Teams
import Tensors
import Topology

/// `pointwise apply`: a layer on the user's own tensors.
struct ApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Apply a layer to your own tensors, check the result and time it.",
    discussion: """
      Tensors are NumPy's .npy files (float32 or float64), or tensors of a safetensors file, as \
      model.safetensors:layer.weight (F32, F64, F16 or BF16), and lie as PyTorch holds them: the input of a convolution \
      is [mb][c][h][w], or [mb][h][w][c] with --layout nhwc, that of an FC layer [m][k], or a map [mb][c][h][w], which \
      is flattened; weights are [oc][ic] or [oc][ic][1][1], the bias is [oc]. float64 is rounded to float32. NaN and \
      infinity are refused: no bound holds for them.

      Every case is compared with a reference in double precision, element by element, before it is timed. The output, \
      float32 in the input's layout, is that of the fastest case. It is written only if every case is right and, with \
      --expect, the expected output is within the same bound.

      Exit codes: 0 all is right; 1 a result, or the expected output, is outside the bound; 64 wrong flags; 65 wrong \
      tensors, or a layer that does not fit the machine; 74 a file cannot be read or written; 130 interrupted.
      """)

  @Option(help: ArgumentHelp("The operation: conv1x1 or fc.", valueName: "op"), transform: { try word($0) })
  var op: Op

  @Option(help: ArgumentHelp("The input.", valueName: "file"), transform: path)
  var input: TensorPath

  @Option(help: ArgumentHelp("The weights.", valueName: "file"), transform: path)
  var weights: TensorPath

  @Option(help: ArgumentHelp("The bias. Default: none.", valueName: "file"), transform: path)
  var bias: TensorPath?

  @Option(
    help: ArgumentHelp("What another program computed, to be compared. Default: nothing.", valueName: "file"),
    transform: path)
  var expect: TensorPath?

  @Option(help: ArgumentHelp("Where the output goes, a .npy file. Default: nowhere.", valueName: "file"))
  var output: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Stride of a convolution, or vertical and horizontal stride. Default: 1.", valueName: "n[,n]"),
    transform: Stride.init)
  var stride: Stride?

  @Option(
    help: ArgumentHelp("Memory layout of a convolution: nchw or nhwc. Default: nchw.", valueName: "layout"),
    transform: { try word($0, of: Layout.applicable(to: .conv1x1)) })
  var layout: Layout?

  @Option(
    help: ArgumentHelp(
      "What ends the layer: none, relu, relu6, gelu, silu, tanh or sigmoid. Default: none.", valueName: "name"),
    transform: { try word($0) })
  var activation: Activation = .none

  @Option(
    help: ArgumentHelp(
      "Kernels, such as 'packed,simd' or 'p*'; all for every one. Default: packed.", valueName: "glob,…"),
    transform: ListOption<String>.parse)
  var kernel: ListOption<String>?

  @Option(
    help: ArgumentHelp("ISAs: portable, avx2, avx512. Default: the widest that the CPU has.", valueName: "isa,…"),
    transform: ListOption<ISA>.parse)
  var isa: ListOption<ISA>?

  @Option(
    help: ArgumentHelp(
      "How the output is divided among threads: channels, pixels, auto. Default: channels and pixels, and auto where that "
        + "takes one thread alone.", valueName: "split,…"),
    transform: ListOption<Split>.parse)
  var split: ListOption<Split>?

  @Option(
    help: ArgumentHelp("Teams: dispatch, dispatch-apply. Default: dispatch.", valueName: "team,…"),
    transform: ListOption<TeamKind>.parse)
  var team: ListOption<TeamKind>?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Numbers of threads, such as 1,2,4, or all. Default: all.", valueName: "n,…"),
    transform: { text in try parsingWord { () throws(PlacementError) in try ThreadCounts(text) } })
  var threads: ThreadCounts?

  @OptionGroup(title: "Where threads sit")
  var placement: PlacementOptions

  func validate() throws {
    if output == "" { throw ValidationError("--output '': expected the name of a file") }
    if op == .fc {
      if stride != nil { throw ValidationError("--stride: an FC layer has none; expected it with --op conv1x1 only") }
      if layout != nil { throw ValidationError("--layout: an FC layer has none; expected it with --op conv1x1 only") }
    }
  }

  func run() throws {
    let interruption = Interruption(StatusLine(), promise: "finishing the present case; nothing is written …")
    let output = try self.output.map { try OutputFile($0) }
    try Supplies.require()
    let topology = try topologyOrExit(nil)
    let environment = try placement.announcedEnvironment()
    let available = Environment.capture().memoryAvailable
    do {
      let files = try LayerFiles(
        op, LayerPaths(input: input, weights: weights, bias: bias, layout: layout ?? .nchw),
        sh: stride?.vertical ?? 1, sw: stride?.horizontal ?? 1, activation: activation)
      let expectedFile = try expect.map { try TensorFile(opening: $0) }
      try expectedFile?.require([files.layer.outputSizes], of: "the output of \(files.layer.descriptor)")
      let group = try plan(files, topology.machine, environment, available)
      try Supplies.require(group.cases)

      let tensors = try files.tensors(availableMemory: available) { printToStandardError(roundingNote($0, $1)) }
      let expected = try expectedFile.map { file in
        let tensor = try file.read(availableMemory: available)
        if tensor.roundedCount > 0 { printToStandardError(roundingNote(file, tensor.roundedCount)) }
        return SharedBuffer(tensor.takeValues())
      }
      try printToStandardOutput(ApplyReport.header(files))
      let result = try ApplyRun(group, topology: topology).run(
        tensors, expected: expected, availableMemory: available, isInterrupted: { interruption.isRequested })
      if interruption.isRequested { throw ExitCode(interruption.exitCode) }
      try report(result, files.layer, expectedFile, expected, output)
    } catch let code as ExitCode {
      throw code
    } catch let error as TensorError {
      throw Exit.failure(error, error.isSystemError ? Exit.io : Exit.data)
    } catch let error as PlanError {
      throw Exit.failure(error, error.isUsage ? Exit.usage : Exit.data)
    } catch {
      throw Exit.failure("\(error)", Exit.data)
    }
  }

  /// Every case of the layer that the flags ask for.
  private func plan(
    _ files: LayerFiles, _ machine: Machine, _ environment: OpenMPVariables, _ available: Int?
  ) throws(PlanError) -> CaseGroup {
    var selection = Selection()
    selection.kernels = (kernel?.values ?? ["packed"]).map { $0 == "all" ? "*" : $0 }
    selection.isas = isa?.values
    selection.splits = split?.values
    selection.teams = team?.values
    selection.threads = threads ?? .all
    selection.layouts = op == .fc ? nil : [files.layer.layout]
    selection.places = placement.places?.values
    selection.binds = placement.bind?.values
    selection.policy = placement.commonPolicy
    selection.environment = environment
    let layer = files.layer
    let entry = Suite.Entry(
      op: layer.op, shape: layer.shape, network: "apply", bias: layer.bias, activation: layer.activation,
      location: SourceLocation(file: "\(input)", line: nil))
    let plan = try Plan(
      suites: [.single(entry, name: "apply")], selection: selection, machine: machine, catalog: .current(),
      availableMemory: available)
    guard let group = plan.groups.first else {
      throw .flag(
        "--kernel", value: selection.kernels?.joined(separator: ",") ?? "", message: "none of them supports the layer")
    }
    return group
  }

  /// Prints the results, and writes the output if all of them are right.
  private func report(
    _ result: ApplyRun.Result, _ layer: Layer, _ expectedFile: TensorFile?, _ expected: SharedBuffer?,
    _ output: OutputFile?
  ) throws {
    try printToStandardOutput(ApplyReport.table(result.outcomes, layer))
    if result.comparedRows < layer.m {
      try printToStandardOutput("Compared: \(result.comparedRows) of \(layer.m) rows, for the layer is large.")
    }
    var failures = result.outcomes.compactMap { outcome in
      outcome.verification.failure.map { "\(outcome.item.variant), \(outcome.item.threads) threads: \($0)" }
    }
    if let expectedFile, let expected, let check = result.expectation {
      try printToStandardOutput(
        ApplyReport.expectation(expectedFile, check, expected: expected, output: result.output, layer))
      if !check.passed, let worst = check.worst {
        failures.append(
          "\(expectedFile.path): the worst element \(ApplyReport.indices(worst, layer)) is "
            + "\(expected.buffer.pointer[worst]), \(ApplyReport.scientific(check.error)) from the double-precision result; "
            + "expected at most \(ApplyReport.scientific(check.bound))")
      }
    }
    if !failures.isEmpty {
      for failure in failures.dropLast() { printToStandardError("Error: \(failure)") }
      throw Exit.failure(failures[failures.count - 1], Exit.incorrect)
    }
    guard let output, let best = result.best, let values = result.output else { return }
    try output.write(NpyFile.bytes(values.buffer, sizes: layer.outputSizes))
    try printToStandardOutput(
      "Output: \(output.path), float32 \(TensorFile.text(layer.outputSizes)), by \(best.item.variant), "
        + "\(best.item.threads) threads")
  }
}

/// `--stride`: one number for both directions, or the vertical and the horizontal one.
struct Stride: Sendable {
  let vertical: Int
  let horizontal: Int

  @Sendable
  init(_ text: String) throws {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ $0 >= 1 && $0 <= Layer.maximumElements }) else {
      throw ValidationError("expected one or two whole numbers of at least 1, such as 2 or 2,1")
    }
    vertical = numbers[0]
    horizontal = numbers[numbers.count - 1]
  }
}

/// One word of an enumeration.
private func word<Value: RawRepresentable<String> & CaseIterable>(
  _ text: String, of known: [Value] = Array(Value.allCases)
) throws -> Value {
  if let value = known.first(where: { $0.rawValue == text }) { return value }
  throw ValidationError("expected one of \(known.map(\.rawValue).joined(separator: ", "))")
}

/// A tensor's place.
@Sendable
private func path(_ text: String) throws -> TensorPath {
  if text.isEmpty { throw ValidationError("expected a .npy file, or NAME.safetensors:TENSOR") }
  return TensorPath(text)
}
