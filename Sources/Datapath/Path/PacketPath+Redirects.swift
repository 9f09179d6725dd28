import BPFMachine

/// From one device to the next (net/core/filter.c, skb_do_redirect and what it calls).
extension PacketPath {
  /// `XMIT_RECURSION_LIMIT`: sends within sends above it are refused.
  private static let transmitLimit = 8
  /// Devices that a packet may come by: the kernel has no such bound, and goes round for ever.
  static let hopLimit = 64

  /// Carries out TC_ACT_REDIRECT with the target that was noted last.
  func redirect(from device: PathDevice) -> Fate {
    guard let target = pending else { return lost(.noTarget) }
    pending = nil
    done = target
    switch target {
    case .interface(let index, let ingress): return redirect(to: index, ingress ? .ingress : .egress)
    case .neighbour(let index): return redirectToNeighbour(on: index)
    case .peer(let index):
      guard atIngress else { return lost(.peerAtEgress) }
      guard let through = self.device(index) else { return unknown(index, .egress) }
      guard let peer = through.peer else { return lost(.noPeer) }
      guard peer.spec.isUp else { return lost(.deviceDown) }
      fields.setPacketType(number: 0)
      fields.setContextField(SocketBuffer.Field.interface, peer.index)
      hops += 1
      return hops <= PacketPath.hopLimit ? receive(peer, runsXDP: peer.spec.isGenericXDP) : lost(.hops)
    default: return lost(.noTarget)
    }
  }

  /// `__bpf_redirect_neigh`: out of a device, to the next hop's address.
  private func redirectToNeighbour(on index: UInt32) -> Fate {
    guard let target = device(index) else { return unknown(index, .egress) }
    guard transmitDepth <= PacketPath.transmitLimit else { return lost(.recursion) }
    switch machine.addressNeighbour(on: index) {
    case .done: return transmit(target)
    case .unknown: return lost(.noNeighbour)
    case .refused: return lost(.unroutable)
    }
  }

  /// `__bpf_redirect`: out of a device, or into it.
  func redirect(to index: UInt32, _ direction: Direction) -> Fate {
    guard let target = device(index) else { return unknown(index, direction) }
    switch direction {
    case .egress: return transmit(target)
    case .ingress:
      guard target.spec.isUp else { return lost(.deviceDown) }
      return arrive(from: target, at: target)
    }
  }

  /// A device that the set-up does not tell of: it is there when the machine's network has it.
  private func unknown(_ index: UInt32, _ direction: Direction) -> Fate {
    guard isThere(index) else { return lost(.noDevice) }
    state.pointee.end = .device(index, direction)
    return .redirect
  }

  /// `__bpf_tx_skb`: through the target's way out.
  private func transmit(_ target: PathDevice) -> Fate {
    guard transmitDepth <= PacketPath.transmitLimit else { return lost(.recursion) }
    transmitDepth += 1
    defer { transmitDepth -= 1 }
    fields.clearTimestamp()
    fields.setContextField(SocketBuffer.Field.interface, target.index)
    countWhole()
    hops += 1
    return hops <= PacketPath.hopLimit ? egress(target) : lost(.hops)
  }

  /// `qdisc_pkt_len_init`
  func countWhole() {
    fields.setContextField(SocketBuffer.Field.wireLength, UInt32(truncatingIfNeeded: fields.count))
  }

  /// Out of the device: to the wire, or to the other end of a veth pair.
  func leave(_ device: PathDevice) -> Fate {
    guard device.spec.isUp else { return lost(.deviceDown) }
    if let peer = device.peer {
      guard peer.spec.isUp else { return lost(.deviceDown) }
      return arrive(from: device, at: peer)
    }
    if device === entry, hops == 0 { return .pass }
    state.pointee.end = .device(device.index, .egress)
    return .redirect
  }

  /// `dev_forward_skb`: comes in as if from the wire.
  func arrive(from sender: PathDevice, at device: PathDevice) -> Fate {
    hops += 1
    guard hops <= PacketPath.hopLimit else { return lost(.hops) }
    fields.setContextField(SocketBuffer.Field.priority, 0)
    fields.setContextField(SocketBuffer.Field.interface, device.index)
    fields.arrive(at: device.spec.address)
    // The driver's own XDP runs on what came through the wire; on what is put into the backlog only the generic one does.
    return takeIn(device, runsXDP: sender !== device || device.spec.isGenericXDP)
  }

