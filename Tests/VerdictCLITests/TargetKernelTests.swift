import Foundation
import Testing

/// Objects are those of the loader's tests: core.c and maps.c there say what each program asks of the kernel.
@Suite("The kernel that an object is for", .enabled(if: Command.executable != nil, "the command is not built"))
struct TargetKernelTests {
  private static func object(_ name: String) -> String {
    Command.package.appending(path: "Tests/BPFObjectTests/Fixtures/\(name)").path()
  }

  private func run(_ object: String, _ program: String, _ options: [String]) async throws -> Command.Ending {
    try await Command.run(
      ["run", Self.object(object), "--program", program, "--pcap", Command.capture("firewall.pcap"), "--limit", "5"]
        + ["--format", "json"] + options)
  }

  private func notes(_ ending: Command.Ending) throws -> [String] {
    try #require(try ending.json()["notes"] as? [String], "\(ending.error)")
  }

  private func verdicts(_ ending: Command.Ending) throws -> [Int: Int] {
    let rows = try #require(try ending.json()["verdicts"] as? [[String: Any]], "\(ending.error)")
    var verdicts: [Int: Int] = [:]
    for row in rows {
      if let code = row["code"] as? Int, let packets = row["packets"] as? Int { verdicts[code] = packets }
    }
    return verdicts
  }

  @Test("CO-RE goes by the file that is named, and the report says so")
  func types() async throws {
    // core_target.c has struct packet; maps.c has none, and what it lacks does not exist for the program.
    let target = Self.object("maps.o")
    let ending = try await run("core.o", "guarded", ["--btf", target])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(try notes(ending).first == "CO-RE goes by the types of \(target)")
    #expect(try verdicts(ending) == [0: 5])
  }

  @Test("A packet that reaches what the kernel lacks is stopped, and the access is named")
  func missing() async throws {
    let ending = try await run("core.o", "fields", ["--btf", Self.object("maps.o")])
    #expect(ending.code == 0, "\(ending.error)")
    let traps = try #require(try ending.json()["traps"] as? [[String: Any]])
    #expect(traps.map { $0["reason"] as? String } == ["struct packet.length is not in the target's types"])
    #expect(traps.map { $0["packets"] as? Int } == [5])
  }

  @Test("Without a file the report says whose types are used")
  func defaultTypes() async throws {
    let note = try #require(try notes(try await run("core.o", "guarded", [])).first)
    if FileManager.default.isReadableFile(atPath: "/sys/kernel/btf/vmlinux") {
      #expect(note == "CO-RE goes by the types of the running kernel; with --btf FILE it is the same on every machine")
    } else {
      #expect(note.hasPrefix("CO-RE goes by the object's own types, as there are no others: "))
    }
  }

  @Test("inspect shows the code as it is with these types")
  func inspection() async throws {
    let ending = try await Command.run([
      "inspect", Self.object("core.o"), "--btf", Self.object("core_target.o"), "--format", "json",
    ])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(try notes(ending).contains("CO-RE goes by the types of \(Self.object("core_target.o"))"))
  }

  @Test("A file without types is refused in one line")
  func badTypes() async throws {
    let file = Self.object("linking.bare.o")
    let ending = try await run("core.o", "guarded", ["--btf", file])
    #expect(ending.code == 65)
    #expect(ending.error == "verdict: \(file): the file has no section .BTF; compile with -g\n")
  }

  /// next_one gives `LINUX_KERNEL_VERSION > 7`.
  @Test("__kconfig variables show what --kconfig says", arguments: [("7", 0), ("0x8", 1), ("0.0.7", 0), ("5.15", 1)])
  func version(value: String, verdict: Int) async throws {
    let ending = try await run(
      "maps.o", "next_one", ["--kconfig", "LINUX_KERNEL_VERSION=\(value)", "--kconfig", "CONFIG_NO_SUCH_NUMBER=3"])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(try verdicts(ending) == [verdict: 5])
    #expect(try !notes(ending).contains { $0.hasPrefix("LINUX_KERNEL_VERSION") || $0.hasPrefix("CONFIG_NO_SUCH") })
  }

