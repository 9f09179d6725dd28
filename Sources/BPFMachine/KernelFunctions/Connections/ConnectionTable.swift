/// The connections of conntrack, each an object of the heap that programs read through `struct nf_conn`, found by the tuple of
/// either direction (net/netfilter/nf_conntrack_core.c).
struct ConnectionTable {
  let layout: ConnectionLayout
  let capacity: Int
  private var addresses: [Key: UInt64] = [:]
  private var entries: [UInt64: Entry] = [:]
  /// Connections that are forgotten at the next look through all of them, which comes when this many are there.
  private var nextSweep = 1024

  /// A direction of a connection: what a packet of it looks like.
  struct Key: Hashable {
    var source: (high: UInt64, low: UInt64)
    var destination: (high: UInt64, low: UInt64)
    /// As they lie in the packet.
    var sourcePort: UInt16
    var destinationPort: UInt16
    var protocolNumber: UInt8
    /// AF_INET 2 or AF_INET6 10.
    var family: UInt8
    var zone: UInt16

    static func == (left: Key, right: Key) -> Bool {
      left.source == right.source && left.destination == right.destination && left.sourcePort == right.sourcePort
        && left.destinationPort == right.destinationPort && left.protocolNumber == right.protocolNumber
        && left.family == right.family && left.zone == right.zone
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(source.low ^ destination.high)
      hasher.combine(source.high ^ destination.low)
      hasher.combine(UInt32(sourcePort) << 16 | UInt32(destinationPort))
    }

    /// The same the other way round (`nf_ct_invert_tuple`).
    var turned: Key {
      Key(
        source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort,
        protocolNumber: protocolNumber, family: family, zone: zone)
    }
  }

  struct Entry {
    var original: Key
    var reply: Key
    /// References of the table and of programs.
    var uses: Int32 = 1
    var isInserted = false
  }

  init(layout: ConnectionLayout, capacity: Int) {
    self.layout = layout
    self.capacity = capacity
  }

  var count: Int { entries.count }

  func entry(_ address: UInt64) -> Entry? { entries[address] }

  mutating func add(_ address: UInt64, _ entry: Entry) { entries[address] = entry }

  mutating func setReply(_ address: UInt64, _ key: Key) { entries[address]?.reply = key }

  /// Changes how often a connection is in use.
  /// - Returns: what it is then; nil when there is no such connection.
  mutating func use(_ address: UInt64, _ change: Int32) -> Int32? {
    guard var entry = entries[address] else { return nil }
    entry.uses += change
    entries[address] = entry
    return entry.uses
  }

  mutating func forget(_ address: UInt64) { entries[address] = nil }

  /// The connection that a packet of that direction belongs to.
  func find(_ key: Key) -> (address: UInt64, isReply: Bool)? {
    guard let address = addresses[key], let entry = entries[address] else { return nil }
    return (address, entry.original != key)
  }

  /// Makes a connection one that is found: `nf_conntrack_hash_check_insert`. False when one of its directions is taken.
  mutating func insert(_ address: UInt64) -> Bool {
    guard var entry = entries[address], !entry.isInserted, addresses[entry.original] == nil,
      addresses[entry.reply] == nil
    else { return false }
    addresses[entry.original] = address
    addresses[entry.reply] = address
    entry.isInserted = true
    entry.uses += 1
    entries[address] = entry
    return true
  }

  /// Takes a connection out, so that it is not found again.
  mutating func remove(_ address: UInt64) {
    guard var entry = entries[address], entry.isInserted else { return }
    addresses[entry.original] = nil
    addresses[entry.reply] = nil
    entry.isInserted = false
    entries[address] = entry
  }

  /// True when it is time to look for connections to forget.
  mutating func isSweepDue() -> Bool {
    guard entries.count >= nextSweep else { return false }
    return true
  }

  /// Every connection that can be found, in the order of its address.
  func inserted() -> [UInt64] { entries.filter { $0.value.isInserted }.map(\.key).sorted() }

  /// After a look through all: the next one comes when there are twice as many.
  mutating func swept() { nextSweep = max(1024, entries.count * 2) }
}
