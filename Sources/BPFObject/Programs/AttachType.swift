/// `enum bpf_attach_type` of linux/bpf.h, in the kernel's order.
public enum AttachType: UInt32, CaseIterable, Sendable {
  case cgroupINETIngress, cgroupINETEgress, cgroupINETSockCreate, cgroupSockOps, skSKBStreamParser
  case skSKBStreamVerdict, cgroupDevice, skMsgVerdict, cgroupINET4Bind, cgroupINET6Bind
  case cgroupINET4Connect, cgroupINET6Connect, cgroupINET4PostBind, cgroupINET6PostBind, cgroupUDP4Sendmsg
  case cgroupUDP6Sendmsg, lircMode2, flowDissector, cgroupSysctl, cgroupUDP4Recvmsg
  case cgroupUDP6Recvmsg, cgroupGetsockopt, cgroupSetsockopt, traceRawTracepoint, traceFentry
  case traceFexit, modifyReturn, lsmMAC, traceIter, cgroupINET4Getpeername
  case cgroupINET6Getpeername, cgroupINET4Getsockname, cgroupINET6Getsockname, xdpDevmap, cgroupINETSockRelease
  case xdpCpumap, skLookup, xdp, skSKBVerdict, skReuseportSelect
  case skReuseportSelectOrMigrate, perfEvent, traceKprobeMulti, lsmCgroup, structOps
  case netfilter, tcxIngress, tcxEgress, traceUprobeMulti, cgroupUnixConnect
  case cgroupUnixSendmsg, cgroupUnixRecvmsg, cgroupUnixGetpeername, cgroupUnixGetsockname, netkitPrimary
  case netkitPeer, traceKprobeSession, traceUprobeSession, traceFsession, traceFentryMulti
  case traceFexitMulti, traceFsessionMulti
}

/// `BPF_F_*` flags of `BPF_PROG_LOAD` that section names ask for.
public enum ProgramFlags {
  /// `BPF_F_SLEEPABLE`.
  public static let sleepable: UInt32 = 1 << 4
  /// `BPF_F_XDP_HAS_FRAGS`.
  public static let xdpHasFrags: UInt32 = 1 << 5
}
