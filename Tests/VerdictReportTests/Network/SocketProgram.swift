/// A program that looks a socket up and writes down what it finds.
///
/// Arguments: the tuple at 0, its size at 36, the namespace at 40, flags at 48, the flags of bpf_sk_assign at 88. Results: at 56
/// whether there is a socket, at 60 a TCP socket, at 64 a listener and at 68 its state, at 72 a full socket, at 80 what
/// bpf_sk_assign gives, at 96 what bpf_sk_release gives, at 104 the cast to a TCP socket; at 128 `struct bpf_sock`, at 256
/// `struct bpf_tcp_sock`.
enum SocketProgram {
  static let socket = 128
  static let transmission = 256

  /// Members of `struct bpf_sock` by offset; `struct sock_common` has fewer.
  private static let words = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 52, 56, 60, 64, 68, 72, 76]

  static func text(_ kind: NetworkRecording.Kind, isClassifier: Bool) -> String {
    let helper = kind == .tcp ? 84 : kind == .udp ? 85 : 99
    var lines = [
      "r6 = r1", "r1 = r6", "r2 = r7", "r4 = *(u64 *)(r7 +40)", "r5 = *(u64 *)(r7 +48)", "r8 = *(u32 *)(r7 +36)",
    ]
    lines += ["if r8 == 12 goto four", "if r8 == 36 goto six", "r3 = 20", "call \(helper)", "goto found"]
    lines += ["four: r3 = 12", "call \(helper)", "goto found", "six: r3 = 36", "call \(helper)"]
    lines += ["found: if r0 == 0 goto out", "r8 = r0", "r1 = 1", "*(u32 *)(r7 +56) = r1"]
    for offset in words where kind != .common || !(8...20).contains(offset) {
      lines += ["r1 = *(u32 *)(r8 +\(offset))", "*(u32 *)(r7 +\(socket + offset)) = r1"]
    }
    lines += ["r1 = *(u16 *)(r8 +48)", "*(u16 *)(r7 +\(socket + 48)) = r1"]
    if isClassifier { lines += classifierLines(kind) }
    return (lines + ["r1 = r8", "call 86", "*(u64 *)(r7 +96) = r0", "out:"]).joined(separator: "\n")
  }

  /// Looks a socket up as above, takes a cookie for the SYN at 168 (its length at 116) behind the IP header at 128 (its length at
  /// 112), and hands back the ACK of it. At 80 the result of the first call, 1 for a cookie, at 88 its segment size, at 96 the
  /// result of the second.
  static let cookies = """
    r6 = r1
    r1 = r6
    r2 = r7
    r4 = *(u64 *)(r7 +40)
    r5 = *(u64 *)(r7 +48)
    r8 = *(u32 *)(r7 +36)
    if r8 == 12 goto four
    r3 = 36
    call 84
    goto found
    four: r3 = 12
    call 84
    found: if r0 == 0 goto out
    r8 = r0
    r1 = 1
    *(u32 *)(r7 +56) = r1
    r3 = *(u32 *)(r7 +112)
    if r3 == 0 goto release
    if r3 > 40 goto release
    r5 = *(u32 *)(r7 +116)
    if r5 == 0 goto release
    if r5 > 24 goto release
    r1 = r8
    r2 = r7
    r2 += 128
    r4 = r7
    r4 += 168
    call 110
    *(u64 *)(r7 +80) = r0
    if r0 s< 0 goto check
    r1 = r0
    r1 >>= 32
    *(u64 *)(r7 +88) = r1
    r1 = 1
    *(u64 *)(r7 +80) = r1
    w2 = w0
    w2 += 1
    r2 = be32 r2
    *(u32 *)(r7 +176) = r2
    r1 = *(u32 *)(r7 +172)
    r1 = be32 r1
    w1 += 1
    r1 = be32 r1
    *(u32 *)(r7 +172) = r1
    r1 = 16
    *(u8 *)(r7 +181) = r1
    check: r1 = r8
    r2 = r7
    r2 += 128
    r3 = *(u32 *)(r7 +112)
    if r3 == 0 goto release
    if r3 > 40 goto release
    r4 = r7
    r4 += 168
    r5 = *(u32 *)(r7 +116)
    if r5 == 0 goto release
    if r5 > 24 goto release
    call 100
    *(u64 *)(r7 +96) = r0
    r1 = 0
    *(u32 *)(r7 +176) = r1
    release: r1 = r8
    call 86
    out:
    """

  private static func classifierLines(_ kind: NetworkRecording.Kind) -> [String] {
    var lines = ["r1 = r8", "call 96", "if r0 == 0 goto plain", "r1 = 1", "*(u32 *)(r7 +60) = r1"]
    for index in 0..<20 {
      lines += ["r1 = *(u32 *)(r0 +\(index * 4))", "*(u32 *)(r7 +\(transmission + index * 4)) = r1"]
    }
    for offset in [80, 88] {
      lines += ["r1 = *(u64 *)(r0 +\(offset))", "*(u64 *)(r7 +\(transmission + offset)) = r1"]
    }
    for offset in stride(from: 96, to: 112, by: 4) {
      lines += ["r1 = *(u32 *)(r0 +\(offset))", "*(u32 *)(r7 +\(transmission + offset)) = r1"]
    }
    lines += ["plain: r1 = r8", "call 98", "if r0 == 0 goto assign", "r1 = 1", "*(u32 *)(r7 +64) = r1"]
    lines += ["r1 = *(u32 *)(r0 +72)", "*(u32 *)(r7 +68) = r1", "assign: r1 = r6", "r2 = r8", "r3 = *(u64 *)(r7 +88)"]
    lines += ["call 124", "*(u64 *)(r7 +80) = r0"]
    if kind == .common {
      lines += [
        "r1 = r8", "call 95", "if r0 == 0 goto partial", "r1 = *(u32 *)(r0 +8)", "*(u32 *)(r7 +72) = r1", "partial:",
      ]
    }
    return lines + ["r1 = r8", "call 137", "if r0 == 0 goto other", "r1 = 1", "*(u32 *)(r7 +104) = r1", "other:"]
  }
}
