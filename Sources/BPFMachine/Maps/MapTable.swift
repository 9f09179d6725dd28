import BPFObject

/// A map type as Linux has it and as Verdict simulates it.
public struct MapTypeRow: Sendable {
  public var type: MapType
  /// The release that brought it: `4.10`.
  public var since: String
  /// Flags that `BPF_MAP_CREATE` takes, without those that say where memory comes from.
  public var flags: UInt32
  public var simulation: Simulation
  /// What is done otherwise than in a kernel, or not at all; empty when there is nothing to say.
  public var note: String
}

/// The map types of Linux 6.18: the one table that machine and listings read.
public enum MapTable {
  /// The row of a type.
  public static func row(_ type: MapType) -> MapTypeRow {
    rows.first { $0.type == type } ?? MapTypeRow(type: type, since: "", flags: 0, simulation: .none, note: "")
  }

  private static let access = MapFlags.readOnlyForPrograms | MapFlags.writeOnlyForPrograms
  private static let userAccess = MapFlags.readOnly | MapFlags.writeOnly
  private static let array = MapFlags.numaNode | userAccess | access
  private static let table = MapFlags.numaNode | userAccess
  private static let hash = MapFlags.noPreallocation | array | MapFlags.zeroSeed
  private static let storage = MapFlags.noPreallocation | MapFlags.clone

  /// In the order of `enum bpf_map_type`.
  public static let rows: [MapTypeRow] = [
    full(.hash, "3.19", hash),
    full(.array, "3.19", array | MapFlags.mappable | MapFlags.innerMap),
    full(.progArray, "4.2", table),
    model(
      .perfEventArray, "4.3", table | MapFlags.preserveElements,
      "every CPU has a reader that takes samples at once; bpf_perf_event_read finds no counter"),
    full(.percpuHash, "4.6", hash & ~MapFlags.numaNode),
    full(.percpuArray, "4.6", array & ~MapFlags.numaNode),
    load(.stackTrace, "4.6", table | MapFlags.stackBuildID, "tracing programs alone write to it"),
    model(.cgroupArray, "4.8", table, "a seed puts ids of the options' cgroups in"),
    full(.lruHash, "4.10", hash | MapFlags.noCommonLRU),
    full(.lruPercpuHash, "4.10", hash & ~MapFlags.numaNode | MapFlags.noCommonLRU),
    full(.lpmTrie, "4.11", MapFlags.noPreallocation | array),
    full(.arrayOfMaps, "4.12", table),
    full(.hashOfMaps, "4.12", hash),
    full(.devmap, "4.14", table),
    model(.sockmap, "4.14", table, "empty: no seed can put a socket in"),
    full(.cpumap, "4.15", MapFlags.numaNode),
    full(.xskmap, "4.18", table),
    model(.sockhash, "4.18", table, "empty: no seed can put a socket in"),
    load(.cgroupStorage, "4.19", array, "cgroup programs alone use it"),
    load(.reuseportSockarray, "4.19", array, "reuseport programs alone use it"),
    load(.percpuCgroupStorage, "4.20", array, "cgroup programs alone use it"),
    full(.queue, "4.20", array),
    full(.stack, "4.20", array),
    model(.skStorage, "5.2", storage, "values of the options' sockets"),
    full(.devmapHash, "5.4", table),
    load(.structOps, "5.6", MapFlags.mappable, "it registers functions with the kernel; nothing calls them here"),
    model(.ringbuf, "5.8", MapFlags.numaNode, "a reader takes all records after each packet, unless told not to"),
    load(.inodeStorage, "5.10", storage, "LSM programs alone use it"),
    model(.taskStorage, "5.11", storage, "a value of the one task that runs; nothing else has one"),
    full(
      .bloomFilter, "5.16", MapFlags.numaNode | userAccess | access | MapFlags.zeroSeed,
      "hashes as with BPF_F_ZERO_SEED, so that its mistakes are the same in every run"),
    model(.userRingbuf, "6.1", MapFlags.numaNode, "holds the samples that it is seeded with"),
    model(.cgrpStorage, "6.2", storage, "values of the cgroups that programs come by"),
    model(
      .arena, "6.9", MapFlags.mappable | 1 << 17 | 1 << 18,
      "the pages of its variables are there; loads from others give 0 and stores are lost"),
  ]

  private static func full(_ type: MapType, _ since: String, _ flags: UInt32, _ note: String = "") -> MapTypeRow {
    MapTypeRow(type: type, since: since, flags: flags, simulation: .full, note: note)
  }

  private static func model(_ type: MapType, _ since: String, _ flags: UInt32, _ note: String) -> MapTypeRow {
    MapTypeRow(type: type, since: since, flags: flags, simulation: .model, note: note)
  }

  private static func load(_ type: MapType, _ since: String, _ flags: UInt32, _ note: String) -> MapTypeRow {
    MapTypeRow(type: type, since: since, flags: flags, simulation: .loadOnly, note: note)
  }
}

extension MapType {
  /// True for the types whose elements programs may look up (kernel/bpf/verifier.c, check_map_func_compatibility).
  var allowsLookup: Bool {
    switch self {
    case .hash, .array, .percpuHash, .percpuArray, .lruHash, .lruPercpuHash, .lpmTrie, .arrayOfMaps, .hashOfMaps,
      .devmap, .devmapHash, .xskmap, .sockmap, .sockhash:
      true
    default: false
    }
  }

  /// True for the types whose elements programs may update and delete.
  var allowsChange: Bool {
    switch self {
    case .hash, .array, .percpuHash, .percpuArray, .lruHash, .lruPercpuHash, .lpmTrie, .sockmap, .sockhash: true
    default: false
    }
  }

  /// What programs of the types that Verdict runs do with such a map (kernel/bpf/verifier.c, check_map_func_compatibility).
  public var uses: [String] {
    var uses: [String] = []
    if allowsLookup { uses.append("lookup") }
    if allowsChange, self != .sockmap, self != .sockhash { uses += ["update", "delete"] }
    switch self {
    case .queue, .stack: uses += ["push", "pop", "peek"]
    case .bloomFilter: uses += ["push", "peek"]
    case .progArray: uses.append("tail_call")
    case .perfEventArray: uses += ["perf_event_output", "perf_event_read"]
    case .ringbuf: uses += ["ringbuf_output", "ringbuf_reserve", "ringbuf_query"]
    case .userRingbuf: uses.append("user_ringbuf_drain")
    case .cgroupArray: uses += ["skb_under_cgroup", "current_task_under_cgroup"]
    case .devmap, .devmapHash, .cpumap, .xskmap: uses.append("redirect_map")
    case .sockmap, .sockhash: uses += ["update", "delete"]
    case .skStorage: uses.append("sk_storage_get")
    case .taskStorage: uses.append("task_storage_get")
    case .cgrpStorage: uses.append("cgrp_storage_get")
    default: break
    }
    switch self {
    case .array, .percpuArray, .hash, .percpuHash, .lruHash, .lruPercpuHash: uses.append("for_each")
    default: break
    }
    if isPerCPU, allowsLookup { uses.append("lookup_percpu") }
    return uses
  }
}
