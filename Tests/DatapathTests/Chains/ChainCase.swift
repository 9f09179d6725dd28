import BPFInstructions
import BPFMachine
import BPFObject
import Foundation

@testable import Datapath

/// A set-up of several programs and the frames that go through it: what `live.py` sets up in the kernel and a test in a
/// ``PacketPath``.
struct ChainCase: Encodable {
  var name: String
  var programs: [ChainProgram]
  var devices: [Device]
  var entry = "va"
  var direction = "ingress"
  var frames: [String]
  /// What `ip` is told besides; ``network`` says the same.
  var commands: [String]?
  var network: (@Sendable (inout NetworkModel) -> Void)?

  private enum CodingKeys: CodingKey { case name, programs, devices, entry, direction, frames, commands }

  struct Device: Encodable {
    var name: String
    var index: UInt32
    var address: String
    var peer: String
    var tcx: [Attachment]?
    var filters: [FilterLine]?
    var xdp: String?
    var generic: Bool?
  }

  struct Attachment: Encodable {
    var program: String
    var direction: String
    /// `last`, `first`, `before NAME`, `after NAME`, `replacing NAME`.
    var position = "last"
  }

  struct FilterLine: Encodable {
    var program: String
    var direction: String
    var priority: UInt16?
    var handle: UInt32?
    var `protocol`: String?
    var chain: UInt32?
    var da = true
    var classid: String?
    /// In tc's words.
    var actions: [String]?
  }
}

/// A program that writes down what it sees of the skb, and answers.
struct ChainProgram: Encodable {
  var name: String
  var type: String
  var code: String
  var references: [Reference]

  struct Reference: Encodable {
    var slot: Int
    var map: String

    func encode(to encoder: any Encoder) throws {
      var container = encoder.unkeyedContainer()
      try container.encode(slot)
      try container.encode(map)
    }
  }

  /// What is written down, after the program's number: offsets in `struct __sk_buff`.
  static let fields: [(name: String, offset: Int)] = [
    ("len", 0), ("pkt_type", 4), ("mark", 8), ("queue_mapping", 12), ("protocol", 16), ("vlan_present", 20),
    ("vlan_tci", 24), ("vlan_proto", 28), ("priority", 32), ("ingress_ifindex", 36), ("ifindex", 40), ("tc_index", 44),
    ("cb0", 48), ("tc_classid", 72), ("wire_len", 160),
  ]
  /// sched_act programs may not read tc_classid… as sched_cls ones may.
  private static let numberMark = 0x100

  /// - Parameters:
  ///   - number: What it writes down of itself.
  ///   - body: What it does afterwards, in the kernel's syntax, with the context in r6.
  ///   - answer: How it sets r0.
  init(_ name: String, type: String = "sched_cls", number: Int, body: String = "", answer: String) {
    self.name = name
    self.type = type
    let isXDP = type == "xdp"
    let written =
      isXDP
      ? ["r1 = *(u32 *)(r6 +4)", "r2 = *(u32 *)(r6 +0)", "r1 -= r2", "*(u32 *)(r8 +4) = r1"]
      : Self.fields.enumerated().flatMap { index, field in
        ["r1 = *(u32 *)(r6 +\(field.offset))", "*(u32 *)(r8 +\(index * 4 + 4)) = r1"]
      }
    let text = """
      r6 = r1
      r1 = 0
      *(u32 *)(r10 -4) = r1
      r2 = r10
      r2 += -4
      r1 = map[position]
      call 1
      if r0 == 0 goto answer
      r7 = *(u32 *)(r0 +0)
      r1 = r7
      r1 += 1
      *(u32 *)(r0 +0) = r1
      *(u32 *)(r10 -4) = r7
      r2 = r10
      r2 += -4
      r1 = map[log]
      call 1
      if r0 == 0 goto answer
      r8 = r0
      r1 = \(number)
      *(u32 *)(r8 +0) = r1
      \(written.joined(separator: "\n"))
      \(body)
      answer:
      \(answer)
      exit
      """
    do {
      let assembled = try Assembler().assemble(text)
      code = assembled.instructions.flatMap { slot in
        (0..<8).map { UInt8(truncatingIfNeeded: slot.rawValue >> ($0 * 8)) }
      }
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      references = assembled.references.sorted { $0.key < $1.key }.compactMap { slot, reference in
        if case .map(let name) = reference { Reference(slot: slot, map: name) } else { nil }
      }
    } catch {
      fatalError("\(name): \(error)")
    }
  }

  /// Answers a number.
  static func constant(_ value: Int) -> String { "r0 = \(value)" }

  /// Answers with the frame's byte at `offset`, signed.
  static func byte(_ offset: Int) -> String {
    """
    r1 = r6
    r2 = \(offset)
    r3 = r10
    r3 += -16
    r4 = 1
    call 26
    r0 = *(u8 *)(r10 -16)
    r0 <<= 56
    r0 s>>= 56
    """
  }

  /// Calls `bpf_redirect` and answers what it gives.
  static func redirect(_ index: Int, flags: Int = 0) -> String { "r1 = \(index)\nr2 = \(flags)\ncall 23" }

