import Foundation
import Testing

/// Numbers, names and releases are those of linux/bpf.h and of the kernel's history.
@Suite("verdict helpers, kfuncs and maps", .enabled(if: Command.executable != nil, "the command is not built"))
struct ListingTests {
  private static func rows(_ arguments: String...) async throws -> [[String: Any]] {
    let ending = try await Command.run(arguments + ["--format", "json"])
    #expect(ending.code == 0, "\(ending.error)")
    return try #require(try ending.json()[arguments[0]] as? [[String: Any]])
  }

  private static func names(_ rows: [[String: Any]]) -> Set<String> { Set(rows.compactMap { $0["name"] as? String }) }

  @Test("A type of program sees what it may call")
  func types() async throws {
    let xdp = try await ListingTests.names(ListingTests.rows("helpers", "--type", "xdp"))
    let classifier = try await ListingTests.names(ListingTests.rows("helpers", "--type", "sched_cls"))
    #expect(xdp.contains("bpf_xdp_adjust_head") && !classifier.contains("bpf_xdp_adjust_head"))
    #expect(classifier.contains("bpf_skb_store_bytes") && !xdp.contains("bpf_skb_store_bytes"))
    #expect(xdp.contains("bpf_timer_start") && classifier.contains("bpf_timer_start"))
    #expect(!xdp.union(classifier).contains("bpf_setsockopt"))
  }

  @Test("kfuncs go by name, and say what they do with references")
  func kernelFunctions() async throws {
    let rows = try await ListingTests.rows("kfuncs", "--type", "xdp")
    let names = ListingTests.names(rows)
    #expect(names.contains("bpf_dynptr_from_xdp") && !names.contains("bpf_dynptr_from_skb"))
    let lookup = try #require(rows.first { $0["name"] as? String == "bpf_xdp_ct_lookup" })
    #expect(lookup["uses"] as? [String] == ["acquire", "ret_null"])
  }

  @Test("A release sees what it brought and no more")
  func releases() async throws {
    let old = try await ListingTests.names(ListingTests.rows("helpers", "--kernel", "5.15"))
    #expect(old.contains("bpf_timer_init") && !old.contains("bpf_loop") && !old.contains("bpf_dynptr_read"))
    let maps = try await ListingTests.names(ListingTests.rows("maps", "--kernel", "5.15.3"))
    #expect(maps.contains("ringbuf") && !maps.contains("bloom_filter") && !maps.contains("arena"))
  }

  @Test("What is not simulated has a reason", arguments: ["helpers", "kfuncs", "maps"])
  func unsupported(subject: String) async throws {
    let rows = try await ListingTests.rows(subject, "--unsupported")
    #expect(rows.allSatisfy { ["none", "load only"].contains($0["simulation"] as? String) })
    let all = try await ListingTests.rows(subject)
    #expect(all.count > rows.count)
    let text = try await Command.run([subject, "--unsupported"])
    #expect(text.code == 0)
    #expect(rows.isEmpty || text.output.contains("SIMULATED"))
  }

  @Test(
    "Wrong options are said in one line",
    arguments: [["helpers", "--type", "kprobe"], ["maps", "--kernel", "six"], ["helpers", "--kernel", "5"]])
  func faults(arguments: [String]) async throws {
    let ending = try await Command.run(arguments)
    #expect(ending.code == 64)
    #expect(ending.lines.count == 1)
  }
}
