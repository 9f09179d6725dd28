/// The sockets of a ``NetworkModel`` as programs see them: `struct bpf_sock` and `struct bpf_tcp_sock` in guest memory.
final class SocketTable {
  /// Those that are given, and at the end the one of BPF_PROG_TEST_RUN.
  let sockets: [NetworkModel.Socket]
  let lookup: SocketLookup
  private unowned(unsafe) let memory: GuestMemory
  private var views: [View?]
  private var kernelRegions: Set<Int> = []

  private struct View {
    var socket: GuestBlock
    var tcp: GuestBlock
    var kernel: GuestBlock
  }

  private var indices: [UInt64: Int] = [:]
  private var withCookies: Set<Int> = []
  /// References that the running program holds, by socket.
  private(set) var references: [Int]
  private var held: [Int] = []

  /// What BPF_MAP_TYPE_SK_STORAGE maps hold for sockets.
  private var storages: [StorageKey: Storage] = [:]

  private struct StorageKey: Hashable {
    var map: Int
    var socket: Int
  }

  private struct Storage {
    var block: GuestBlock
    var isPresent: Bool
  }

  /// `sizeof(struct bpf_sock)` and of `struct bpf_tcp_sock`.
  private static let socketBytes = 80
  private static let transmissionBytes = 112
  /// `struct sock_common` up to its cookie.
  private static let commonBytes = 96

  init(_ sockets: [NetworkModel.Socket], memory: GuestMemory) throws(MemoryError) {
    let nowhere = NetworkModel.Socket.Endpoint(.unspecified(isIPv6: false), port: 0)
    self.sockets = sockets + [NetworkModel.Socket(.udp, local: nowhere, state: .closed)]
    lookup = SocketLookup(sockets)
    references = [Int](repeating: 0, count: self.sockets.count)
    views = [View?](repeating: nil, count: self.sockets.count)
    self.memory = memory
    // Every frame of BPF_PROG_TEST_RUN has this one; the others are made when they are found.
    guard view(sockets.count) != nil else { throw MemoryError.outOfRegions }
  }

  /// What a program sees of a socket, made when it is first asked for; nil when there is no room.
  private func view(_ index: Int) -> View? {
    if let view = views[index] { return view }
    func allocate(_ count: Int) -> GuestBlock? {
      try? memory.allocate(byteCount: count, stride: count, access: .readOnly)
    }
    guard let view = allocate(Self.socketBytes), let tcp = allocate(Self.transmissionBytes),
      let kernel = allocate(Self.commonBytes)
    else { return nil }
    let socket = sockets[index]
    Self.fill(view.host, socket, isAccepted: lookup.hasListener(socket))
    // sk_alloc(net, AF_UNSPEC, …) of bpf_prog_test_run_skb.
    if index == testRun { (view.host + 4).initializeMemory(as: UInt8.self, repeating: 0, count: 12) }
    for (field, value) in socket.tcp {
      if field.is64Bit {
        tcp.host.storeBytes(of: value, toByteOffset: field.offset, as: UInt64.self)
      } else {
        tcp.host.storeBytes(of: UInt32(truncatingIfNeeded: value), toByteOffset: field.offset, as: UInt32.self)
      }
    }
    for block in [view, tcp, kernel] { indices[block.address] = index }
    kernelRegions.insert(kernel.firstRegion)
    let made = View(socket: view, tcp: tcp, kernel: kernel)
    views[index] = made
    return made
  }

  /// `bpf_sock_convert_ctx_access`.
  private static func fill(_ view: UnsafeMutableRawPointer, _ socket: NetworkModel.Socket, isAccepted: Bool) {
    func store(_ value: UInt32, _ offset: Int) { view.storeBytes(of: value, toByteOffset: offset, as: UInt32.self) }
    store(socket.boundInterface, 0)
    store(socket.isIPv6 ? 10 : 2, 4)
    store(socket.transport.type, 8)
    store(socket.transport.number, 12)
    store(socket.mark, 16)
    store(socket.priority, 20)
    // Sockets of IPv6 keep addresses of IPv4 too: the mapped ones, or LOOPBACK4_IPV6; connections of IPv4 keep mapped ones.
    let (local, remote) = (socket.local.address, socket.remoteAddress)
    if socket.isIPv6 {
      store(number4(local), 24)
      local.store(to: view + 28)
      store(isAccepted ? number4(remote) : remote.mapped?.number.bigEndian ?? 0, 52)
      remote.store(to: view + 56)
    } else {
      store(local.number.bigEndian, 24)
      store(remote.number.bigEndian, 52)
      if socket.transport == .tcp, socket.remote != nil, socket.state.isFull {
        local.mapping.store(to: view + 28)
        remote.mapping.store(to: view + 56)
      }
    }
    store(UInt32(socket.local.port), 44)
    store(UInt32((socket.remote?.port ?? 0).bigEndian), 48)
    store(socket.state.number, 72)
    store(UInt32(bitPattern: socket.receiveQueue), 76)
  }

  private static func number4(_ address: IPAddress) -> UInt32 {
    if let mapped = address.mapped { return mapped.number.bigEndian }
    return address.isUnspecified ? 0 : UInt32(0x7f00_0006).bigEndian
  }

  /// True when none is given.
  var isEmpty: Bool { sockets.count == 1 }

