import BPFMachine
import BPFObject
import Foundation
import Testing

/// One source through every compiler that is installed, for every instruction set and in several manners: the answer is the
/// source's, whoever compiled it.
@Suite("Compilers")
struct CompilersTests {
  struct Compiler: Sendable, CustomTestStringConvertible {
    var name: String
    var path: String
    var isGCC: Bool { name.contains("gcc") }
    var testDescription: String { name }
  }

  /// A clang beside `swift`, and those on PATH.
  static let compilers: [Compiler] = {
    let environment = ProcessInfo.processInfo.environment
    let folders = environment["PATH", default: ""].split(separator: ":").map(String.init)
    func find(_ name: String) -> String? {
      folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
    var found = (["clang", "bpf-gcc", "bpf-unknown-none-gcc"] + (10...22).map { "clang-\($0)" }).compactMap { name in
      find(name).map { Compiler(name: name, path: $0) }
    }
    if let swift = find("swift").map({ URL(fileURLWithPath: $0).resolvingSymlinksInPath() }) {
      let path = swift.deletingLastPathComponent().appendingPathComponent("clang").path
      if FileManager.default.isExecutableFile(atPath: path) {
        found.append(Compiler(name: "swift's clang", path: path))
      }
    }
    return found
  }()

  static let source = """
    typedef unsigned char u8;
    typedef unsigned int u32;
    struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
    #define SEC(name) __attribute__((section(name), used))
    #define noinline __attribute__((noinline))
    static const u32 table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
    u32 unused = 1, begin = 7;
    u32 zero, seen;
    const volatile u32 other = 5, scale = 3;
    static noinline u32 mixed(u32 a, u32 b) { return a * 31 + b; }
    noinline u32 weighed(u32 x) {
      switch (x & 7) {
      case 0: return 11;
      case 1: return 29;
      case 2: return 5;
      case 3: return 17;
      case 5: return 2;
      default: return 1;
      }
    }
    SEC("helpers") noinline u32 apart(u32 x) { return mixed(x, weighed(x >> 3)) ^ other; }
    SEC("xdp") int program(struct xdp_md *ctx) {
      u8 *data = (u8 *)(long)ctx->data, *end = (u8 *)(long)ctx->data_end;
      u32 sum = begin;
      for (int i = 0; i < 16; i++) {
        if (data + i + 1 > end) break;
        sum = mixed(sum, data[i] * table[data[i] & 7]);
      }
      seen += 1;
      return sum * scale + weighed(sum) + apart(sum) + seen + zero;
    }
    char _license[] SEC("license") = "GPL";
    """

  /// The same in Swift.
  static func expected(_ data: [UInt8], seen: UInt32) -> UInt32 {
    let table: [UInt32] = [3, 1, 4, 1, 5, 9, 2, 6]
    func mixed(_ a: UInt32, _ b: UInt32) -> UInt32 { a &* 31 &+ b }
    func weighed(_ x: UInt32) -> UInt32 { [11, 29, 5, 17, 1, 2, 1, 1][Int(x & 7)] }
    var sum: UInt32 = 7
    for byte in data.prefix(16) { sum = mixed(sum, UInt32(byte) &* table[Int(byte & 7)]) }
    return sum &* 3 &+ weighed(sum) &+ (mixed(sum, weighed(sum >> 3)) ^ 5) &+ seen
  }

  /// Arguments of a compiler; those that it does not know make it skip the manner.
  static func manners(of compiler: Compiler) -> [[String]] {
    if compiler.isGCC { return [["-O2"], ["-O2", "-gbtf"], ["-O1"], ["-Os", "-g"]] }
    return ["v1", "v2", "v3", "v4"].map { ["-O2", "-g", "-mcpu=\($0)"] }
      + [["-O2"], ["-O1", "-g"], ["-Os", "-g"], ["-O0", "-g"], ["-O2", "-g", "-ffunction-sections"]]
  }

  @Test(
    "every compiler's object gives the source's answer",
    .enabled(if: !compilers.isEmpty, "needs a compiler for BPF"), arguments: compilers)
  func answers(compiler: Compiler) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("verdict-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("source.c")
    try Data(Self.source.utf8).write(to: source)
    var tried = 0
    for manner in Self.manners(of: compiler) {
      let object = folder.appendingPathComponent("object.o")
      let target = compiler.isGCC ? [] : ["-target", "bpf"]
      guard try Self.run(compiler.path, target + manner + ["-w", "-c", source.path, "-o", object.path]) else {
        continue
      }
      tried += 1
      try Self.check(object.path, "\(manner)")
      // Without a symbol that a relocation does not need, and without types.
      if !compiler.isGCC, try Self.strip(object.path, beside: compiler.path) {
        try Self.check(object.path, "\(manner), stripped")
      }
    }
    // A clang that was built without the target has nothing to say.
    if tried == 0 { try Test.cancel("\(compiler.name) does not compile for BPF") }
  }

  private static func check(_ path: String, _ manner: String) throws {
    let object = try ObjectFile(path: path)
    let program = try #require(object.programs.first { $0.section == "xdp" }, "\(manner)")
    for engine in EngineKind.allCases {
      let machine = try Machine(maps: object.maps)
      let index = try machine.load(program)
      for (count, length) in [0, 1, 9, 64].enumerated() {
        let data = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
        let outcome = try data.withUnsafeBytes { try machine.run(index, on: $0, timestamp: 0, engine: engine) }
        #expect(
          outcome.returnValue == expected(data, seen: UInt32(count) + 1), "\(manner), \(engine), \(length) bytes")
      }
    }
  }

  private static func strip(_ path: String, beside compiler: String) throws -> Bool {
    let tool = URL(fileURLWithPath: compiler).resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("llvm-strip").path
    guard FileManager.default.isExecutableFile(atPath: tool) else { return false }
    return try run(tool, ["--strip-unneeded", "-R", ".BTF", "-R", ".BTF.ext", path])
  }

  private static func run(_ tool: String, _ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
