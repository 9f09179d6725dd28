import Testing

@testable import BPFKernel

@Suite("The verifier's log")
struct RejectionTests {
  static let logs: [(log: String, reason: String, slot: Int?)] = [
    (
      """
      0: R1=ctx() R10=fp0
      ; return *(int *)data; @ a.c:4
      0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2_w=pkt(r=0)
      1: (71) r0 = *(u8 *)(r2 +0)
      invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
      R2 offset is outside of the packet
      processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

      """, "R2 offset is outside of the packet", 1
    ),
    ("unreachable insn 3\nprocessed 0 insns (limit 1000000) max_states_per_insn 0\n", "unreachable insn 3", nil),
    ("invalid type id 1 in func infoprocessed 0 insns (limit 1000000)\n", "invalid type id 1 in func info", nil),
    ("", "the verifier left no log", nil),
    ("processed 0 insns (limit 1000000)\n", "the verifier left no log", nil),
    (
      "12: (85) call unknown#195896080\ninvalid func unknown#195896080\nverification time 17 usec\nstack depth 0\n",
      "invalid func unknown#195896080", 12
    ),
    (
      "7: (05) goto pc-1\n\nfrom 7 to 7: R1=ctx()\n7: (05) goto pc-1\ninfinite loop detected at insn 7\ncur state: R1=ctx()\n",
      "infinite loop detected at insn 7", 7
    ),
  ]

  @Test("Reason and slot are the last that the log gives", arguments: logs)
  func parse(log: String, reason: String, slot: Int?) {
    let parsed = Rejection.parse(log)
    #expect(parsed.reason == reason)
    #expect(parsed.slot == slot)
  }

  @Test("The tail of a log is its last lines")
  func tail() {
    let rejection = Rejection(program: "p", reason: "r", log: (1...30).map { "line \($0)\n" }.joined())
    #expect(rejection.logTail(2) == ["line 29", "line 30"])
  }
}
