import BPFObject

extension Machine {
  /// A trap in words, with its place.
  public func describe(_ trap: Trap) -> TrapDescription {
    let spec = programs.indices.contains(trap.program) ? programs[trap.program].spec : nil
    let line = spec?.sourceLine(at: trap.slot)
    return TrapDescription(
      reason: describe(trap.origin) + describe(trap.reason, reference: spec?.references[trap.slot]),
      instruction: trap.slot,
      function: spec?.function(at: trap.slot)?.name ?? spec?.name ?? "?",
      source: line.map { "\($0.file):\($0.line)" }, sourceText: line?.text)
  }

  private func describe(_ origin: Trap.Origin) -> String {
    switch origin {
    case .packet: ""
    case .timer(let map): "in the callback of a timer in map \(name(ofMap: map)): "
    case .work(let map): "in the callback of a work item in map \(name(ofMap: map)): "
    }
  }

  private func name(ofMap index: Int) -> String { maps.indices.contains(index) ? maps[index].spec.name : "\(index)" }

  private func describe(_ reason: Trap.Reason, reference: Reference?) -> String {
    switch reason {
    case .badRead(let address, let size):
      "read of \(size) \(size == 1 ? "byte" : "bytes") at \(field(address, size, isWrite: false) ?? place(address))"
    case .badWrite(let address, let size):
      "write of \(size) \(size == 1 ? "byte" : "bytes") at \(field(address, size, isWrite: true) ?? place(address))"
    case .kernelStructure(let address, let size):
      "read of \(size) \(size == 1 ? "byte" : "bytes") of a kernel's structure at offset \(address & 0xffff_ffff): of a "
        + "socket only the first members of struct sock_common are simulated"
    case .budgetExhausted:
      "more than \(configuration.budget) instructions"
    case .callDepthExceeded:
      "more than \(8) nested function calls"
    case .unknownHelper(let id):
      HelperTable.row(id).map {
        "helper bpf_\($0.name)#\(id) is not simulated" + ($0.note.isEmpty ? "" : ": \($0.note)")
      } ?? "there is no helper #\(id)"
    case .unknownKernelFunction:
      if case .kernelFunction(let name, _) = reference {
        describe(kernelFunction: name)
      } else {
        "a kfunc that is known by its number in some kernel's BTF alone"
      }
    case .unresolvedReference:
      describe(unresolved: reference)
    case .badCallTarget(let address):
      "call to 0x\(String(address, radix: 16)), which is no function"
    case .badHelperArgument(let helper, let argument, let value):
      "bpf_\(HelperTable.name(helper) ?? "\(helper)"): argument \(argument) is 0x\(String(value, radix: 16)), which it cannot be"
    case .mapNotAllowed(let helper, let map):
      "bpf_\(HelperTable.name(helper) ?? "\(helper)") cannot be used on \(describe(map: map))"
    case .badKernelFunctionArgument(let argument, let value):
      "\(kernelFunctionName(reference)): argument \(argument) is 0x\(String(value, radix: 16)), which it cannot be"
    case .lockMisuse(.alreadyHeld): "bpf_spin_lock while another lock is held"
    case .lockMisuse(.notHeld): "bpf_spin_unlock of a lock that is not held"
    case .lockMisuse(.heldAtExit): "the program ends while it holds the lock that it takes here"
    case .fellOffEnd:
      "execution ran past the last instruction"
    }
  }

  private func describe(map index: Int) -> String {
    guard maps.indices.contains(index) else { return "map \(index)" }
    let map = maps[index]
    let row = MapTable.row(map.type)
    let reason =
      row.simulation == .loadOnly
      ? ": \(row.note)" : map.isWritableForPrograms ? "" : ", which is read-only for programs"
    return "map \(map.spec.name) of type \(map.type.name)\(reason)"
  }

  private func describe(unresolved reference: Reference?) -> String {
    switch reference {
    case .unresolved(let why): why
    case .kernelFunction(let name, _): describe(kernelFunction: name)
    case .kernelVariable(let name, _): "kernel variable \(name) is not simulated"
    case .map(let name), .mapValue(let name, _): "there is no map \(name)"
    case .function, nil: "a reference that was not resolved"
    }
  }

  /// The field of `struct __sk_buff` at an address and what it allows; nil for other addresses.
  private func field(_ address: UInt64, _ size: Int, isWrite: Bool) -> String? {
    let offset = address &- PacketBuffer.contextAddress
    guard state.pointee.runsOnSocketBuffer, offset < UInt64(SocketBuffer.contextSize) else { return nil }
    return SocketBuffer.Field.refusal(Int(offset), size, isWrite: isWrite)
  }

  private func kernelFunctionName(_ reference: Reference?) -> String {
    if case .kernelFunction(let name, _) = reference { name } else { "kfunc" }
  }

  /// Why a kfunc cannot be called.
  private func describe(kernelFunction name: String) -> String {
    guard let row = KernelFunctionTable.row(name) else {
      return "Linux 6.18 has no kfunc \(name) that XDP or TC programs may call"
    }
    if row.function != nil, row.programs == .xdp || row.programs == .classifier {
      return "kfunc \(name) can be called by \(row.programs == .xdp ? "XDP" : "TC") programs only"
    }
    return "kfunc \(name) is not simulated: \(row.note)"
  }

  /// An address in terms of the objects that a program knows.
  private func place(_ address: UInt64) -> String {
    let text = "0x\(String(address, radix: 16))"
    func distance(_ from: UInt64) -> String { "\(Int64(bitPattern: address &- from))" }
    switch Int(truncatingIfNeeded: address >> 32) {
    case 0 where address < 4096: return "\(text): a NULL pointer"
    case 0:
      let isSocketBuffer = state.pointee.runsOnSocketBuffer
      let start = isSocketBuffer ? socketBuffer.dataAddress : packet.dataAddress
      let end = isSocketBuffer ? socketBuffer.endAddress : packet.endAddress
      return "data+\(distance(start)), outside the packet of \(end - start) readable bytes"
    case GuestMemory.contextRegion:
      return "context+\(distance(PacketBuffer.contextAddress)), which is outside it or read-only"
    case GuestMemory.stackRegion:
      return "stack address \(text), outside the live frames"
    case let region:
      if let map = maps.first(where: { $0.holds(region: region) }) {
        return "\(text), outside map \(map.spec.name) or read-only"
      }
      // By now it may be gone, or another be in its place.
      if heap.hadObject(at: address) {
        return "\(text), byte \(address & 0xffff_ffff) of an object that is smaller or was freed"
      }
      return "\(text), which is no object"
    }
  }

  /// A redirect's target in words.
  public func describe(_ redirect: Redirect) -> String {
    switch redirect {
    case .interface(let index, let ingress): return "ifindex \(index)\(ingress ? " ingress" : "")"
    case .map(let index, let key, let value):
      let name = maps.indices.contains(index) ? maps[index].spec.name : "map \(index)"
      switch maps.indices.contains(index) ? maps[index].spec.type : nil {
      case .devmap, .devmapHash: return "\(name)[\(key)] ifindex \(value)"
      case .cpumap: return "\(name)[\(key)] cpu \(key)"
      case .xskmap: return "\(name)[\(key)] socket \(value)"
      default: return "\(name)[\(key)]"
      }
    case .broadcast(let index, let excludeIngress):
      let name = maps.indices.contains(index) ? maps[index].spec.name : "map \(index)"
      return "\(name)[*]\(excludeIngress ? " but the ingress" : "")"
    case .neighbour(let index): return "ifindex \(index) by neighbour"
    case .peer(let index): return "peer of ifindex \(index)"
    }
  }
}
