#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the device says of a frame (net/core/xdp.c): ENODATA where it has nothing to say, EOPNOTSUPP where it cannot.
extension Machine {
  /// `bpf_xdp_metadata_rx_timestamp(xdp, timestamp)`.
  func metadataTimestamp() -> Sequel {
    guard let target = memory.write(registers[2], 8) else { return refuse(kernelArgument: 2) }
    guard configuration.receiveMetadata.isSupported else { return give(code: -EOPNOTSUPP) }
    switch configuration.receiveMetadata.timestamp {
    case .none: return give(code: -ENODATA)
    case .capture: target.storeBytes(of: state.pointee.clock, as: UInt64.self)
    case .fixed(let time): target.storeBytes(of: time, as: UInt64.self)
    }
    return give(0)
  }

  /// `bpf_xdp_metadata_rx_hash(xdp, hash, type)`.
  func metadataHash() -> Sequel {
    guard let value = memory.write(registers[2], 4) else { return refuse(kernelArgument: 2) }
    guard let type = memory.write(registers[3], 4) else { return refuse(kernelArgument: 3) }
    guard configuration.receiveMetadata.isSupported else { return give(code: -EOPNOTSUPP) }
    guard let hash = configuration.receiveMetadata.hash else { return give(code: -ENODATA) }
    value.storeBytes(of: hash.value, as: UInt32.self)
    type.storeBytes(of: hash.type, as: UInt32.self)
    return give(0)
  }

  /// `bpf_xdp_metadata_rx_vlan_tag(xdp, protocol, tag)`: the protocol in network order, the tag in host order.
  func metadataTag() -> Sequel {
    guard let protocolNumber = memory.write(registers[2], 2) else { return refuse(kernelArgument: 2) }
    guard let control = memory.write(registers[3], 2) else { return refuse(kernelArgument: 3) }
    guard configuration.receiveMetadata.isSupported else { return give(code: -EOPNOTSUPP) }
    let tag: VLANTag
    switch configuration.receiveMetadata.tag {
    case .none: return give(code: -ENODATA)
    case .fixed(let protocolNumber, let control): tag = VLANTag(protocolNumber: protocolNumber, control: control)
    case .frame:
      guard let found = frameTag else { return give(code: -ENODATA) }
      tag = found
    }
    protocolNumber.storeBytes(of: tag.protocolNumber.bigEndian, as: UInt16.self)
    control.storeBytes(of: tag.control, as: UInt16.self)
    return give(0)
  }

  /// The outer tag in the frame's bytes.
  private var frameTag: VLANTag? {
    let frame = frameBytes
    guard frame.count >= 18 else { return nil }
    let protocolNumber = UInt16(frame[12]) << 8 | UInt16(frame[13])
    guard protocolNumber == 0x8100 || protocolNumber == 0x88a8 else { return nil }
    return VLANTag(protocolNumber: protocolNumber, control: UInt16(frame[14]) << 8 | UInt16(frame[15]))
  }
}
