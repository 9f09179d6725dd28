import BPFMachine

/// The actions of classic filters (net/sched/act_api.c, tcf_action_exec).
extension PacketPath {
  /// `TCA_ACT_MAX_PRIO`: actions of a filter, and jumps among them.
  static let actionLimit = 32
  /// How often one action may be repeated.
  private static let repeatLimit = 32
  /// `MIRRED_NEST_LIMIT`
  private static let mirredLimit = 4

  /// Runs the actions of a filter that matched.
  func execute(_ actions: [RunAction]) -> ActionCode {
    var passedOver = 0
    var jumpsLeft = PacketPath.actionLimit
    var code = ActionCode.ok
    var position = 0
    while position < actions.count {
      let action = actions[position]
      position += 1
      if passedOver > 0 {
        passedOver -= 1
        continue
      }
      var repeats = PacketPath.repeatLimit
      code = answer(of: action)
      while code == .repeated, !isStopped {
        repeats -= 1
        guard repeats > 0 else { return .ok }
        code = answer(of: action)
      }
      if isStopped { return .shot }
      if let count = code.jumpCount {
        guard count > 0, count <= actions.count else { return .ok }
        jumpsLeft -= 1
        guard jumpsLeft > 0 else { return .ok }
        // The actions begin anew, and the first ones are passed over.
        passedOver = count
        position = 0
        continue
      }
      if code != .pipe { break }
    }
    return code
  }

  private func answer(of action: RunAction) -> ActionCode {
    let code: ActionCode
    switch action.kind {
    case .generic(let control, let variation):
      code = variation.map { vary($0, control, action) } ?? control
    case .edit(let edit): code = apply(edit)
    case .police(let bucket, let police):
      let counted = Int(fields.contextField(SocketBuffer.Field.wireLength))
      let isWithin = bucket.takes(fields.count, counted: counted, at: machine.clock, from: &action.tokens)
      code = isWithin ? police.conform : police.exceed
    case .vlan(let change, let control): code = apply(change) ? control : .shot
    case .program(let link, let control):
      // The step and the count are the program's own.
      let answer = ActionCode(rawValue: run(link)).asAction(default: control)
      decider = link.link
      return answer
    case .mirred(let mirred, let target): return send(mirred, to: target, action)
    }
    note(action, code)
    return code
  }

  private func note(_ action: RunAction, _ code: ActionCode) {
    counters.ran(action.link, code.rawValue)
    note(action.link, code.rawValue)
    if code != .pipe { decider = action.link }
  }

  /// act_gact with `random`.
  private func vary(_ variation: GenericVariation, _ control: ActionCode, _ action: RunAction) -> ActionCode {
    let value = UInt32(max(variation.value, 1))
    switch variation.kind {
    case .determ:
      action.packets &+= 1
      return action.packets % value != 0 ? control : variation.action
    case .netrand:
      // get_random_u32_below, by multiplication.
      return (UInt64(action.random.next()) * UInt64(value)) >> 32 != 0 ? control : variation.action
    }
  }

  /// act_skbedit (net/sched/act_skbedit.c, tcf_skbedit_act).
  private func apply(_ edit: SocketBufferEdit) -> ActionCode {
    let buffer = fields
    if let priority = edit.priority { buffer.setContextField(SocketBuffer.Field.priority, priority) }
    if edit.inheritsDSField, let field = dsField { buffer.setContextField(SocketBuffer.Field.priority, field >> 2) }
    if let queue = edit.queueMapping,
      device(buffer.contextField(SocketBuffer.Field.interface))?.spec.queues ?? 1 > queue
    {
      buffer.setContextField(SocketBuffer.Field.queueMapping, UInt32(queue))
    }
    if let mark = edit.mark {
      let old = buffer.contextField(SocketBuffer.Field.mark)
      buffer.setContextField(SocketBuffer.Field.mark, old & ~edit.mask | mark & edit.mask)
    }
    if let type = edit.packetType { buffer.setPacketType(number: type) }
    return edit.control
  }

  /// The DS field of an IP header behind the Ethernet header.
  private var dsField: UInt32? {
    let frame = fields.output
    switch fields.filterProtocol {
    case 0x0800 where frame.count >= 34: return UInt32(frame[15])
    case 0x86dd where frame.count >= 54: return UInt32(frame[14] & 0xf) << 4 | UInt32(frame[15] >> 4)
    default: return nil
    }
  }

  /// act_vlan (net/sched/act_vlan.c, tcf_vlan_act); false when the frame is too short.
  private func apply(_ change: TagChange) -> Bool {
    switch change {
    case .pop: return fields.pop()
    case .push(let number, let id, let priority):
      return fields.push(VLANTag(protocolNumber: number, control: id & 0xfff | priority << 13))
    case .modify(let number, let id, let priority):
      fields.replaceTag { tag in
        let control = tag.control & 0xf000 | id & 0xfff
        return VLANTag(
          protocolNumber: number ?? tag.protocolNumber,
          control: priority.map { control & 0x1fff | $0 << 13 } ?? control)
      }
      return true
    }
  }

  /// act_mirred (net/sched/act_mirred.c, tcf_mirred_act).
  private func send(_ mirred: Mirred, to target: PathDevice, _ action: RunAction) -> ActionCode {
    guard mirredDepth < PacketPath.mirredLimit else {
      state.pointee.end = .lost(.mirredLoop)
      note(action, .shot)
      return .shot
    }
    guard target.spec.isUp else {
      let answer = mirred.redirects ? .shot : mirred.control
      if mirred.redirects { state.pointee.end = .lost(.deviceDown) }
      note(action, answer)
      return answer
    }
    note(action, mirred.control)
    mirredDepth += 1
    defer { mirredDepth -= 1 }
    let takesAway: Bool =
      switch mirred.control {
      case .stolen, .queued, .trap: true
      case .shot: atIngress
      default: false
      }
    if mirred.redirects, takesAway {
      decider = action.link
      state.pointee.fate = forward(mirred, to: target)
      return .consumed
    }
    copy(fields.save()) { forward(mirred, to: target) }
    return mirred.control
  }

  /// `tcf_mirred_forward`
  private func forward(_ mirred: Mirred, to target: PathDevice) -> Fate {
    hops += 1
    guard hops <= PacketPath.hopLimit else { return lost(.hops) }
    let wasAtIngress = atIngress
    defer { atIngress = wasAtIngress }
    fields.setContextField(
      SocketBuffer.Field.ingressInterface, fields.contextField(SocketBuffer.Field.interface))
    fields.setContextField(SocketBuffer.Field.interface, target.index)
    switch mirred.direction {
    case .egress:
      countWhole()
      return egress(target)
    case .ingress:
      // netif_receive_skb where it came in, netif_rx where it was going out.
      let runsXDP = target.spec.isGenericXDP
      return wasAtIngress ? receive(target, runsXDP: runsXDP) : takeIn(target, runsXDP: runsXDP)
    }
  }
}
