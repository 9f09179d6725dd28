import BPFInstructions
import BPFMachine
import BPFObject
import Foundation
import Testing

@testable import BPFKernel

@Suite("What the kernel offers")
struct ProbeTests {
  static let probe = KernelProbe()

  @Test("The program and map types that Verdict's own tests use are found", .needsKernel)
  func types() {
    let programs = Dictionary(uniqueKeysWithValues: Self.probe.programTypes.map { ($0.name, $0.supported) })
    #expect(programs["xdp"] == true)
    #expect(programs["sched_cls"] == true)
    let maps = Dictionary(uniqueKeysWithValues: Self.probe.mapTypes.map { ($0.name, $0.supported) })
    for name in ["hash", "array", "prog_array", "percpu_array", "lru_hash", "lpm_trie", "devmap", "array_of_maps"] {
      #expect(maps[name] == true, "\(name)")
    }
    for feature in Self.probe.programTypes + Self.probe.mapTypes where !feature.supported {
      #expect(feature.reason != nil, "\(feature.name)")
    }
  }

  @Test("Helpers are told apart by program type and by license", .needsKernel)
  func helpers() throws {
    let xdp = try #require(Self.probe.helpers.first { $0.programType == "xdp" })
    let classifier = try #require(Self.probe.helpers.first { $0.programType == "sched_cls" })
    #expect(xdp.available.contains("xdp_adjust_head"))
    #expect(!xdp.available.contains("skb_load_bytes"))
    #expect(classifier.available.contains("skb_load_bytes"))
    #expect(!classifier.available.contains("xdp_adjust_head"))
    #expect(xdp.gplOnly.contains("trace_printk"))
    #expect(!xdp.gplOnly.contains("map_lookup_elem"))
    #expect(!KernelProbe.isAvailable(100_000, .xdp))
  }

  @Test("A program type and a map type that no kernel has are not found", .needsKernel)
  func unknown() throws {
    let error = #expect(throws: KernelError.self) {
      try KernelMap(MapSpec(name: "none", rawType: 9999, keySize: 4, valueSize: 4, maxEntries: 1))
    }
    #expect(error?.errno == .invalidArgument || error?.errno == .tooBig)
  }

  @Test("XDP and classifiers run, with contexts", .needsKernel)
  func testRun() {
    let features = Dictionary(uniqueKeysWithValues: Self.probe.testRun.map { ($0.name, $0.supported) })
    for name in ["xdp", "sched_cls", "repeat"] { #expect(features[name] == true, "\(name)") }
  }

  @Test("Without bpf(2) the probe says why and lists nothing")
  func unavailable() throws {
    let feature = BPFSyscall.$mock.withValue({ _, _ in -38 }) { KernelProbe.mapType(.hash) }
    #expect(feature == KernelProbe.Feature(name: "hash", supported: false, reason: "ENOSYS"))
    let program = BPFSyscall.$mock.withValue({ _, _ in -1 }) { KernelProbe.programType(.xdp) }
    #expect(program == KernelProbe.Feature(name: "xdp", supported: false, reason: "EPERM"))
  }

  @Test("A probe can be written as JSON and read back")
  func json() throws {
    let data = try JSONEncoder().encode(Self.probe)
    #expect(try JSONDecoder().decode(KernelProbe.self, from: data) == Self.probe)
    #expect(String(decoding: data, as: UTF8.self).contains("\"kernel_btf\""))
  }
}
