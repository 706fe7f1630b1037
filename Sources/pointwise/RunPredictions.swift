import Foundation
import Harness
import Kernels
import Layers
import Results
import Teams
import Topology

/// What the model says of the rows of a run, on the machine and with the ceilings that its run.json records.
struct RunPredictions {
  /// A row and what the model says of it.
  struct Pair {
    let row: Row
    let time: PredictedTime
  }

  /// The rows that the model covers: measured with hot caches by a kernel that counts its work, on CPUs of their own.
  let pairs: [Pair]

  /// Predicts `rows` of the run of `manifest`. There is nothing to predict with if the run has no ceilings, or does not
  /// know its machine.
  init(_ manifest: RunManifest, _ rows: [Row], _ catalog: Catalog) {
    guard let peaks: [Peaks] = Self.decode(manifest.peaks),
      let machine: Machine = Self.decode(manifest.environment.machine), !machine.eligiblePUs.isEmpty
    else {
      pairs = []
      return
    }
    let kernels = Dictionary(uniqueKeysWithValues: catalog.withTilesByHand.map { ($0.identifier, $0) })
    pairs = rows.compactMap { row in
      guard row.status == .ok, row.timeMedian != nil, row.cache == CacheState.hot.rawValue,
        row.quality != .oversubscribed, let isa = ISA(rawValue: row.isa), let split = Split(rawValue: row.split),
        let layer = Layer(row), let kernel = kernels["\(row.replica.kernel)-\(row.isa)"],
        let rates = MachineRates(
          peaks, isa: isa, threads: row.threads, cpus: row.cpus, team: TeamKind(rawValue: row.team), on: machine)
      else { return nil }
      let cpus = row.cpus.split(separator: " ").compactMap { Int($0) }
      func predict(_ rates: MachineRates) -> Prediction? {
        Predictor(machine, rates, threads: row.threads, cpus: cpus.count == row.threads ? cpus : [])
          .prediction(layer, kernel, split)
      }
      guard let prediction = predict(rates) else { return nil }
      return Pair(
        row: row,
        time: PredictedTime(
          caseKey: row.caseKey, nanoseconds: prediction.nanoseconds,
          besideSamples: row.peakGFLOPS.flatMap {
            predict(rates.scaled(toMultiplyAdds: $0 / Double(row.threads)))?.nanoseconds
          }, inputBytes: prediction.inputBytes, weightBytes: prediction.weightBytes,
          outputBytes: prediction.outputBytes, imbalancePercent: prediction.imbalancePercent))
    }
  }

  /// A value that passed through run.json; nil if it is not there or has another form.
  static func decode<Value: Decodable>(_ json: JSONValue?) -> Value? {
    guard let json, let data = try? JSONEncoder().encode(json) else { return nil }
    return try? JSONDecoder().decode(Value.self, from: data)
  }
}

extension Layer {
  /// The layer that a row measured; nil if its dimensions are those of none.
  init?(_ row: Row) {
    let shape: Shape =
      switch row.op {
      case .fc: .fc(mb: row.mb, ic: row.ic, oc: row.oc, ih: row.ih, iw: row.iw)
      case .conv1x1: .conv1x1(mb: row.mb, ic: row.ic, oc: row.oc, ih: row.ih, iw: row.iw, sh: row.sh, sw: row.sw)
      }
    do {
      try self.init(
        op: row.op, shape: shape, layout: row.layout, dtype: row.dtype, bias: row.bias, activation: row.activation)
    } catch { return nil }
  }
}