  var spec: ProgramSpec {
    let bytes = HexBytes.bytes(code)
    var found: [Int: BPFObject.Reference] = [:]
    for reference in references { found[reference.slot] = .map(reference.map) }
    let instructions = Instruction.slots(in: bytes)
    return ProgramSpec(
      name: name, section: type, type: ProgramType.allCases.first { $0.name == type }, instructions: instructions,
      references: found, functions: [FunctionSpec(name: name, slot: 0, count: instructions.count)])
  }
}

enum HexBytes {
  static func bytes(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
    }
  }

  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

// MARK: The same in a path

extension ChainCase {
  private static func object(_ programs: [ChainProgram]) -> ObjectFile {
    var object = ObjectFile(name: "case")
    object.maps = [
      MapSpec(name: "log", rawType: 2, keySize: 4, valueSize: 64, maxEntries: 64),
      MapSpec(name: "position", rawType: 2, keySize: 4, valueSize: 4, maxEntries: 1),
    ]
    object.programs = programs.map(\.spec)
    return object
  }

  /// The set-up as a path has it, and which tcx attachments are refused, by program and errno.
  func path() throws -> (spec: PathSpec, refusals: [(String, Int32)]) {
    var refusals: [(String, Int32)] = []
    let numbers = Dictionary(uniqueKeysWithValues: programs.enumerated().map { ($1.name, $0) })
    var devices: [DeviceSpec] = []
    for device in self.devices {
      var spec = DeviceSpec(name: device.name, index: device.index)
      spec.address = device.address.split(separator: ":").reduce(0) { $0 << 8 | (UInt64($1, radix: 16) ?? 0) }
      spec.peer = device.peer
      spec.xdp = device.xdp.map(reference)
      spec.isGenericXDP = device.generic ?? false
      for direction in Direction.allCases {
        var order = LinkOrder()
        for attachment in device.tcx ?? [] where attachment.direction == direction.rawValue {
          let words = attachment.position.split(separator: " ").map(String.init)
          let other = words.count > 1 ? numbers[words[1]] ?? -1 : -1
          let position: LinkOrder.Position =
            switch words[0] {
            case "first": .first
            case "before": .before(other)
            case "after": .after(other)
            case "replacing": .replacing(other)
            default: .last
            }
          do {
            try order.attach(numbers[attachment.program] ?? -1, at: position)
          } catch {
            refusals.append((attachment.program, error.errno))
          }
        }
        let references = order.programs.map { reference(programs[$0].name) }
        var filters = FilterList()
        for line in device.filters ?? [] where line.direction == direction.rawValue { try filters.add(filter(line)) }
        if direction == .ingress {
          (spec.tcxIngress, spec.ingress) = (references, filters)
        } else {
          (spec.tcxEgress, spec.egress) = (references, filters)
        }
      }
      devices.append(spec)
    }
    let made = PathSpec(
      objects: [.init(name: "case", file: Self.object(programs))], devices: devices, entry: entry,
      direction: direction == "ingress" ? .ingress : .egress)
    return (made, refusals)
  }

  private func reference(_ program: String) -> ProgramReference { ProgramReference(object: "case", program: program) }

  private func filter(_ line: FilterLine) throws -> Filter {
    var filter = Filter(program: reference(line.program), priority: line.priority)
    filter.handle = line.handle
    filter.chain = line.chain ?? 0
    filter.isDirectAction = line.da
    if let name = line.protocol, name != "all" {
      filter.protocolNumber =
        ["ip": 0x0800, "ipv6": 0x86dd, "802.1q": 0x8100, "arp": 0x0806][name] ?? UInt16(name) ?? 0
    }
    if let classid = line.classid {
      let parts = classid.split(separator: ":").map { UInt32($0, radix: 16) ?? 0 }
      filter.classIdentifier = parts[0] << 16 | parts[1]
    }
    filter.actions = try (line.actions ?? []).map(action)
    return filter
  }

  /// The few of tc's actions that the cases use.
  private func action(_ text: String) throws -> FilterAction {
    let words = text.split(separator: " ").map(String.init)
    switch words[0] {
    case "mirred":
      return .mirred(
        Mirred(
          device: words[4], direction: words[1] == "egress" ? .egress : .ingress, redirects: words[2] == "redirect",
          control: words.count > 5 ? control(words[5...]) : nil))
    case "gact": return .generic(control(words[1...]), nil)
    case "bpf": return .program(reference(words[2].replacingOccurrences(of: "PINS/", with: "")), default: .pipe)
    case "skbedit":
      var edit = SocketBufferEdit()
      for index in stride(from: 1, to: words.count - 1, by: 2) {
        switch words[index] {
        case "mark": edit.mark = UInt32(words[index + 1])
        case "priority": edit.priority = UInt32(words[index + 1].replacingOccurrences(of: ":", with: ""), radix: 16)
        default: break
        }
      }
      return .edit(edit)
    default: throw BackendError(message: "no action \(words[0])")
    }
  }

  private func control(_ words: ArraySlice<String>) -> ActionCode {
    let words = Array(words)
    switch words[0] {
    case "pass", "ok": return .ok
    case "drop", "shot": return .shot
    case "continue": return .unspec
    case "reclassify": return .reclassify
    case "pipe": return .pipe
    case "stolen": return .stolen
    case "trap": return .trap
    case "goto": return .goto(Int32(words[2]) ?? 0)
    case "jump": return .jump(Int32(words[1]) ?? 0)
    default: return .ok
    }
  }
}
