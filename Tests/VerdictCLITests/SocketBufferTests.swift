import BPFKernel
import Foundation
import Testing

@Suite("An skb by option", .enabled(if: Command.executable != nil, "the command is not built"))
struct SocketBufferTests {
  private static let capture = Command.capture("firewall.pcap")

  /// Assembles a classifier of that text.
  private func object(_ scratch: Scratch, _ text: String) async throws -> String {
    let source = try scratch.file("classifier.s", text.utf8)
    let object = scratch.path("classifier.o")
    let ending = try await Command.run(["assemble", source, "-o", object, "--section", "tc"])
    #expect(ending.code == 0, "\(ending.error)")
    return object
  }

  private func lines(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
    }
  }

  @Test(
    "A field has the value given, on the command line or in the options file",
    arguments: [
      (8, "mark", "77", 77), (32, "priority", "0x10", 16), (12, "queue_mapping", "5", 5), (44, "tc_index", "6", 6),
      (48, "cb", "[1, 2]", 1), (52, "cb", "[1, 2]", 2), (68, "hash", "9", 9), (84, "napi_id", "10", 10),
      (160, "wire_len", "3000", 3000), (164, "gso_segs", "2", 2), (176, "gso_size", "1400", 1400),
      (4, "pkt_type", "multicast", 2), (40, "ifindex", "3", 3), (36, "ingress_ifindex", "4", 4),
    ])
  func fields(offset: Int, name: String, value: String, expected: Int) async throws {
    let scratch = try Scratch()
    let object = try await object(scratch, "r0 = *(u32 *)(r1 + \(offset))\nexit\n")
    let options = try scratch.file("options.yaml", "skb:\n  \(name): \(value)\n".utf8)
    for arguments in [["--skb", "\(name)=\(value)"], ["--options", options]] {
      let ending = try await Command.run(
        ["run", object, "--pcap", Self.capture, "--limit", "1", "--per-packet", "-", "--hook", "tc-egress"] + arguments)
      #expect(ending.code == 0, "\(ending.error)")
      #expect(try lines(ending.output).first?["code"] as? Int == expected, "\(arguments)")
    }
  }

  @Test("Where a frame comes from is the hook's: as on a veth, wire_len counts without the Ethernet header at ingress")
  func hooks() async throws {
    let scratch = try Scratch()
    let lengths = try await object(scratch, "r0 = *(u32 *)(r1 + 0)\nr2 = *(u32 *)(r1 + 160)\nr0 -= r2\nexit\n")
    let other = try Scratch()
    let origin = try await object(other, "r0 = *(u32 *)(r1 + 36)\nexit\n")
    for (hook, difference, interface) in [("tc-ingress", 14, 1), ("tc-egress", 0, 0)] {
      for (object, expected) in [(lengths, difference), (origin, interface)] {
        let ending = try await Command.run(
          ["run", object, "--pcap", Self.capture, "--limit", "1", "--per-packet", "-", "--hook", hook])
        #expect(try lines(ending.output).first?["code"] as? Int == expected, "\(hook) \(ending.error)")
      }
    }
  }

  @Test("What is wrong with a field is said in a line")
  func errors() async throws {
    let scratch = try Scratch()
    let object = try await object(scratch, "r0 = 0\nexit\n")
    let run = ["run", object, "--pcap", Self.capture]
    for (arguments, code, text) in [
      (["--skb", "mark=red"], 64, "--skb mark=red: "), (["--skb", "flow_keys=1"], 64, "there is no 'flow_keys'"),
      (["--skb", "cb=[1,2,3,4,5,6]"], 64, "cb has five words"), (["--linear", "13"], 64, "--linear is at least 14"),
      (["--skb", "checksum=odd"], 64, "none, unnecessary, complete or partial"),
    ] as [([String], Int32, String)] {
      let ending = try await Command.run(run + arguments)
      #expect(ending.code == code, "\(arguments)")
      #expect(ending.error.contains(text), "\(arguments): \(ending.error)")
    }
    let options = try scratch.file("options.yaml", "skb:\n  mark: 1\n  vlan: 2\n".utf8)
    let ending = try await Command.run(run + ["--options", options])
    #expect(ending.code == 65 && ending.error.contains("options.yaml:3:"), "\(ending.error)")
    let xdp = try await Command.run(["run"] + Command.firewall + ["--skb", "mark=1"])
    #expect(xdp.code == 64 && xdp.error.contains("XDP"), "\(xdp.error)")
  }

  @Test("The linear part ends where --linear says, and bpf_skb_pull_data moves the end")
  func linear() async throws {
    let scratch = try Scratch()
    let object = try await object(
      scratch,
      """
      r6 = r1
      r7 = *(u32 *)(r6 + 80)
      r2 = *(u32 *)(r6 + 76)
      r7 -= r2
      r1 = r6
      r2 = 40
      call bpf_skb_pull_data
      r0 = *(u32 *)(r6 + 80)
      r2 = *(u32 *)(r6 + 76)
      r0 -= r2
      r0 <<= 8
      r0 |= r7
      exit

      """)
    let ending = try await Command.run(
      ["run", object, "--pcap", Self.capture, "--limit", "1", "--per-packet", "-", "--linear", "20"])
    #expect(try lines(ending.output).first?["code"] as? Int == 40 << 8 | 20, "\(ending.error)")
  }

  @Test("What a program leaves beside the frame is in the packet's line: fields, tag, tunnel, copies")
  func beside() async throws {
    let scratch = try Scratch()
    let object = try await object(
      scratch,
      """
      r6 = r1
      r2 = 7
      *(u32 *)(r6 + 8) = r2
      r2 = 0x81
      r3 = 0x2005
      call bpf_skb_vlan_push
      r2 = 0
      *(u64 *)(r10 - 48) = r2
      *(u64 *)(r10 - 40) = r2
      *(u64 *)(r10 - 32) = r2
      *(u64 *)(r10 - 24) = r2
      *(u64 *)(r10 - 16) = r2
      *(u64 *)(r10 - 8) = r2
      r2 = 42
      *(u32 *)(r10 - 48) = r2
      r2 = 0x0a000001
      *(u32 *)(r10 - 44) = r2
      r1 = r6
      r2 = r10
      r2 += -48
      r3 = 44
      r4 = 2
      call bpf_skb_set_tunnel_key
      r1 = r6
      r2 = 9
      r3 = 1
      call bpf_clone_redirect
      r1 = 3
      r2 = 0
      call bpf_redirect
      exit

      """)
    let ending = try await Command.run(
      ["run", object, "--pcap", Self.capture, "--limit", "1", "--per-packet", "-"])
    let line = try #require(try lines(ending.output).first, "\(ending.error)")
    #expect(line["redirect"] as? String == "ifindex 3")
    #expect(line["skb"] as? [String: Int] == ["mark": 7])
    #expect((line["vlan"] as? [String: Any])?["tci"] as? Int == 0x2005)
    let tunnel = line["tunnel"] as? [String: Any]
    #expect(tunnel?["id"] as? Int == 42 && tunnel?["remote"] as? String == "10.0.0.1")
    #expect(tunnel?["flags"] as? [String] == ["key", "nocache"])
    let copy = (line["clones"] as? [[String: Any]])?.first
    #expect(copy?["redirect"] as? String == "ifindex 9 ingress" && copy?["length"] as? Int == line["length"] as? Int)
  }

  @Test(
    "The kernel is given the same fields, and what it cannot be given is named",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"))
  func kernel() async throws {
    let scratch = try Scratch()
    let object = try await object(
      scratch, "r0 = *(u32 *)(r1 + 8)\nr2 = 5\n*(u32 *)(r1 + 32) = r2\n*(u32 *)(r1 + 48) = r2\nexit\n")
    let fields = ["--skb", "mark=77", "--skb", "cb=[1, 2, 3, 4, 5]", "--skb", "tstamp=1000", "--skb", "wire_len=3000"]
    let kernel = try await Command.run(
      ["run", object, "--pcap", Self.capture, "--limit", "1", "--per-packet", "-", "--backend", "kernel"] + fields)
    #expect(try lines(kernel.output).first?["code"] as? Int == 77, "\(kernel.error)")
    let compared = try await Command.run(["compare", object, "--pcap", Self.capture, "--limit", "20"] + fields)
    #expect(compared.code == 0, "\(compared.output) \(compared.error)")
    let refused = try await Command.run(["compare", object, "--pcap", Self.capture, "--skb", "hash=7"])
    #expect(refused.code != 0 && refused.error.contains("hash: BPF_PROG_TEST_RUN cannot set it"), "\(refused.error)")
  }
}
