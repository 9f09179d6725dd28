#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The members of a map's values that belong to the kernel: locks, timers, kernel pointers (kernel/bpf/btf.c,
/// `btf_parse_fields`). Updates do not touch them, and user space reads zeroes in their place.
package struct ValueLayout: Hashable, Sendable {
  /// Such members, ascending by offset.
  package private(set) var fields: [SpecialField] = []
  /// True when there are none.
  package private(set) var isPlain = true
  /// Offset of the `struct bpf_spin_lock`.
  package private(set) var lock: Int?

  /// Values of plain bytes.
  package init() {}

  /// Values of the type of that id.
  package init(of id: UInt32, in types: TypeInfo) {
    collect(id, types, at: 0, depth: 0)
    fields.sort { $0.offset < $1.offset }
    isPlain = fields.isEmpty
    lock = fields.first { $0.kind == .spinLock || $0.kind == .resilientSpinLock }?.offset
  }

  private mutating func collect(_ id: UInt32, _ types: TypeInfo, at offset: Int, depth: Int) {
    guard depth < 8, let resolved = types.resolved(id) else { return }
    switch types[resolved] {
    case .structure:
      if let kind = SpecialField.Kind(rawValue: types.name(of: resolved)), let size = types.size(of: resolved) {
        fields.append(SpecialField(kind: kind, offset: offset, size: size))
        return
      }
      for member in types.members(of: resolved) where member.bitFieldSize == 0 {
        collect(member.type, types, at: offset + Int(member.bitOffset / 8), depth: depth + 1)
      }
    case .array(let element, _, let count):
      guard let size = types.size(of: element), count <= 64 else { return }
      for index in 0..<Int(count) { collect(element, types, at: offset + index * size, depth: depth + 1) }
    case .dataSection(_, let variables):
      for variable in variables {
        guard case .variable(let type, _)? = types[variable.type] else { continue }
        collect(type, types, at: offset + Int(variable.offset), depth: depth + 1)
      }
    case .pointer(let to):
      // `__kptr` and its like are type tags between the pointer and what it points to.
      if types.kind(of: to) == .typeTag, ["kptr", "kptr_untrusted", "percpu_kptr", "uptr"].contains(types.name(of: to))
      {
        fields.append(SpecialField(kind: .kernelPointer, offset: offset, size: 8))
      }
    default: break
    }
  }

  /// True when values have a lock, which `BPF_F_LOCK` asks for.
  package var hasLock: Bool { lock != nil }

  /// `copy_map_value`: everything but the special members.
  @inline(__always)
  package func copy(_ value: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
    if _fastPath(isPlain) {
      target.copyMemory(from: value, byteCount: count)
    } else {
      copyAround(value, to: target, count: count)
    }
  }

  private func copyAround(_ value: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
    var offset = 0
    for field in fields where field.offset >= offset && field.offset + field.size <= count {
      (target + offset).copyMemory(from: value + offset, byteCount: field.offset - offset)
      offset = field.offset + field.size
    }
    (target + offset).copyMemory(from: value + offset, byteCount: count - offset)
  }

  /// `check_and_init_map_value`: zeroes in the special members.
  @inline(__always)
  package func initialise(_ value: UnsafeMutableRawPointer) {
    if _fastPath(isPlain) { return }
    for field in fields { memset(value + field.offset, 0, field.size) }
  }
}

/// A member of a value that belongs to the kernel.
package struct SpecialField: Hashable, Sendable {
  /// What it is, by the name of its struct.
  package enum Kind: String, Sendable {
    case spinLock = "bpf_spin_lock"
    case resilientSpinLock = "bpf_res_spin_lock"
    case timer = "bpf_timer"
    case workqueue = "bpf_wq"
    case taskWork = "bpf_task_work"
    case listHead = "bpf_list_head"
    case listNode = "bpf_list_node"
    case treeRoot = "bpf_rb_root"
    case treeNode = "bpf_rb_node"
    case referenceCount = "bpf_refcount"
    /// A pointer with the type tag `kptr`, `kptr_untrusted` or `percpu_kptr`.
    case kernelPointer
  }

  package var kind: Kind
  /// Bytes from the start of the value.
  package var offset: Int
  /// Bytes.
  package var size: Int
}
