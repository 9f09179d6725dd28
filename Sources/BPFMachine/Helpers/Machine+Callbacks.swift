#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A helper that calls a function of the program, again and again: the engines run the callback as they run any function, and
/// ask here what comes next when it returns, so that nothing recurses on the host's stack.
struct Callback {
  var function: GuestFunction
  /// The pointer that the program wants handed on.
  var context: UInt64
  var source: Source
  /// Calls made.
  var count: UInt64 = 0
  /// Elements looked at.
  var position = 0

  /// What the calls are about.
  enum Source {
    /// `bpf_loop`: this many times.
    case loop(UInt64)
    /// `bpf_for_each_map_elem`: every element that there was at the start.
    case elements(map: Int, keys: KeyList)
    /// `bpf_user_ringbuf_drain`: the samples that there are.
    case samples(map: Int)
    /// `bpf_rbtree_add`: whether the node comes before each node on its way down.
    case tree(TreeDescent)
  }
}

extension Machine {
  static func keyBlock(of count: Int, in memory: GuestMemory) throws(MemoryError) -> GuestBlock {
    try memory.allocate(byteCount: count, stride: count, access: .readOnly)
  }

  /// Copies a key to where callbacks of that depth see it, readable to its end and no further.
  /// - Returns: its guest address; 0 when no memory can be had.
  func presentKey(_ key: UnsafeRawBufferPointer, depth: Int) -> UInt64 {
    if callbackKeys[depth].map({ $0.byteCount < key.count }) ?? true {
      callbackKeys[depth] = try? Machine.keyBlock(of: max(key.count, 512), in: memory)
    }
    guard let block = callbackKeys[depth], let source = key.baseAddress else { return 0 }
    block.host.copyMemory(from: source, byteCount: key.count)
    memory.regions[block.firstRegion].bounds = Region.bounds(count: key.count, writable: false)
    return block.address
  }

  /// `BPF_MAX_LOOPS`.
  private static let maximumLoops: UInt64 = 8 << 20

  /// `bpf_loop(nr_loops, callback, ctx, flags)` (kernel/bpf/bpf_iter.c).
  func loop() -> Sequel {
    let count = registers[1] & 0xffff_ffff
    guard let function = GuestFunction(address: registers[2]) else { return refuse(181, argument: 2) }
    guard registers[4] == 0 else { return give(errno: -EINVAL) }
    // The verifier writes the loop out in place (optimize_bpf_loop), and that code moves -E2BIG into the 32-bit register.
    guard count <= Machine.maximumLoops else { return give(UInt64(UInt32(bitPattern: -E2BIG))) }
    return begin(Callback(function: function, context: registers[3], source: .loop(count)))
  }

  /// `bpf_for_each_map_elem(map, callback, ctx, flags)` (kernel/bpf/helpers.c): arrays by index, hashes by slot.
  func forEachMapElement() -> Sequel {
    guard let index = mapIndex(argument: 1) else { return refuse(164, argument: 1) }
    guard let function = GuestFunction(address: registers[2]) else { return refuse(164, argument: 2) }
    guard registers[4] == 0 else { return give(errno: -EINVAL) }
    guard maps[index] is ArrayMap || maps[index] is HashMap else { return give(errno: -EINVAL) }
    let source = Callback.Source.elements(map: index, keys: KeyList(maps[index]))
    return begin(Callback(function: function, context: registers[3], source: source))
  }

  func begin(_ callback: Callback) -> Sequel {
    guard isFunction(callback.function) else { return trap(.badCallTarget(callback.function.address)) }
    guard state.pointee.callbackDepth < CallFrame.maximum else { return trap(.callDepthExceeded) }
    callbacks.removeLast(max(0, callbacks.count - state.pointee.callbackDepth))
    callbacks.append(callback)
    state.pointee.callbackDepth += 1
    return callNext()
  }

  /// True for a place in a loaded program. An address that no loader gave, but a program made up, may be anything.
  func isFunction(_ function: GuestFunction) -> Bool {
    programs.indices.contains(function.program)
      && programs[function.program].operations.indices.contains(function.element)
  }

  /// A callback returned r0.
  func continueCallback() -> Sequel {
    let last = state.pointee.callbackDepth - 1
    guard last >= 0, last < callbacks.count else { return .goOn }
    callbacks[last].count += 1
    if case .tree(var descent) = callbacks[last].source {
      guard descend(&descent, isLess: registers[0] != 0) else {
        state.pointee.callbackDepth -= 1
        return refuse(kernelArgument: 1)
      }
      callbacks[last].source = .tree(descent)
      return callNext()
    }
    return registers[0] == 0 ? callNext() : finish()
  }

  /// Calls once more, or ends the helper when nothing is left.
  private func callNext() -> Sequel {
    let callback = callbacks[state.pointee.callbackDepth - 1]
    switch callback.source {
    case .loop(let total):
      guard callback.count < total else { return finish() }
      registers[1] = callback.count
      registers[2] = callback.context
    case .elements(let map, let keys):
      guard nextElement(of: map, keys, depth: state.pointee.callbackDepth - 1) else { return finish() }
      registers[1] = GuestMap.address(index: map)
      registers[4] = callback.context
    case .samples(let map):
      guard callback.count < Machine.sampleLimit, let sample = presentSample(of: map) else { return finish() }
      registers[1] = sample
      registers[2] = callback.context
    case .tree(let descent):
      guard descent.next != 0 else {
        callbacks.removeLast()
        state.pointee.callbackDepth -= 1
        return finish(descent)
      }
      registers[1] = descent.node
      registers[2] = descent.next
    }
    let program = programs[callback.function.program]
    state.pointee.target = UnsafeRawPointer(program.threaded.base + callback.function.element)
    state.pointee.targetProgram = program.index
    state.pointee.targetElement = callback.function.element
    return .called
  }

  /// Puts key and value of the next element into r2 and r3; false when there is none. What callbacks have deleted is passed over.
  private func nextElement(of map: Int, _ keys: KeyList, depth: Int) -> Bool {
    while callbacks[depth].position < keys.count {
      let value = keys.withKey(callbacks[depth].position) { key -> UInt64 in
        registers[2] = presentKey(key, depth: depth)
        return key.baseAddress.map { maps[map].valueAddress(of: $0, cpu: configuration.cpu) } ?? 0
      }
      callbacks[depth].position += 1
      registers[3] = value
      if value != 0 { return true }
    }
    return false
  }

  /// Ends the innermost helper: r0 is the number of calls.
  private func finish() -> Sequel {
    let callback = callbacks.removeLast()
    state.pointee.callbackDepth -= 1
    return give(callback.count)
  }
}
