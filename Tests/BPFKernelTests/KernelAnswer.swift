import BPFMachine
import BPFObject
import KernelRecordings

@testable import BPFKernel

extension RecordedCase {
  /// The case with every answer taken from the running kernel.
  func asked() -> RecordedCase {
    var result = self
    result.answer = RecordedAnswer()
    var maps: [KernelMap] = []
    do {
      for spec in specs { maps.append(try KernelMap(spec)) }
    } catch {
      result.answer.refuse("create", error)
      return result
    }
    var programs: [KernelProgram] = []
    do {
      for callee in callees {
        let loaded = try KernelProgram(program(callee), maps: maps)
        try maps[callee.map].update(bytes(callee.key), descriptor: loaded.descriptor.number)
        programs.append(loaded)
      }
    } catch {
      result.answer.refuse("load", error as? KernelError ?? KernelError(message: "\(error)"))
      return result
    }
    for index in operations.indices { result.operations[index] = operations[index].done(on: maps) }
    if let program { result.answer.run(program, maps: maps, packet: packet, context: context) }
    if program != nil || !operations.isEmpty { withExtendedLifetime(programs) { result.answer.list(maps) } }
    return result
  }
}

extension RecordedOperation {
  fileprivate func done(on maps: [KernelMap]) -> RecordedOperation {
    var result = self
    result.errno = ""
    result.found = nil
    let map = maps[self.map]
    do {
      switch operation {
      case "update":
        let value = inner.map { bytes(maps[$0].descriptor.number) } ?? HexText.bytes(value)
        try map.update(HexText.bytes(key), [value], flags: flags)
      case "delete": try map.delete(HexText.bytes(key))
      case "lookup":
        if let values = try map.lookup(HexText.bytes(key)) {
          result.found = HexText.text(values.first ?? [])
        } else {
          result.errno = "ENOENT"
        }
      default: result.errno = "no operation \(operation)"
      }
    } catch {
      result.errno = ErrorNumber(error.errno).name
    }
    return result
  }
}

extension RecordedAnswer {
  fileprivate mutating func refuse(_ stage: String, _ error: KernelError) {
    refusedAt = stage
    errno = error.errno?.name ?? error.message
    reason = error.rejection?.reason
  }

  fileprivate mutating func run(_ spec: ProgramSpec, maps: [KernelMap], packet: String, context: String?) {
    let program: KernelProgram
    do {
      program = try KernelProgram(spec, maps: maps)
    } catch {
      refuse("load", error)
      return
    }
    let context = context.map(HexText.bytes) ?? []
    do {
      let run = try program.testRun(
        data: HexText.bytes(packet), context: context,
        contextCapacity: context.isEmpty ? 0 : max(context.count, spec.type == .xdp ? 24 : 192))
      returnValue = run.returnValue
      output = HexText.text(run.data)
      if !context.isEmpty { self.context = HexText.text(run.context) }
    } catch {
      refuse("run", error)
    }
  }

  fileprivate mutating func list(_ maps: [KernelMap]) {
    guard !maps.isEmpty else { return }
    self.maps = maps.map { map in
      switch map.spec.type {
      case .array, .hash, .lruHash, .lpmTrie, .queue, .stack, .ringbuf:
        (try? map.entries())?.map {
          RecordedEntry(key: HexText.text($0.key), value: HexText.text($0.values.first ?? []))
        }
      default: nil
      }
    }
  }
}
