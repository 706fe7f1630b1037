import Testing
import Topology

@Suite("OpenMP's variables")
struct OpenMPVariablesTests {
  @Test(
    "Places",
    arguments: [
      ("cores", "cores"), ("THREADS", "threads"), (" ll_caches ", "ll-caches"), ("numa_domains", "numa-domains"),
      ("Sockets", "sockets"), ("{0},{2}", "{0},{2}"), ("{0:4:2}, {1}", "{0,2,4,6},{1}"), ("{0:2}:2:4", "{0-1},{4-5}"),
      ("cores(4)", "cores(4)"), ("LL_CACHES( 2 )", "ll-caches(2)"), ("{0:4},{6:2},!{6-7}", "{0-3}"),
      ("{0:3,!1}:2:4", "{0,2},{4,6}"),
    ])
  func places(value: String, expected: String) throws {
    let variables = try OpenMPVariables(environment: ["OMP_PLACES": value, "PATH": "/bin"])
    #expect(variables.places?.description == expected && variables.bind == nil)
    #expect(variables.variables == ["OMP_PLACES": value])
  }

  @Test(
    "Binding policies",
    arguments: [
      ("true", "close"), ("TRUE", "close"), ("false", "none"), ("close", "close"), (" spread", "spread"),
      ("spread,close", "spread"), ("close , primary, MASTER", "close"),
    ])
  func bind(value: String, expected: String) throws {
    let variables = try OpenMPVariables(environment: ["OMP_PROC_BIND": value])
    #expect(variables.bind?.rawValue == expected && variables.places == nil)
  }

  @Test("Hardware threads are all those of a core, as OpenMP has it, and other places leave that to the policy")
  func siblings() throws {
    let machine = try Machines.machine("package:1 core:2 pu:4")
    func smt(_ places: String) throws -> Int? {
      try OpenMPVariables(environment: ["OMP_PLACES": places]).smt(on: machine)
    }
    #expect(try smt("threads") == 4 && smt("threads(3)") == 4 && smt("cores") == nil && smt("{0}") == nil)
  }

  @Test("Nothing is nothing", arguments: [[:], ["OMP_PLACES": "", "OMP_PROC_BIND": " "], ["OMP_NUM_THREADS": "3"]])
  func none(environment: [String: String]) throws {
    let variables = try OpenMPVariables(environment: environment)
    #expect(variables.places == nil && variables.bind == nil && variables.variables.isEmpty)
  }

  @Test(
    "What cannot be honoured is refused in a sentence that quotes it",
    arguments: [
      ("OMP_PLACES", "core"), ("OMP_PLACES", "ll-caches"), ("OMP_PLACES", "cores(0)"), ("OMP_PLACES", "ll-caches(2)"),
      ("OMP_PLACES", "{0"), ("OMP_PLACES", "{0 1}"),
      ("OMP_PLACES", "{0},!{1}"), ("OMP_PLACES", "{0:4:-1}"), ("OMP_PLACES", "0,1"), ("OMP_PROC_BIND", "primary"),
      ("OMP_PROC_BIND", "master"), ("OMP_PROC_BIND", "tight"),
      ("OMP_PROC_BIND", "close,tight"), ("OMP_PROC_BIND", "false,close"), ("OMP_PROC_BIND", "spread,"),
      ("OMP_PROC_BIND", ",close"),
    ])
  func refused(name: String, value: String) {
    let error = #expect(throws: PlacementError.self) { try OpenMPVariables(environment: [name: value]) }
    let sentence = error?.description ?? ""
    #expect(sentence.hasPrefix("The variable \(name), '\(value)', cannot be honoured: expected "), "\(sentence)")
    #expect(sentence.hasSuffix(".") && !sentence.contains("\n"))
  }
}
