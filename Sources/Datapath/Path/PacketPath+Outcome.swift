import BPFMachine

/// What the last packet came to.
extension PacketPath {
  /// The way of the last packet; its steps only with ``keepsSteps``.
  public var journey: Journey? {
    settleAlone()
    var journey = journeyInHand
    journey.copies = copies
    return journey
  }

  /// What a run that kept nothing but its code would have kept.
  private func settleAlone() {
    guard let onlyXDP, totals.pointee.codeAlone >= 0 else { return }
    let code = totals.pointee.codeAlone
    totals.pointee.codeAlone = -1
    begin()
    decider = onlyXDP.link
    state.pointee.fate = Fate(rawValue: code) ?? .aborted
  }

  public var trap: Trap? {
    settleAlone()
    return totals.pointee.hasTrapped ? lastTrap : nil
  }
  public var redirect: Redirect? {
    settleAlone()
    return done
  }
  public var maps: [any MapAccess] { machine.maps }

  /// The frame as it was when its way ended, the tag beside it put back in.
  public var output: UnsafeRawBufferPointer {
    settleAlone()
    // The array is kept, and nothing changes it before the next run.
    if _slowPath(kept != nil), let bytes = kept?.bytes { return bytes.withUnsafeBytes { $0 } }
    return outputInHand
  }

  /// Copies are taken in after the packet, in the same buffers.
  func keepOutput() { kept = ([UInt8](outputInHand), isSocketBuffer ? 0 : machine.packet.metadataCount) }

  private var outputInHand: UnsafeRawBufferPointer {
    guard isSocketBuffer else { return machine.packet.output }
    let buffer = machine.socketBuffer
    guard let tag = buffer.tag, buffer.count >= 12 else { return buffer.output }
    frameOut.removeAll(keepingCapacity: true)
    frameOut.append(contentsOf: buffer.output[..<12])
    for word in [tag.protocolNumber, tag.control] {
      frameOut.append(UInt8(word >> 8))
      frameOut.append(UInt8(word & 0xff))
    }
    frameOut.append(contentsOf: buffer.output[12...])
    // The array is kept, and nothing changes it before the next run.
    return frameOut.withUnsafeBytes { $0 }
  }

  public func settle(for duration: UInt64) { machine.settle(for: duration, engine: engine) }

  public var deferredReport: DeferredReport? { machine.deferredReport }

  public var outputMetadataLength: Int {
    settleAlone()
    return kept?.metadata ?? (isSocketBuffer ? 0 : machine.packet.metadataCount)
  }
}