  @Test("A configuration file is read, gzipped or not, and what it lacks is said", arguments: [false, true])
  func file(isCompressed: Bool) async throws {
    let scratch = try Scratch()
    var path = try scratch.file("config", Array("CONFIG_BPF_SYSCALL=y\nCONFIG_DEFAULT_HOSTNAME=\"box\"\n".utf8))
    if isCompressed {
      // `gzip -n` of the same text.
      path = try scratch.file("config.gz", try #require(Data(base64Encoded: Self.compressed)))
    }
    let ending = try await run("maps.o", "next_one", ["--kconfig-file", path])
    #expect(ending.code == 0, "\(ending.error)")
    let notes = try notes(ending)
    #expect(notes.contains("of \(path): CONFIG_BPF_SYSCALL=y, CONFIG_DEFAULT_HOSTNAME=\"box\""))
    #expect(
      notes.contains(
        "CONFIG_NO_SUCH_NUMBER is 0, as \(path) does not set it; --kconfig CONFIG_NO_SUCH_NUMBER=VALUE sets it"))
    #expect(notes.contains("pinned by name in the object: flows; pins are ignored, these maps begin as declared"))
  }

  private static let compressed =
    "H4sIAAAAAAAAA3P293PzdI93CnCLD44Mdnb08bGt5HKGCLq4ujmG+oTEe/gHh/g5+rraKiXlVyhxAQCyQTAoMwAAAA=="

  @Test("A value that is none is wrong usage; one that does not fit is bad data")
  func badValues() async throws {
    let none = try await run("maps.o", "next_one", ["--kconfig", "CONFIG_BPF_SYSCALL=perhaps"])
    #expect(none.code == 64)
    #expect(none.error.contains("--kconfig CONFIG_BPF_SYSCALL=perhaps: the value is y, n, m, a number or \"text\""))
    let module = try await run("maps.o", "next_one", ["--kconfig", "CONFIG_BPF_SYSCALL=m"])
    #expect(module.code == 65)
    #expect(module.lines.count == 1)
    #expect(module.error.hasSuffix("__kconfig variable CONFIG_BPF_SYSCALL: m is no value of type _Bool\n"))
  }

  @Test("A map is as large as --max-entries says")
  func maxEntries() async throws {
    let ending = try await Command.run(
      ["run"] + Command.firewall + ["--dump-maps", "--format", "json", "--max-entries", "counters=3"])
    #expect(ending.code == 0, "\(ending.error)")
    let maps = try #require(try ending.json()["maps"] as? [[String: Any]])
    let counters = try #require(maps.first { $0["name"] as? String == "counters" })
    #expect((counters["entries"] as? [Any])?.count == 3)
  }

  @Test(
    "A size that is none, and a map that is none, are wrong usage",
    arguments: [
      ("counters=0", "the number is at least 1"), ("counters=many", "the number is"), ("nowhere=4", "no map"),
    ])
  func badMaxEntries(option: String, words: String) async throws {
    let ending = try await Command.run(["run"] + Command.firewall + ["--max-entries", option])
    #expect(ending.code == 64)
    #expect(ending.error.contains(words))
  }

  /// linking.c has its devmap program in the section `?xdp.frags/devmap`.
  @Test("A program that is not loaded by default runs when it is named")
  func optional() async throws {
    let ending = try await run("linking.o", "optional", [])
    #expect(ending.code == 0, "\(ending.error)")
    #expect(try verdicts(ending) == [2: 5])
  }

  @Test("Without a name it is no choice, and the error says what to do")
  func onlyOptional() async throws {
    let scratch = try Scratch()
    let source = try scratch.file("optional.s", "r0 = 2\nexit\n".utf8)
    let object = scratch.path("optional.o")
    #expect(try await Command.run(["assemble", source, "-o", object, "--section", "?xdp"]).code == 0)
    let ending = try await Command.run(["run", object, "--pcap", Command.capture("firewall.pcap")])
    #expect(ending.code == 64)
    #expect(ending.lines.count == 1)
    #expect(ending.error.contains("no program is loaded unless asked for; choose one with --program: "))
  }

  /// `kernel` tests a weak variable and a weak function before it uses them.
  @Test("A weak symbol that no kernel has is at address 0")
  func weakSymbols() async throws {
    let ending = try await run("maps.o", "kernel", [])
    #expect(try verdicts(ending) == [0: 5])
    #expect(try (ending.json()["traps"] as? [Any])?.isEmpty == true)
  }
}
