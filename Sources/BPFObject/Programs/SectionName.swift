/// What a section's name says of the programs in it: libbpf's table of program sections (libbpf docs, program_types.rst).
struct SectionName: Sendable {
  let type: ProgramType
  let attachType: UInt32
  let flags: UInt32

  /// The meaning of `section`, without a leading `?`; nil when the name is none of a program type's.
  ///
  /// libbpf's rule comes first: the exact name, or for types that name a target also `name/target`. Then any suffix is
  /// let pass, as libbpf did before 1.0 and its users still write (`xdp_filter`, `classifier/ingress`).
  static func meaning(of section: String) -> SectionName? {
    let exact = rules.first { rule in
      section == rule.name || (rule.takesTarget && section.hasPrefix(rule.name + "/"))
    }
    let rule = exact ?? rules.filter { section.hasPrefix($0.name) }.max { $0.name.utf8.count < $1.name.utf8.count }
    guard let rule else { return nil }
    return SectionName(type: rule.type, attachType: rule.attachType?.rawValue ?? 0, flags: rule.flags)
  }

  /// What other loaders, and the habits of their users, take a section to be: iproute2 loads `prog` as XDP, and classifiers
  /// are in `ingress`, `egress` and `cls…`.
  static func customary(_ section: String) -> SectionName? {
    if section == "prog" { return SectionName(type: .xdp, attachType: 0, flags: 0) }
    guard ["ingress", "egress", "cls"].contains(where: section.hasPrefix) else { return nil }
    return SectionName(type: .schedCLS, attachType: 0, flags: 0)
  }

  private struct Rule: Sendable {
    let name: String
    let type: ProgramType
    let attachType: AttachType?
    let takesTarget: Bool
    let flags: UInt32
  }

  private static func rule(
    _ name: String, _ type: ProgramType, _ attachType: AttachType? = nil, target: Bool = false, flags: UInt32 = 0
  ) -> Rule {
    Rule(name: name, type: type, attachType: attachType, takesTarget: target, flags: flags)
  }

  /// A type that may sleep: `name` and `name.s`, both with a target.
  private static func sleeping(_ name: String, _ type: ProgramType, _ attachType: AttachType? = nil) -> [Rule] {
    [
      rule(name, type, attachType, target: true),
      rule(name + ".s", type, attachType, target: true, flags: ProgramFlags.sleepable),
    ]
  }

  private static let rules: [Rule] = network + tracing + sockets + cgroup

  private static let network: [Rule] = [
    rule("xdp", .xdp, .xdp),
    rule("xdp/devmap", .xdp, .xdpDevmap),
    rule("xdp/cpumap", .xdp, .xdpCpumap),
    rule("xdp.frags", .xdp, .xdp, flags: ProgramFlags.xdpHasFrags),
    rule("xdp.frags/devmap", .xdp, .xdpDevmap, flags: ProgramFlags.xdpHasFrags),
    rule("xdp.frags/cpumap", .xdp, .xdpCpumap, flags: ProgramFlags.xdpHasFrags),
    // The names that libbpf had for these before 1.0.
    rule("xdp_devmap", .xdp, .xdpDevmap),
    rule("xdp_cpumap", .xdp, .xdpCpumap),
    rule("tc", .schedCLS),
    rule("tc/ingress", .schedCLS, .tcxIngress),
    rule("tc/egress", .schedCLS, .tcxEgress),
    rule("tcx/ingress", .schedCLS, .tcxIngress),
    rule("tcx/egress", .schedCLS, .tcxEgress),
    rule("netkit/primary", .schedCLS, .netkitPrimary),
    rule("netkit/peer", .schedCLS, .netkitPeer),
    rule("classifier", .schedCLS),
    rule("action", .schedACT),
    rule("lwt_in", .lwtIn),
    rule("lwt_out", .lwtOut),
    rule("lwt_xmit", .lwtXmit),
    rule("lwt_seg6local", .lwtSeg6Local),
    rule("netfilter", .netfilter, .netfilter),
    rule("flow_dissector", .flowDissector, .flowDissector),
    rule("lirc_mode2", .lircMode2, .lircMode2),
    rule("freplace", .ext, target: true),
    rule("syscall", .syscall, flags: ProgramFlags.sleepable),
  ]

