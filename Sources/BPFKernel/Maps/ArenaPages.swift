import BPFObject

/// The pages of an arena, mapped as libbpf maps them, with the object's `__arena` variables at the start.
final class ArenaPages {
  private let base: UnsafeMutableRawPointer
  private let count: Int

  /// Maps the pages where `map_extra` asks for, or anywhere.
  init(_ spec: MapSpec, descriptor: Int32) throws(KernelError) {
    count = Int(spec.maxEntries) * 4096
    do throws(ErrorNumber) {
      base = try BPFSyscall.mapShared(descriptor, count: count, at: spec.extra)
    } catch {
      throw KernelError(
        message: "map \(spec.name): its \(spec.maxEntries) pages cannot be mapped: \(error.name)", errno: error)
    }
    spec.initialContents?.prefix(count).withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { base.copyMemory(from: source, byteCount: bytes.count) }
    }
  }

  deinit { BPFSyscall.unmap(base, count: count) }
}