  /// `netif_rx`: what comes in waits until the packet in hand is done with, which only copies make different.
  func takeIn(_ device: PathDevice, runsXDP: Bool) -> Fate {
    guard totals.pointee.copies > 0 else { return receive(device, runsXDP: runsXDP) }
    backlog.append(
      Waiting(socketBuffer: fields.save(), device: device, runsXDP: runsXDP, copy: state.pointee.copy, hops: hops))
    isWaiting = true
    return .redirect
  }

  /// Takes in what waits, and what that sends in its turn.
  func emptyBacklog() {
    var next = 0
    while next < backlog.count {
      let waiting = backlog[next]
      next += 1
      // The packet's own way, while a copy goes on its.
      let (own, ownSteps) = (state.pointee, steps)
      if let copy = waiting.copy {
        steps = copies[copy].steps
        state.pointee = PathState()
        state.pointee.copy = copy
      }
      decider = -1
      pending = nil
      hops = waiting.hops
      isWaiting = false
      isSocketBuffer = true
      do {
        try machine.restoreSocketBuffer(waiting.socketBuffer)
        finish(receive(waiting.device, runsXDP: waiting.runsXDP))
      } catch {
        finish(lost(.tooShort))
      }
      if waiting.copy == nil { keepOutput() } else { (state.pointee, steps) = (own, ownSteps) }
    }
    backlog.removeAll()
  }

  /// `__netif_receive_skb_core`
  func receive(_ device: PathDevice, runsXDP: Bool) -> Fate {
    fields.setContextField(SocketBuffer.Field.ingressInterface, device.index)
    if runsXDP, let xdp = device.xdp, let fate = passXDP(xdp, device) { return fate }
    fields.untag()
    countAtIngress()
    return ingress(device)
  }

  /// Runs an XDP program on the skb in hand; nil when it passes.
  private func passXDP(_ xdp: RunLink, _ device: PathDevice) -> Fate? {
    do {
      let outcome = try machine.runXDP(
        xdp.program, engine: engine, ingress: fields.contextField(SocketBuffer.Field.interface))
      totals.pointee.instructions += outcome.instructions
      let code = Int32(bitPattern: outcome.returnValue)
      counters.ran(xdp.link, code)
      note(xdp.link, code)
      if outcome.isTrapped { return stop() }
      let fate = xdpFate(xdp, code)
      if fate == .pass { return nil }
      isSocketBuffer = false
      return fate == .tx ? try sendBack(device) : fate
    } catch {
      return lost(.tooShort)
    }
  }

  /// XDP_TX, past the hooks of the way out: a veth takes it in at its other end. The driver's own XDP needs one there too,
  /// else the frame is lost (drivers/net/veth.c, veth_xdp_xmit).
  func sendBack(_ device: PathDevice) throws(MemoryError) -> Fate {
    guard let peer = device.peer, peer.spec.isUp else { return .tx }
    guard device.spec.isGenericXDP || peer.xdp != nil && !peer.spec.isGenericXDP else { return .tx }
    try machine.receiveSocketBufferFromPacket()
    isSocketBuffer = true
    return arrive(from: device, at: peer)
  }

  // MARK: Copies

  /// An skb that waits to be taken in.
  struct Waiting {
    var socketBuffer: SocketBuffer.Saved
    var device: PathDevice
    var runsXDP: Bool
    /// Number of the copy; nil for the packet itself.
    var copy: Int?
    var hops: Int
  }

  /// Sends the copies of `bpf_clone_redirect`, once the program that sent them is done.
  func sendClones() {
    let clones = machine.sentClones
    machine.takeClones()
    let original = fields.save()
    for clone in clones {
      copy(clone.socketBuffer, original: original) {
        redirect(to: clone.interface, clone.intoDevice ? .ingress : .egress)
      }
    }
  }

  /// Sends a copy on its own way, and comes back to the packet.
  func copy(_ saved: SocketBuffer.Saved, original: SocketBuffer.Saved? = nil, _ way: () -> Fate) {
    let (outer, outerSteps) = (state.pointee, steps)
    let number = copies.count
    copies.append(Journey())
    totals.pointee.copies += 1
    totals.pointee.hasDetails = true
    copyCount &+= 1
    // Depths and hops count on: a copy is sent within the sending of what it was made of.
    state.pointee.copy = number
    state.pointee.end = .here
    decider = -1
    isWaiting = false
    steps = []
    do {
      try machine.restoreSocketBuffer(saved)
      finish(way())
    } catch {
      finish(lost(.tooShort))
    }
    if isWaiting { copies[number] = journeyInHand }
    (state.pointee, steps) = (outer, outerSteps)
    try? machine.restoreSocketBuffer(original ?? saved)
  }
}
