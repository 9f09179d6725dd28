import BPFMachine
import Datapath

extension PacketLog {
  /// What a TC program left beside the frame: `skb` has the fields that it changed, `vlan` a tag that is not in the frame,
  /// `tunnel` the key for a tunnel device, `clones` the copies that it sent.
  func appendSocketBuffer(of backend: SimulatorBackend) throws(OutputError) {
    guard let state = backend.socketBuffer, !state.isPlain else { return }
    if !state.changes.isEmpty {
      try append(",\"skb\":", .object(state.changes.map { ($0.name, .integer(Int64(bitPattern: $0.value))) }))
    }
    if let tag = state.tag { try append(",\"vlan\":", PacketLog.json(tag)) }
    if let tunnel = state.tunnel { try append(",\"tunnel\":", PacketLog.json(tunnel)) }
    if !state.copies.isEmpty { try append(",\"clones\":", .array(state.copies.map(PacketLog.json))) }
  }

  private func append(_ name: String, _ value: JSON) throws(OutputError) {
    try output.append(name)
    try output.append(value.text)
  }

  private static func json(_ tag: VLANTag) -> JSON {
    .object([("proto", .string(hexadecimal(UInt64(tag.protocolNumber)))), ("tci", .integer(Int64(tag.control)))])
  }

  /// `struct bpf_tunnel_key` with its flags in words.
  private static func json(_ key: TunnelKey) -> JSON {
    let names: [(bit: UInt16, name: String)] = [
      (0x1, "csum"), (0x4, "key"), (0x8, "seq"), (0x100, "dont_fragment"), (0x2000, "nocache"),
    ]
    var members: [(String, JSON)] = [
      ("id", .integer(Int64(key.id))), ("remote", .string(NetworkAddress.text(key.remote) ?? "")),
      ("local", .string(NetworkAddress.text(key.local) ?? "")), ("tos", .integer(Int64(key.tos))),
      ("ttl", .integer(Int64(key.ttl))),
    ]
    if key.label != 0 { members.append(("label", .integer(Int64(key.label)))) }
    members.append(("flags", .array(names.filter { key.flags & $0.bit != 0 }.map { .string($0.name) })))
    if !key.options.isEmpty {
      members.append(("options", .string(key.options.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())))
    }
    return .object(members)
  }

  private static func json(_ copy: SocketBufferCopy) -> JSON {
    var members: [(String, JSON)] = [
      ("redirect", .string("ifindex \(copy.interface)\(copy.isIngress ? " ingress" : "")")),
      ("length", .integer(Int64(copy.bytes.count))),
      ("hash", .string(copy.bytes.withUnsafeBytes { String(FNV1a.hash($0), radix: 16) })),
    ]
    if let tag = copy.tag { members.append(("vlan", json(tag))) }
    return .object(members)
  }

  private static func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
