import BPFMachine

/// The hooks of a device (net/core/dev.c, sch_handle_ingress and sch_handle_egress).
extension PacketPath {
  /// The skb in hand meets what is attached to the way in.
  func ingress(_ device: PathDevice) -> Fate {
    atIngress = true
    fields.setAtIngress(true)
    return carryOut(verdict(device.tcxIngress, device.ingress), at: device)
  }

  /// The skb in hand meets what is attached to the way out.
  func egress(_ device: PathDevice) -> Fate {
    atIngress = false
    fields.setAtIngress(false)
    return carryOut(verdict(device.tcxEgress, device.egress), at: device)
  }

  /// What a hook's answer means.
  func carryOut(_ code: ActionCode, at device: PathDevice) -> Fate {
    if isStopped { return .aborted }
    switch code {
    case .redirect: return redirect(from: device)
    case .shot: return .drop
    case .stolen, .queued, .trap: return .stolen
    case .consumed: return state.pointee.fate
    default: return atIngress ? deliver(at: device) : leave(device)
    }
  }

  /// Up to the stack.
  private func deliver(at device: PathDevice) -> Fate {
    if device === entry, hops == 0 { return .pass }
    state.pointee.end = .device(device.index, .ingress)
    return .redirect
  }

  /// Runs the tcx links, and the filters where none of them has the last word.
  @inline(__always)
  func verdict(_ links: UnsafeBufferPointer<RunLink>, _ filters: RunFilters) -> ActionCode {
    for link in links {
      let code = run(link)
      if _slowPath(isStopped) { return .shot }
      if code == -1 { continue }
      // TCX_PASS, TCX_DROP and TCX_REDIRECT stand; every other number ends the links and decides nothing.
      switch code {
      case 0:
        decider = link.link
        fields.setContextField(
          SocketBuffer.Field.index, fields.contextField(SocketBuffer.Field.classIdentifier) & 0xffff)
        return .ok
      case 2, 7:
        decider = link.link
        return ActionCode(rawValue: code)
      default: break
      }
      break
    }
    guard !filters.isEmpty else { return .unspec }
    return classify(filters)
  }

  @inline(__always) var fields: SocketBuffer { machine.socketBuffer }

  /// Runs a TC program on the skb in hand.
  @inline(__always)
  func run(_ link: RunLink) -> Int32 {
    let outcome = machine.runSocketBuffer(link.program, engine: engine)
    totals.pointee.instructions &+= outcome.instructions
    let code = Int32(bitPattern: outcome.returnValue)
    counters.ran(link.link, code)
    note(link.link, code)
    if _slowPath(outcome.isTrapped) {
      _ = stop()
      return 2
    }
    // What the helper noted stays noted, whoever takes it up.
    if _slowPath(outcome.isRedirected) { pending = machine.redirect }
    if _slowPath(machine.hasClones) { sendClones() }
    return code
  }

  /// `qdisc_skb_cb(skb)->pkt_len` as ingress sets it: the length from the network header on.
  func countAtIngress() {
    fields.setContextField(SocketBuffer.Field.wireLength, UInt32(truncatingIfNeeded: max(0, fields.count - 14)))
  }

  // MARK: Filters (net/sched/cls_api.c, __tcf_classify)

  /// How often filters may be begun anew.
  private static let reclassifyLimit = 16

  private func classify(_ filters: RunFilters) -> ActionCode {
    var list = filters.first
    var restarts = 0
    var position = 0
    while position < list.count {
      let index = position
      position += 1
      let number = list[index].protocolNumber
      guard number == Filter.everyProtocol || number == fields.filterProtocol else { continue }
      var classIdentifier: UInt32 = 0
      let code = answer(list, index, &classIdentifier)
      if isStopped || code == .consumed { return code }
      if code == .reclassify || code.chain != nil {
        guard restarts < PacketPath.reclassifyLimit else {
          state.pointee.end = .lost(.reclassifyLoop)
          return .shot
        }
        restarts += 1
        list = code.chain.map { filters.chain($0) } ?? filters.first
        position = 0
        continue
      }
      guard code.rawValue >= 0 else { continue }
      if code == .ok { fields.setContextField(SocketBuffer.Field.index, classIdentifier & 0xffff) }
      return code
    }
    return .unspec
  }

  /// One filter's answer; -1 asks the next (net/sched/cls_bpf.c, cls_bpf_classify).
  @inline(__always)
  private func answer(
    _ filters: UnsafeBufferPointer<RunFilter>, _ index: Int, _ classIdentifier: inout UInt32
  ) -> ActionCode {
    // Read by field: a copy of the filter would count a reference to its actions.
    let defaultClass = filters[index].classIdentifier
    let link = filters[index].run
    fields.setContextField(SocketBuffer.Field.classIdentifier, defaultClass & 0xffff)
    let code = run(link)
    if _slowPath(isStopped) { return .shot }
    if filters[index].isDirectAction {
      classIdentifier =
        defaultClass & 0xffff_0000 | fields.contextField(SocketBuffer.Field.classIdentifier) & 0xffff
      let answer = ActionCode(rawValue: code).inDirectAction
      if answer != .unspec { decider = link.link }
      return answer
    }
    guard code != 0 else { return .unspec }
    classIdentifier = code == -1 ? defaultClass : UInt32(bitPattern: code)
    let before = decider
    decider = link.link
    let actions = filters[index].actions
    let answer = actions.isEmpty ? .ok : execute(actions)
    if answer.rawValue < 0 { decider = before }
    return answer
  }
}