  /// The socket of BPF_PROG_TEST_RUN: of no family, nowhere.
  var testRun: Int { sockets.count - 1 }

  /// Gives the socket of BPF_PROG_TEST_RUN the family and the addresses of its frame, of which `linear` bytes are at hand
  /// (net/bpf/test_run.c, bpf_prog_test_run_skb).
  func setTestRun(_ frame: UnsafeRawBufferPointer, linear: Int, protocolNumber: UInt16) {
    guard let base = frame.baseAddress else { return }
    guard let view = view(testRun)?.socket.host else { return }
    (view + 4).storeBytes(of: 0, as: UInt32.self)
    (view + 24).initializeMemory(as: UInt8.self, repeating: 0, count: 48)
    switch protocolNumber {
    case SocketBuffer.ipv4:
      (view + 4).storeBytes(of: 2, as: UInt32.self)
      guard linear >= 34 else { return }
      (view + 24).copyMemory(from: base + 26, byteCount: 4)
      (view + 52).copyMemory(from: base + 30, byteCount: 4)
    case SocketBuffer.ipv6:
      (view + 4).storeBytes(of: 10, as: UInt32.self)
      guard linear >= 54 else { return }
      (view + 28).copyMemory(from: base + 22, byteCount: 16)
      (view + 56).copyMemory(from: base + 38, byteCount: 16)
    default: break
    }
  }

  /// Guest address of the socket as `struct bpf_sock`.
  func address(_ index: Int) -> UInt64 { view(index)?.socket.address ?? 0 }

  /// Guest address of the socket as `struct bpf_tcp_sock`.
  func transmissionAddress(_ index: Int) -> UInt64 { view(index)?.tcp.address ?? 0 }

  /// Guest address of the socket as the kernel's own structures begin: `struct sock_common` (include/net/sock.h) as 64-bit
  /// kernels lay it out. What follows is not simulated.
  func kernelAddress(_ index: Int) -> UInt64 {
    let socket = sockets[index]
    guard let made = view(index) else { return 0 }
    let (view, kernel) = (made.socket.host, made.kernel.host)
    func copy(_ from: Int, _ to: Int, _ count: Int) { (kernel + to).copyMemory(from: view + from, byteCount: count) }
    copy(52, 0, 4)
    copy(24, 4, 4)
    copy(48, 12, 2)
    copy(44, 14, 2)
    copy(4, 16, 2)
    copy(72, 18, 1)
    let flags: UInt8 = (socket.sharesPort ? 1 << 4 : 0) | (socket.takesIPv4 ? 0 : 1 << 5)
    (kernel + 19).storeBytes(of: flags, as: UInt8.self)
    copy(0, 20, 4)
    copy(56, 56, 16)
    copy(28, 72, 16)
    (kernel + 88).storeBytes(of: cookie(index), as: UInt64.self)
    return made.kernel.address
  }

  /// True for an address in or behind what ``kernelAddress(_:)`` gives.
  func isKernelStructure(_ address: UInt64) -> Bool { kernelRegions.contains(Int(truncatingIfNeeded: address >> 32)) }

  /// The socket at a guest address; nil when there is none.
  func index(_ address: UInt64) -> Int? { indices[address] }

  /// What `SO_COOKIE` gives: the number that is given, or one from the socket's place.
  func cookie(_ index: Int) -> UInt64 { sockets[index].cookie ?? UInt64(index + 1) }

  /// A listener that sent a cookie takes them back (tcp_synq_overflow).
  func noteCookie(_ index: Int) { withCookies.insert(index) }

  /// `tcp_synq_no_recent_overflow`, the other way round.
  func hasSentCookies(_ index: Int) -> Bool { sockets[index].sentCookies || withCookies.contains(index) }

  func hold(_ index: Int) {
    references[index] += 1
    held.append(index)
  }

  /// Gives a reference back; false when the program holds none.
  func release(_ index: Int) -> Bool {
    guard references[index] > 0 else { return false }
    references[index] -= 1
    return true
  }

  /// What a run leaves over.
  func releaseAll() {
    for index in held { references[index] = 0 }
    held.removeAll(keepingCapacity: true)
  }

  // MARK: Storage

  /// Guest address of what a map holds for a socket; nil when it holds nothing.
  func storage(_ map: Int, _ socket: Int) -> UInt64? {
    guard let storage = storages[StorageKey(map: map, socket: socket)], storage.isPresent else { return nil }
    return storage.block.address
  }

  /// Gives a socket a value of `count` bytes, `initial` or zeroes; nil when there is no memory.
  func makeStorage(
    _ map: Int, _ socket: Int, count: Int, initial: UnsafeMutableRawPointer?, _ memory: GuestMemory
  ) -> UInt64? {
    let key = StorageKey(map: map, socket: socket)
    let old = storages[key]?.block
    guard let block = old ?? (try? memory.allocate(byteCount: count, stride: count, access: .readWrite)) else {
      return nil
    }
    block.host.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    if let initial { block.host.copyMemory(from: initial, byteCount: count) }
    storages[key] = Storage(block: block, isPresent: true)
    return block.address
  }

  /// Takes a socket's value away; false when it has none.
  func deleteStorage(_ map: Int, _ socket: Int) -> Bool {
    let key = StorageKey(map: map, socket: socket)
    guard storages[key]?.isPresent == true else { return false }
    storages[key]?.isPresent = false
    return true
  }
}