  private static let tracing: [Rule] =
    [
      sleeping("uprobe", .kprobe), sleeping("uretprobe", .kprobe), sleeping("usdt", .kprobe),
      sleeping("uprobe.multi", .kprobe, .traceUprobeMulti), sleeping("uretprobe.multi", .kprobe, .traceUprobeMulti),
      sleeping("uprobe.session", .kprobe, .traceUprobeSession),
      sleeping("tracepoint", .tracepoint), sleeping("tp", .tracepoint),
      sleeping("raw_tracepoint", .rawTracepoint), sleeping("raw_tp", .rawTracepoint),
      sleeping("tp_btf", .tracing, .traceRawTracepoint), sleeping("fentry", .tracing, .traceFentry),
      sleeping("fmod_ret", .tracing, .modifyReturn), sleeping("fexit", .tracing, .traceFexit),
      sleeping("fsession", .tracing, .traceFsession), sleeping("fentry.multi", .tracing, .traceFentryMulti),
      sleeping("fexit.multi", .tracing, .traceFexitMulti), sleeping("fsession.multi", .tracing, .traceFsessionMulti),
      sleeping("lsm", .lsm, .lsmMAC), sleeping("iter", .tracing, .traceIter), sleeping("struct_ops", .structOps),
      [
        rule("kprobe", .kprobe, target: true), rule("kretprobe", .kprobe, target: true),
        rule("kprobe.multi", .kprobe, .traceKprobeMulti, target: true),
        rule("kretprobe.multi", .kprobe, .traceKprobeMulti, target: true),
        rule("kprobe.session", .kprobe, .traceKprobeSession, target: true),
        rule("ksyscall", .kprobe, target: true), rule("kretsyscall", .kprobe, target: true),
        rule("raw_tracepoint.w", .rawTracepointWritable, target: true),
        rule("raw_tp.w", .rawTracepointWritable, target: true),
        rule("lsm_cgroup", .lsm, .lsmCgroup, target: true),
        rule("perf_event", .perfEvent),
      ],
    ].flatMap { $0 }

  private static let sockets: [Rule] = [
    rule("socket", .socketFilter),
    rule("sk_reuseport", .skReuseport, .skReuseportSelect),
    rule("sk_reuseport/migrate", .skReuseport, .skReuseportSelectOrMigrate),
    rule("sk_skb", .skSKB),
    rule("sk_skb/stream_parser", .skSKB, .skSKBStreamParser),
    rule("sk_skb/stream_verdict", .skSKB, .skSKBStreamVerdict),
    rule("sk_skb/verdict", .skSKB, .skSKBVerdict),
    rule("sk_msg", .skMsg, .skMsgVerdict),
    rule("sk_lookup", .skLookup, .skLookup),
    rule("sockops", .sockOps, .cgroupSockOps),
  ]

  private static let cgroup: [Rule] = [
    rule("cgroup_skb/ingress", .cgroupSKB, .cgroupINETIngress),
    rule("cgroup_skb/egress", .cgroupSKB, .cgroupINETEgress),
    rule("cgroup/skb", .cgroupSKB),
    rule("cgroup/sock", .cgroupSock, .cgroupINETSockCreate),
    rule("cgroup/sock_create", .cgroupSock, .cgroupINETSockCreate),
    rule("cgroup/sock_release", .cgroupSock, .cgroupINETSockRelease),
    rule("cgroup/post_bind4", .cgroupSock, .cgroupINET4PostBind),
    rule("cgroup/post_bind6", .cgroupSock, .cgroupINET6PostBind),
    rule("cgroup/bind4", .cgroupSockAddr, .cgroupINET4Bind),
    rule("cgroup/bind6", .cgroupSockAddr, .cgroupINET6Bind),
    rule("cgroup/connect4", .cgroupSockAddr, .cgroupINET4Connect),
    rule("cgroup/connect6", .cgroupSockAddr, .cgroupINET6Connect),
    rule("cgroup/connect_unix", .cgroupSockAddr, .cgroupUnixConnect),
    rule("cgroup/sendmsg4", .cgroupSockAddr, .cgroupUDP4Sendmsg),
    rule("cgroup/sendmsg6", .cgroupSockAddr, .cgroupUDP6Sendmsg),
    rule("cgroup/sendmsg_unix", .cgroupSockAddr, .cgroupUnixSendmsg),
    rule("cgroup/recvmsg4", .cgroupSockAddr, .cgroupUDP4Recvmsg),
    rule("cgroup/recvmsg6", .cgroupSockAddr, .cgroupUDP6Recvmsg),
    rule("cgroup/recvmsg_unix", .cgroupSockAddr, .cgroupUnixRecvmsg),
    rule("cgroup/getpeername4", .cgroupSockAddr, .cgroupINET4Getpeername),
    rule("cgroup/getpeername6", .cgroupSockAddr, .cgroupINET6Getpeername),
    rule("cgroup/getpeername_unix", .cgroupSockAddr, .cgroupUnixGetpeername),
    rule("cgroup/getsockname4", .cgroupSockAddr, .cgroupINET4Getsockname),
    rule("cgroup/getsockname6", .cgroupSockAddr, .cgroupINET6Getsockname),
    rule("cgroup/getsockname_unix", .cgroupSockAddr, .cgroupUnixGetsockname),
    rule("cgroup/sysctl", .cgroupSysctl, .cgroupSysctl),
    rule("cgroup/getsockopt", .cgroupSockopt, .cgroupGetsockopt),
    rule("cgroup/setsockopt", .cgroupSockopt, .cgroupSetsockopt),
    rule("cgroup/dev", .cgroupDevice, .cgroupDevice),
  ]
}
