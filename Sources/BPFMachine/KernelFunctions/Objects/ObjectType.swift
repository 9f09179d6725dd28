import BPFObject

/// What `bpf_obj_new` makes one of: a struct of the program's own, by its BTF.
struct ObjectType {
  /// Bytes.
  var size: Int
  /// Bytes from one CPU's copy to the next; 0 when there is one copy.
  var stride = 0
  /// Offset of the `struct bpf_refcount`; nil when objects have one owner at a time.
  var referenceCount: Int?
  /// The members that belong to the kernel.
  var fields: UnsafeMutableBufferPointer<SpecialField>
  /// True when a freed object gives up others: it holds a list, a tree or a kernel pointer.
  var ownsOthers: Bool
  /// What the kernel writes into a new object besides zeroes (`bpf_obj_init`): nothing when there are no nodes and lists.
  var needsLinks: Bool

  init(size: Int, stride: Int = 0, layout: ValueLayout = ValueLayout()) {
    self.size = size
    self.stride = stride
    referenceCount = layout.fields.first { $0.kind == .referenceCount }?.offset
    fields = .allocate(capacity: layout.fields.count)
    _ = fields.initialize(from: layout.fields)
    ownsOthers = layout.fields.contains { $0.kind.ownsObjects }
    needsLinks = layout.fields.contains { [.listHead, .listNode, .treeNode, .referenceCount].contains($0.kind) }
  }

  /// Bytes that an object takes, all its copies together.
  func byteCount(cpus: Int) -> Int { stride == 0 ? size : stride * cpus }
}

extension SpecialField.Kind {
  /// True for members whose end is the end of objects too.
  var ownsObjects: Bool { self == .listHead || self == .treeRoot || self == .kernelPointer }
}
