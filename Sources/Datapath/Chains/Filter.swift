/// A BPF filter of clsact: `tc filter add dev DEV ingress prio P handle H protocol PROTO bpf …`.
public struct Filter: Hashable, Sendable {
  public var program: ProgramReference
  /// 1 to 65535; nil for the next free one below those that were chosen so, from 49152 down, as the kernel chooses it.
  public var priority: UInt16?
  /// nil for the next free one, from 1.
  public var handle: UInt32?
  /// The EtherType that it sees, or `ETH_P_ALL`.
  public var protocolNumber = Filter.everyProtocol
  /// Chain 0 is where packets come in; actions go to others.
  public var chain: UInt32 = 0
  /// The default class, for a program that answers -1; its major number goes with direct action too.
  public var classIdentifier: UInt32 = 0
  /// `da`: the program's return value is the answer. Without, it is a class, and ``actions`` answer.
  public var isDirectAction = true
  /// What runs when a classic filter matches.
  public var actions: [FilterAction] = []

  /// `ETH_P_ALL`.
  public static let everyProtocol: UInt16 = 3

  /// A filter in direct-action mode that sees every protocol.
  public init(program: ProgramReference, priority: UInt16? = nil) {
    self.program = program
    self.priority = priority
  }
}

/// Filters of one hook in the order in which they run: by chain, by priority, and within a priority the one that was added last
/// before the others (net/sched/cls_api.c, tcf_chain_tp_find; net/sched/cls_bpf.c, list_add_rcu).
public struct FilterList: Sendable {
  /// A filter with its priority and handle settled.
  public struct Entry: Sendable {
    public var filter: Filter
    public var priority: UInt16
    public var handle: UInt32
  }

  /// Why the kernel refuses a filter.
  public enum Refusal: Error, Hashable, Sendable {
    /// EINVAL: filters of one priority are for one protocol.
    case otherProtocol(UInt16)
    /// EEXIST: the handle is taken at that priority.
    case exists
    /// ENOSPC: no priority is left.
    case noPriority
  }

  /// By chain, in the order in which they run.
  public private(set) var chains: [UInt32: [Entry]] = [:]

  /// No filters.
  public init() {}

  /// Adds a filter.
  /// - Throws: ``Refusal``; nothing has changed then.
  public mutating func add(_ filter: Filter) throws(Refusal) {
    var entries = chains[filter.chain] ?? []
    let priority: UInt16
    if let own = filter.priority {
      priority = own
    } else {
      // tcf_auto_prio: one below the first of those from 0x8000 up, where the kernel's own choices are.
      let first = entries.first { $0.priority >= 0x8000 }
      guard first?.priority != 0x8000 else { throw .noPriority }
      priority = first.map { $0.priority - 1 } ?? 0xc000
    }
    let same = entries.filter { $0.priority == priority }
    if let other = same.first, other.filter.protocolNumber != filter.protocolNumber {
      throw .otherProtocol(other.filter.protocolNumber)
    }
    let handle = filter.handle ?? (1...UInt32.max).first { number in !same.contains { $0.handle == number } } ?? 1
    guard !same.contains(where: { $0.handle == handle }) else { throw .exists }
    let place = entries.firstIndex { $0.priority >= priority } ?? entries.count
    entries.insert(Entry(filter: filter, priority: priority, handle: handle), at: place)
    chains[filter.chain] = entries
  }
}
