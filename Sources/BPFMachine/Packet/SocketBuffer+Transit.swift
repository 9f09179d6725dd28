/// What the kernel does to an skb between programs: on its way from one device to another, and when it is copied.
extension SocketBuffer {
  /// A copy of an skb: bytes, context and what is kept beside them.
  package struct Saved {
    fileprivate var beside: Beside
    fileprivate var bytes: [UInt8]
    fileprivate var context: [UInt8]
    fileprivate var options: [UInt8]
  }

  /// Copies the skb as it is (`skb_clone`; what is written to either is not seen in the other).
  package func save() -> Saved {
    let options = UnsafeRawBufferPointer(start: fields.pointee.options, count: beside.tunnel.optionsCount)
    return Saved(
      beside: beside, bytes: [UInt8](outputWithMetadata), context: [UInt8](contextBytes), options: [UInt8](options))
  }

  /// Makes the skb what it was when it was saved.
  /// - Throws: ``MemoryError`` when it finds no room.
  package func restore(_ saved: Saved) throws(MemoryError) {
    let start = saved.beside.data - saved.beside.metadata
    try reserve(start + saved.bytes.count)
    beside = saved.beside
    copy(saved.bytes, to: fields.pointee.host + start)
    copy(saved.options, to: fields.pointee.options)
    saved.context.withUnsafeBytes { contextBytes.copyMemory(from: $0) }
    publish()
  }

  private func copy(_ bytes: [UInt8], to target: UnsafeMutableRawPointer) {
    bytes.withUnsafeBytes { if let base = $0.baseAddress { target.copyMemory(from: base, byteCount: $0.count) } }
  }

  /// Sets what an arriving skb has from its device: the packet type by the device's address (`eth_type_trans`).
  package func arrive(at address: UInt64?) {
    if count >= SocketBuffer.ethernetLength { setPacketType(address) }
  }

  /// `skb->pkt_type`.
  package func setPacketType(number: UInt32) { store(Field.packetType, number) }

  /// On the way in or on the way out: `skb->tc_at_ingress`.
  package func setAtIngress(_ isAtIngress: Bool) { beside.isAtIngress = isAtIngress }

  /// Moves a tag that the frame holds in its data beside it (`skb_vlan_untag`).
  package func untag() {
    guard tag == nil else { return }
    takeTag()
    publish()
  }

  /// The protocol that filters are matched with (`skb_protocol`): of the tag beside the frame, else of the frame.
  package var filterProtocol: UInt16 { tag?.protocolNumber ?? protocolNumber }

  /// `skb_vlan_push`; false when there is no room.
  package func push(_ tag: VLANTag) -> Bool { changed(pushTag(tag)) }

  /// `skb_vlan_pop`; false when the frame is too short.
  package func pop() -> Bool { changed(popTag()) }

  /// Puts another tag in the place of the one that there is, beside the frame or in it (act_vlan, TCA_VLAN_ACT_MODIFY).
  package func replaceTag(_ change: (VLANTag) -> VLANTag) {
    if tag == nil { takeTag() }
    if let old = tag { tag = change(old) }
    publish()
  }

  private func changed(_ result: Int32) -> Bool {
    publish()
    return result == 0
  }

  /// `skb_clear_tstamp`: a delivery time is kept.
  package func clearTimestamp() {
    if timestampType == 0 { timestamp = 0 }
  }
}

/// A copy that `bpf_clone_redirect` sent.
package struct SentClone {
  package var socketBuffer: SocketBuffer.Saved
  /// ifindex of the target.
  package var interface: UInt32
  /// `BPF_F_INGRESS`
  package var intoDevice: Bool
}
