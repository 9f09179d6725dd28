import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The kfuncs of connection tracking (net/netfilter/nf_conntrack_bpf.c, nf_nat_bpf.c). Times are jiffies of the capture's clock.
extension Machine {
  /// `IPS_*` of linux/netfilter/nf_conntrack_common.h.
  private enum Status {
    static let expected: UInt64 = 1 << 0
    static let seenReply: UInt64 = 1 << 1
    static let assured: UInt64 = 1 << 2
    static let confirmed: UInt64 = 1 << 3
    static let sourceTranslated: UInt64 = 1 << 4
    static let destinationTranslated: UInt64 = 1 << 5
    static let sourceTranslationDone: UInt64 = 1 << 7
    static let destinationTranslationDone: UInt64 = 1 << 8
    static let dying: UInt64 = 1 << 9
    static let fixedTimeout: UInt64 = 1 << 10
    /// `IPS_UNCHANGEABLE_MASK`
    static let unchangeable: UInt64 = 0x1bf9 | 0xc000
  }

  /// `NF_BPF_CT_OPTS_SZ` and its older form; offsets in `struct bpf_ct_opts`.
  private static let optionSizes: Set<UInt64> = [12, 16]
  private static let errorOffset: UInt64 = 4
  private static let directionOffset: UInt64 = 9

  /// `nfct_time_stamp`.
  private var timeStamp: UInt32 { UInt32(truncatingIfNeeded: jiffies) }

  // MARK: Arguments

  /// What r2-r5 ask for: a tuple, or the error of the kernel.
  private func request(isLookup: Bool) -> Result<
    (key: ConnectionTable.Key, zone: UInt16, directions: UInt8), RequestFault
  > {
    let size = registers[5] & 0xffff_ffff
    guard Machine.optionSizes.contains(size) else { return .failure(.code(-EINVAL)) }
    guard let options = memory.write(registers[4], Int(size)) else { return .failure(.argument(4)) }
    guard registers[2] != 0 else { return .failure(.code(-EINVAL)) }
    let zone = options.loadUnaligned(fromByteOffset: 10, as: UInt16.self)
    var directions: UInt8 = 3
    if size == 16 {
      let tail = options.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
      guard tail >> 8 == 0 else { return .failure(.code(-EINVAL)) }
      if tail & 0xff != 0 { directions = UInt8(tail & 0xff) }
    } else if zone != 0 {
      return .failure(.code(-EINVAL))
    }
    let protocolNumber = options.load(fromByteOffset: 8, as: UInt8.self)
    let space = options.loadUnaligned(as: Int32.self)
    let isKnown = protocolNumber == 6 || protocolNumber == 17
    if isLookup, !isKnown { return .failure(.code(-EPROTO)) }
    guard space >= -1 else { return .failure(.code(-EINVAL)) }
    guard isKnown else { return .failure(.code(-EPROTO)) }
    let count = registers[3] & 0xffff_ffff
    guard count == 12 || count == 36 else { return .failure(.code(-EAFNOSUPPORT)) }
    guard let tuple = memory.read(registers[2], Int(count)) else { return .failure(.argument(2)) }
    // Other name spaces have no number here.
    guard space < 0 else { return .failure(.code(-ENONET)) }
    let bytes = count == 12 ? 4 : 16
    let key = ConnectionTable.Key(
      source: Machine.address(tuple, bytes), destination: Machine.address(tuple + bytes, bytes),
      sourcePort: tuple.loadUnaligned(fromByteOffset: 2 * bytes, as: UInt16.self),
      destinationPort: tuple.loadUnaligned(fromByteOffset: 2 * bytes + 2, as: UInt16.self),
      protocolNumber: protocolNumber, family: count == 12 ? 2 : 10, zone: zone)
    return .success((key, zone, directions))
  }

  private enum RequestFault: Error {
    case code(Int32)
    case argument(Int)
  }

