#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An AF_XDP socket with a receive ring, bound to no interface: an xskmap takes no socket without the ring.
final class ReceivingSocket {
  let descriptor: KernelDescriptor

  /// linux/socket.h and linux/if_xdp.h.
  private static let family: Int32 = 44
  private static let level: Int32 = 283
  private static let receiveRing: Int32 = 2

  init() throws(ErrorNumber) {
    #if os(Linux)
      #if canImport(Glibc)
        let type = Int32(SOCK_RAW.rawValue)
      #else
        let type = SOCK_RAW
      #endif
      let number = socket(ReceivingSocket.family, type, 0)
      guard number >= 0 else { throw ErrorNumber(errno) }
      descriptor = KernelDescriptor(number)
      var entries: Int32 = 64
      guard setsockopt(number, ReceivingSocket.level, ReceivingSocket.receiveRing, &entries, 4) == 0 else {
        throw ErrorNumber(errno)
      }
    #else
      throw .noSystemCall
    #endif
  }
}
