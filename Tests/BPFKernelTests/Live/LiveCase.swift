import BPFMachine
import KernelRecordings

/// A frame on a real device, and a program there.
struct LiveCase: Encodable {
  var name: String
  var slots: String
  /// Bytes of the results.
  var size: Int
  /// `v1`, `v0` or `g0`.
  var device: String
  var isEgress: Bool
  /// `struct virtio_net_hdr`, or nothing.
  var header: String
  var frame: String
  /// How the simulator is told the same: the frame as the program's device gets it.
  var seen: String
  var setup: SocketBufferSetup
  /// The first result is the sum that the device's frame has.
  var sumIsFirst = false
  /// Indices of results that are addresses or belong to a socket.
  var ignored: Set<Int> = []

  enum CodingKeys: String, CodingKey { case name, slots, size, device, isEgress, header, frame }
}

/// Where a frame is seen, and in what state.
enum LiveState: CaseIterable {
  case received, receivedPartial, receivedLarge, receivedTagged, receivedSummed, sent, sentPartial, sentLarge

  var name: String {
    switch self {
    case .received: "received"
    case .receivedPartial: "received with a partial checksum"
    case .receivedLarge: "received with segments"
    case .receivedTagged: "received with a tag"
    case .receivedSummed: "received with a sum"
    case .sent: "sent"
    case .sentPartial: "sent with a partial checksum"
    case .sentLarge: "sent with segments"
    }
  }

  var device: String {
    switch self {
    case .receivedSummed: "g0"
    case .sent, .sentPartial, .sentLarge: "v0"
    default: "v1"
    }
  }

  var isEgress: Bool { device == "v0" }

  /// flags, gso_type, hdr_len, gso_size, csum_start, csum_offset of `struct virtio_net_hdr`.
  var header: [UInt8] {
    switch self {
    case .receivedPartial, .sentPartial:
      [1, 0] + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(UInt16(34)) + bytes(UInt16(16))
    case .receivedLarge, .sentLarge:
      [1, 1] + bytes(UInt16(54)) + bytes(UInt16(1000)) + bytes(UInt16(34)) + bytes(UInt16(16))
    default: []
    }
  }

  /// IPv4 and TCP, to the device.
  func frame(length: Int) -> [UInt8] {
    let last: UInt8 = device == "g0" ? 0x22 : 2
    var frame: [UInt8] = [2, 0, 0, 0, 0, last, 2, 0, 0, 0, 0, 1]
    if self == .receivedTagged { frame += [0x81, 0, 0x20, 5] }
    let total = length - 14 - (self == .receivedTagged ? 4 : 0)
    frame += [
      8, 0, 0x45, 1, UInt8(total >> 8), UInt8(total & 255), 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1,
    ]
    frame += [0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0, 0xbe, 0xef, 0, 0]
    while frame.count < length { frame.append(UInt8(truncatingIfNeeded: frame.count &* 7)) }
    return Array(frame.prefix(length))
  }

  var setup: SocketBufferSetup {
    var setup = SocketBufferSetup()
    setup.path = isEgress ? .egress : .ingress
    setup.interface = device == "v1" ? 2 : device == "v0" ? 3 : 4
    setup.ingressInterface = isEgress ? 0 : setup.interface
    setup.takesTag = self == .receivedTagged
    switch self {
    case .receivedSummed:
      // The checksum, the key and the addresses of the outer headers; the frame's own is the sum that the test is told.
      var key = TunnelKey()
      (key.id, key.tos, key.ttl, key.flags) = (77, 0xb8, 64, 5)
      (key.remote, key.local) = ([10, 0, 0, 1], [10, 0, 0, 2])
      setup.tunnel = key
    case .receivedPartial, .sentPartial: setup.checksum = .partial(start: 34, offset: 16)
    case .receivedLarge, .sentLarge:
      setup.checksum = .partial(start: 34, offset: 16)
      setup.segmentSize = 1000
      setup.segments = isEgress ? 0 : 3
      setup.segmentation = .tcp4
      if isEgress { setup.wireLength = 3054 + 2 * 54 }
    default: break
    }
    return setup
  }

  /// The frame in UDP and VXLAN with a checksum, as g0 takes it out.
  private func encapsulated(_ frame: [UInt8]) -> [UInt8] {
    func sum(_ bytes: [UInt8]) -> UInt16 {
      var sum: UInt32 = 0
      for index in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
      }
      while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
      return ~UInt16(sum)
    }
    func big(_ value: UInt16) -> [UInt8] { bytes(value.bigEndian) }
    let tunnel: [UInt8] = [8, 0, 0, 0, 0, 0, 77, 0]
    let length = UInt16(8 + tunnel.count + frame.count)
    let pseudo: [UInt8] = [10, 0, 0, 1, 10, 0, 0, 2, 0, 17] + big(length)
    let ports = big(5000) + big(4789) + big(length)
    let udp = ports + big(sum(pseudo + ports + [0, 0] + tunnel + frame))
    let head: [UInt8] = [0x45, 0xb8] + big(20 + length) + [0, 1, 0, 0, 64, 17]
    let addresses: [UInt8] = [10, 0, 0, 1, 10, 0, 0, 2]
    let ip = head + big(sum(head + [0, 0] + addresses)) + addresses
    return [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0] + ip + udp + tunnel + frame
  }

  func `case`(_ name: String, _ code: SocketBufferCode) -> LiveCase {
    let isLarge = self == .receivedLarge || self == .sentLarge
    let frame = frame(length: isLarge ? 3054 : 120)
    let recorded = code.case("")
    func plain(_ bytes: [UInt8]) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
    return LiveCase(
      name: "\(name), \(self.name)", slots: plain(HexText.bytes(recorded.slots)),
      size: Int(recorded.maps[0].valueSize), device: device, isEgress: isEgress, header: plain(header),
      frame: plain(self == .receivedSummed ? encapsulated(frame) : frame), seen: plain(frame), setup: setup,
      sumIsFirst: self == .receivedSummed)
  }
}