  private static func address(_ bytes: UnsafeRawPointer, _ count: Int) -> (high: UInt64, low: UInt64) {
    count == 4
      ? (0, UInt64(bytes.loadUnaligned(as: UInt32.self)))
      : (bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self), bytes.loadUnaligned(as: UInt64.self))
  }

  /// NULL, with the error in the options.
  private func fail(_ fault: RequestFault) -> Sequel {
    switch fault {
    case .argument(let index): return refuse(kernelArgument: index)
    case .code(let code):
      guard let error = memory.write(registers[4] &+ Machine.errorOffset, 4) else { return refuse(kernelArgument: 4) }
      error.storeBytes(of: code, as: Int32.self)
      return give(0)
    }
  }

  /// A key as it is for one direction: a zone may be for one of them only (`nf_ct_zone_id`).
  private func inZone(_ key: ConnectionTable.Key, _ directions: UInt8, isReply: Bool) -> ConnectionTable.Key {
    var key = key
    if directions & (isReply ? 2 : 1) == 0 { key.zone = 0 }
    return key
  }

  // MARK: Connections

  /// The table, made when the first program asks: `struct nf_conn` is laid out as the types that the program was loaded for say.
  private func openConnections(program: Int) {
    guard connections == nil else { return }
    let spec = programs.indices.contains(program) ? programs[program].spec : nil
    let types = spec?.kernelTypes ?? spec?.types
    let layout = types.flatMap(ConnectionLayout.init) ?? .linux618
    connections = ConnectionTable(layout: layout, capacity: configuration.connections.capacity)
    for connection in configuration.connections.connections { add(connection) }
  }

  /// Puts a connection of the configuration into the table.
  private func add(_ connection: ConnectionModel.Connection) {
    func key(_ direction: ConnectionModel.Direction) -> ConnectionTable.Key {
      ConnectionTable.Key(
        source: direction.source.withUnsafeBytes {
          $0.baseAddress.map { Machine.address($0, direction.source.count) } ?? (0, 0)
        },
        destination: direction.destination.withUnsafeBytes {
          $0.baseAddress.map { Machine.address($0, direction.destination.count) } ?? (0, 0)
        },
        sourcePort: direction.sourcePort.bigEndian, destinationPort: direction.destinationPort.bigEndian,
        protocolNumber: connection.protocolNumber, family: direction.source.count == 4 ? 2 : 10, zone: connection.zone)
    }
    guard let object = makeConnection(key(connection.original), key(connection.reply)), let layout = connections?.layout
    else { return }
    let ticks = min(UInt64(Int32.max), connection.timeout / Machine.jiffy)
    object.host.storeBytes(of: timeStamp &+ UInt32(ticks), toByteOffset: layout.timeout, as: UInt32.self)
    object.host.storeBytes(
      of: UInt64(connection.status) | Status.confirmed, toByteOffset: layout.status, as: UInt64.self)
    object.host.storeBytes(of: connection.mark, toByteOffset: layout.mark, as: UInt32.self)
    _ = connections?.insert(object.address)
    heap.hold(object, -1)
    releaseConnection(object)
  }

  /// `nf_conntrack_alloc`: a connection that is not in the table yet.
  private func makeConnection(_ original: ConnectionTable.Key, _ reply: ConnectionTable.Key) -> ObjectHeap.Object? {
    sweepConnections()
    guard let table = connections, table.count < table.capacity,
      let object = heap.allocate(type: connectionType, count: table.layout.size)
    else { return nil }
    state.pointee.hasLeftovers = true
    let layout = table.layout
    object.host.storeBytes(of: 1, toByteOffset: layout.uses, as: UInt32.self)
    object.host.storeBytes(of: original.zone, toByteOffset: layout.zone, as: UInt16.self)
    object.host.storeBytes(of: 3, toByteOffset: layout.zone + 3, as: UInt8.self)
    write(original, to: object, layout.original, isReply: false)
    write(reply, to: object, layout.reply, isReply: true)
    connections?.add(object.address, ConnectionTable.Entry(original: original, reply: reply))
    return object
  }

  private func write(
    _ key: ConnectionTable.Key, to object: ObjectHeap.Object, _ tuple: ConnectionLayout.Tuple, isReply: Bool
  ) {
    func put<Value>(_ value: Value, _ place: Int?, _ count: Int = MemoryLayout<Value>.size) {
      guard let place, let layout = connections?.layout, place + count <= layout.size else { return }
      object.host.storeBytes(of: value, toByteOffset: place, as: Value.self)
    }
    put(key.source.low, tuple.sourceAddress)
    put(key.source.high, tuple.sourceAddress.map { $0 + 8 })
    put(key.destination.low, tuple.destinationAddress)
    put(key.destination.high, tuple.destinationAddress.map { $0 + 8 })
    put(key.sourcePort, tuple.sourcePort)
    put(UInt16(key.family), tuple.family)
    put(key.destinationPort, tuple.destinationPort)
    put(key.protocolNumber, tuple.protocolNumber)
    put(isReply ? 1 : 0 as UInt8, tuple.direction)
  }

  /// `nf_ct_is_expired`
  private func isExpired(_ object: ObjectHeap.Object, _ layout: ConnectionLayout) -> Bool {
    let timeout = object.host.loadUnaligned(fromByteOffset: layout.timeout, as: UInt32.self)
    return Int32(bitPattern: timeout &- timeStamp) <= 0
  }

  /// Forgets what has expired, now and then, so that a long capture does not fill the memory.
  private func sweepConnections() {
    guard connections?.isSweepDue() == true, let table = connections else { return }
    for address in table.inserted() {
      guard let object = heap.object(startingAt: address), isExpired(object, table.layout) else { continue }
      connections?.remove(address)
      releaseConnection(object)
    }
    connections?.swept()
  }

  /// Gives one reference back; the last one frees the connection.
  func releaseConnection(_ object: ObjectHeap.Object) {
    guard let uses = connections?.use(object.address, -1) else { return heap.free(object) }
    if let layout = connections?.layout {
      object.host.storeBytes(of: UInt32(max(uses, 0)), toByteOffset: layout.uses, as: UInt32.self)
    }
    guard uses <= 0 else { return }
    connections?.remove(object.address)
    connections?.forget(object.address)
    heap.free(object)
  }

  // MARK: Functions

  /// `bpf_xdp_ct_lookup(ctx, tuple, tuple_size, opts, opts_size)` and `bpf_skb_ct_lookup(…)`.
  func connectionLookup(program: Int) -> Sequel {
    openConnections(program: program)
    let request: (key: ConnectionTable.Key, zone: UInt16, directions: UInt8)
    switch self.request(isLookup: true) {
    case .success(let found): request = found
    case .failure(let fault): return fail(fault)
    }
    for isReply in [false, true] {
      let key = inZone(request.key, request.directions, isReply: isReply)
      guard let found = connections?.find(key), found.isReply == isReply,
        let object = heap.object(startingAt: found.address), let layout = connections?.layout
      else { continue }
      if isExpired(object, layout) {
        connections?.remove(found.address)
        releaseConnection(object)
        break
      }
      guard let direction = memory.write(registers[4] &+ Machine.directionOffset, 1) else {
        return refuse(kernelArgument: 4)
      }
      direction.storeBytes(of: isReply ? 1 : 0, as: UInt8.self)
      if let uses = connections?.use(found.address, 1) {
        object.host.storeBytes(of: UInt32(uses), toByteOffset: layout.uses, as: UInt32.self)
      }
      hold(object, 1)
      return give(found.address)
    }
    return fail(.code(-ENOENT))
  }

  /// `bpf_xdp_ct_alloc(ctx, tuple, tuple_size, opts, opts_size)` and `bpf_skb_ct_alloc(…)`.
  func connectionAllocate(program: Int) -> Sequel {
    openConnections(program: program)
    let request: (key: ConnectionTable.Key, zone: UInt16, directions: UInt8)
    switch self.request(isLookup: false) {
    case .success(let found): request = found
    case .failure(let fault): return fail(fault)
    }
    guard
      let object = makeConnection(
        inZone(request.key, request.directions, isReply: false),
        inZone(request.key.turned, request.directions, isReply: true)),
      let layout = connections?.layout
    else { return fail(.code(-ENOMEM)) }
    // Ten seconds, which the time of insertion is added to.
    object.host.storeBytes(of: UInt32(10 * Machine.ticksPerSecond), toByteOffset: layout.timeout, as: UInt32.self)
    return give(object.address)
  }

  /// The connection that r1 names, and where the members are.
  private func connection() -> (object: ObjectHeap.Object, entry: ConnectionTable.Entry, layout: ConnectionLayout)? {
    guard let object = heap.object(startingAt: registers[1]), object.type == connectionType,
      let entry = connections?.entry(object.address), let layout = connections?.layout
    else { return nil }
    return (object, entry, layout)
  }

  private func status(_ object: ObjectHeap.Object, _ layout: ConnectionLayout) -> UInt64 {
    object.host.loadUnaligned(fromByteOffset: layout.status, as: UInt64.self)
  }

  /// `bpf_ct_insert_entry(ct)`: NULL when one of its directions is taken.
  func connectionInsert() -> Sequel {
    guard let (object, entry, layout) = connection() else { return refuse(kernelArgument: 1) }
    guard !entry.isInserted else { return refuse(kernelArgument: 1) }
    for key in [entry.original, entry.reply] {
      guard let taken = connections?.find(key), let other = heap.object(startingAt: taken.address) else { continue }
      guard isExpired(other, layout) else { break }
      connections?.remove(taken.address)
      releaseConnection(other)
    }
    let timeout = object.host.loadUnaligned(fromByteOffset: layout.timeout, as: UInt32.self)
    object.host.storeBytes(of: timeout &+ timeStamp, toByteOffset: layout.timeout, as: UInt32.self)
    object.host.storeBytes(
      of: status(object, layout) | Status.confirmed, toByteOffset: layout.status, as: UInt64.self)
    guard connections?.insert(object.address) == true else {
      heap.hold(object, -1)
      releaseConnection(object)
      return give(0)
    }
    object.host.storeBytes(of: 2, toByteOffset: layout.uses, as: UInt32.self)
    return give(object.address)
  }

  /// `bpf_ct_release(ct)`.
  func connectionRelease() -> Sequel {
    guard let (object, _, _) = connection() else { return refuse(kernelArgument: 1) }
    heap.hold(object, -1)
    releaseConnection(object)
    return .goOn
  }

  /// `bpf_ct_set_timeout(ct, milliseconds)` and `bpf_ct_change_timeout(ct, milliseconds)`.
  func connectionSetTimeout(isInserted: Bool) -> Sequel {
    guard let (object, _, layout) = connection() else { return refuse(kernelArgument: 1) }
    let milliseconds = registers[2] & 0xffff_ffff
    let tick = Machine.jiffy / 1_000_000
    let ticks = milliseconds > UInt64(Int32.max) ? UInt64(Int32.max) : (milliseconds + tick - 1) / tick
    let bits = status(object, layout)
    if isInserted, bits & Status.fixedTimeout != 0 { return give(code: -EPERM) }
    let start = bits & Status.confirmed != 0 ? timeStamp : 0
    object.host.storeBytes(of: start &+ UInt32(ticks), toByteOffset: layout.timeout, as: UInt32.self)
    return isInserted ? give(code: bits & Status.dying != 0 ? -ETIME : 0) : .goOn
  }

  /// `bpf_ct_set_status(ct, status)` and `bpf_ct_change_status(ct, status)` (`nf_ct_change_status_common`).
  func connectionSetStatus() -> Sequel {
    guard let (object, _, layout) = connection() else { return refuse(kernelArgument: 1) }
    let old = status(object, layout)
    let new = registers[2] & 0xffff_ffff
    let changed = old ^ new
    guard changed & (Status.expected | Status.confirmed | Status.dying) == 0,
      changed & Status.seenReply == 0 || new & Status.seenReply != 0,
      changed & Status.assured == 0 || new & Status.assured != 0
    else { return give(code: -EBUSY) }
    object.host.storeBytes(of: old | new & ~Status.unchangeable, toByteOffset: layout.status, as: UInt64.self)
    return give(0)
  }

  /// `bpf_ct_set_nat_info(ct, address, port, manip)`: translates source (0) or destination (1), so that answers come to the new one.
  func connectionSetTranslation() -> Sequel {
    guard let (object, entry, layout) = connection() else { return refuse(kernelArgument: 1) }
    let port = Int32(truncatingIfNeeded: registers[3])
    let bytes = entry.original.family == 2 ? 4 : 16
    guard let host = memory.read(registers[2], 16) else { return refuse(kernelArgument: 2) }
    let bits = status(object, layout)
    guard bits & Status.confirmed == 0 else { return give(0) }
    let address = Machine.address(host, bytes)
    let isDestination = registers[4] & 0xffff_ffff == 1
    let done = isDestination ? Status.destinationTranslationDone : Status.sourceTranslationDone
    // nf_nat_setup_info drops what is translated already.
    guard bits & done == 0 else { return give(code: -ENOMEM) }
    var reply = entry.reply
    let number = UInt16(truncatingIfNeeded: port).bigEndian
    if isDestination {
      reply.source = address
      if port > 0 { reply.sourcePort = number }
    } else {
      reply.destination = address
      if port > 0 { reply.destinationPort = number }
    }
    var changed = done
    if reply != entry.reply {
      changed |= isDestination ? Status.destinationTranslated : Status.sourceTranslated
      connections?.setReply(object.address, reply)
      write(reply, to: object, layout.reply, isReply: true)
    }
    object.host.storeBytes(of: bits | changed, toByteOffset: layout.status, as: UInt64.self)
    return give(0)
  }
}
