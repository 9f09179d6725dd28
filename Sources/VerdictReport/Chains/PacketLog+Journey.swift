import BPFMachine
import Datapath

/// The way of a packet past several programs, in its line of the log: `decided`, `journey`, and `end` and `copies` where there is
/// something to tell.
extension PacketLog {
  func appendJourney(of path: PacketPath) throws(OutputError) {
    guard let journey = path.journey else { return }
    try append(journey, path)
    if case .interface? = path.redirect {
    } else if let redirect = path.redirect, journey.end == .target {
      try output.append(",\"redirect\":")
      try append(quoted: path.describe(redirect))
    }
    guard !journey.copies.isEmpty else { return }
    try output.append(",\"copies\":[")
    for (index, copy) in journey.copies.enumerated() {
      try output.append(index == 0 ? "{\"verdict\":" : ",{\"verdict\":")
      try append(quoted: copy.fate.name)
      try append(copy, path)
      try output.append("}")
    }
    try output.append("]")
  }

  private func append(_ journey: Journey, _ path: PacketPath) throws(OutputError) {
    try output.append(",\"decided\":")
    if let decider = journey.decider {
      try append(quoted: path.links[decider].label)
    } else {
      try output.append("null")
    }
    if journey.end != .here {
      try output.append(",\"end\":")
      try append(quoted: path.describe(journey.end))
    }
    try output.append(",\"journey\":[")
    for (index, step) in journey.steps.enumerated() {
      let link = path.links[step.link]
      try output.append(index == 0 ? "{\"link\":" : ",{\"link\":")
      try append(quoted: link.label)
      try output.append(",\"returned\":")
      try append(quoted: link.meaning(of: step.code))
      try output.append(",\"code\":")
      try output.append(Int64(step.code))
      try output.append("}")
    }
    try output.append("]")
  }
}
