import BPFObject

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `BPF_MAP_TYPE_SOCKMAP` and `BPF_MAP_TYPE_SOCKHASH` (net/core/sock_map.c). There are no established sockets to put in, so
/// that nothing is ever found and nothing can be deleted.
package final class SocketMap: BPFMap {
  /// `sock_map_delete_elem` says EINVAL of an entry that is not there, `sock_hash_delete_elem` ENOENT.
  package override func remove(_ key: UnsafeRawPointer) -> Int32 { type == .sockmap ? -EINVAL : -ENOENT }
}
