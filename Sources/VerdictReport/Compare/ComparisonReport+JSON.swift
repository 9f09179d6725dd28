import BPFMachine
import Datapath

extension ComparisonReport {
  /// As one JSON object. Members that not every report has are left out when there is nothing to say.
  public var json: String {
    var members: [(String, JSON)] = [
      ("program", .string(program)), ("hook", .string(hook.rawValue)), ("capture", .string(capture)),
      ("kernel", .string(kernel)), ("packets", .unsigned(packets)), ("agreed", .unsigned(agreed)),
      ("differing", .unsigned(differing)), ("not_compared", .unsigned(skipped)),
      ("agree", .bool(differing == 0 && maps.isEmpty)), ("unexplained", .bool(hasFault)),
    ]
    if let firstSkipped { members.append(("first_not_compared", .string(firstSkipped))) }
    members.append(
      (
        "causes",
        .array(
          DivergenceCause.allCases.compactMap { cause in
            causes[cause].map {
              .object([
                ("cause", .string(cause.rawValue)), ("packets", .unsigned($0.packets)),
                ("first", .integer(Int64($0.first))),
              ])
            }
          })
      ))
    if let first { members.append(("first", first.json(left: "simulator", right: "kernel"))) }
    if let firstFault { members.append(("first_unexplained", firstFault.json(left: "simulator", right: "kernel"))) }
    members.append(("compared_maps", .integer(Int64(comparedMaps))))
    members.append(("maps", .array(maps.map { $0.json(left: "simulator", right: "kernel") })))
    if !uncomparedMaps.isEmpty { members.append(("not_compared_maps", .array(uncomparedMaps.map(JSON.string)))) }
    if !steering.isEmpty { members.append(("steering", .array(steering.map(JSON.string)))) }
    if !notes.isEmpty { members.append(("notes", .array(notes.map(JSON.string)))) }
    if let partial { members.append(("partial", .string(partial))) }
    members.append(("elapsed_seconds", .number(elapsed.seconds)))
    return JSON.object(members).prettyText + "\n"
  }
}

extension Divergence {
  func json(left leftName: String, right rightName: String) -> JSON {
    var members: [(String, JSON)] = [
      ("packet", .integer(Int64(packet))), ("length", .integer(Int64(length))),
      ("flow", .string(flow.text)), (leftName, ComparisonLog.Side(left).json),
      (rightName, ComparisonLog.Side(right).json),
    ]
    if !causes.isEmpty { members.append(("causes", .array(causes.map { .string($0.rawValue) }))) }
    if let follows { members.append(("maps_apart_since", .integer(Int64(follows)))) }
    let difference = frameDifference
    let items = difference.items.map { item in
      JSON.object([
        ("field", .string(item.name)), ("offset", item.offset.map { .integer(Int64($0)) } ?? .null),
        (leftName, item.left.map(JSON.string) ?? .null), (rightName, item.right.map(JSON.string) ?? .null),
      ])
    }
    members.append(("frame", .array(items)))
    if difference.omitted > 0 { members.append(("frame_omitted", .integer(Int64(difference.omitted)))) }
    if hasOtherContext {
      let fields = ContextField.all(left.verdict.hook).compactMap { field -> JSON? in
        let values = (field.value(in: left.context), field.value(in: right.context))
        guard values.0 != values.1 else { return nil }
        return .object([
          ("field", .string(field.name)), (leftName, values.0.map(JSON.unsigned) ?? .null),
          (rightName, values.1.map(JSON.unsigned) ?? .null),
        ])
      }
      members.append(("context", .array(fields)))
    }
    return .object(members)
  }
}

extension MapDifference {
  func json(left leftName: String, right rightName: String) -> JSON {
    let items = items.map { item -> JSON in
      var members: [(String, JSON)] = [("key", .string(item.key))]
      if let cpu = item.cpu { members.append(("cpu", .integer(Int64(cpu)))) }
      if !item.field.isEmpty { members.append(("field", .string(item.field))) }
      members.append((leftName, item.left.map(JSON.string) ?? .null))
      members.append((rightName, item.right.map(JSON.string) ?? .null))
      members.append(("cause", .string(item.cause.rawValue)))
      return .object(members)
    }
    return .object([
      ("map", .string(map)), ("type", .string(type)), ("elements", .integer(Int64(elements))),
      ("counts", .object([(leftName, .integer(Int64(counts.left))), (rightName, .integer(Int64(counts.right)))])),
      ("differences", .array(items)),
      ("omitted", .integer(Int64(causes.values.reduce(0, +) - items.count))),
    ])
  }
}
