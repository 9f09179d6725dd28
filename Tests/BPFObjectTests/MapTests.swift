import BPFInstructions
import BPFObject
import Testing

@Suite("Maps")
struct MapTests {
  @Test("maps defined by types are what libbpf creates")
  func typed() throws {
    let object = try Fixture.object("maps.o")
    let expected = try Fixture.loaded("maps")
    for map in object.maps + object.maps.flatMap(\.inner) {
      #expect(map.loaded == expected.maps[map.name], "\(map.name)")
    }
    for program in object.programs where program.name != "kernel" && program.name != "start" {
      #expect(program.loaded == expected.programs[program.name], "\(program.name)")
    }
    let types = try #require(object.types)
    let flows = try #require(object.map(named: "flows"))
    #expect(types.declaration(of: flows.keyTypeID) == "struct flow")
    #expect(types.declaration(of: flows.valueTypeID) == "struct usage")
    #expect(flows.pinning == 1)
    #expect(object.map(named: "chain")?.initialSlots == [1: "next_one", 5: "next_two"])
    #expect(object.map(named: "buckets")?.initialSlots == [0: "left", 3: "right"])
    #expect(object.map(named: "buckets")?.inner.map(\.name) == ["buckets.inner"])
    #expect(object.map(named: "tables")?.inner.first?.keySize == 2)
  }

  /// Order and places as libbpf lays them out: widest alignment first, then smaller ones, then by name.
  @Test("kernel configuration is a map of its own, kernel symbols are references")
  func externs() throws {
    let object = try Fixture.object("maps.o")
    #expect(
      object.configuration.map(\.name) == [
        "LINUX_KERNEL_VERSION", "CONFIG_NO_SUCH_NUMBER", "CONFIG_BPF_SYSCALL", "CONFIG_DEFAULT_HOSTNAME",
      ])
    #expect(object.configuration.map(\.offset) == [0, 4, 6, 7])
    #expect(object.configuration.map(\.isWeak) == [false, true, false, true])
    #expect(object.map(named: ".kconfig")?.isReadOnly == true)
    let kernel = try #require(object.program(named: "kernel"))
    #expect(
      Set(kernel.references.values) == [
        .kernelVariable("no_such_variable", weak: true), .kernelVariable("no_such_function", weak: true),
        .kernelFunction("no_such_function", weak: true),
      ])
    let start = try #require(object.program(named: "start"))
    #expect(start.references.values.contains(.kernelVariable("no_such_address", weak: true)))
  }

  @Test("the values of global data, and where they are writable")
  func data() throws {
    let object = try Fixture.object("linking.o")
    #expect(object.map(named: ".data")?.initialContents == [3, 0, 0, 0])
    #expect(object.map(named: ".data.counters")?.initialContents == [4, 0, 0, 0])
    #expect(object.map(named: ".rodata")?.initialContents == [9, 0, 0, 0] + Array("ab".utf8) + [0])
    #expect(object.map(named: ".rodata.config")?.isReadOnly == true)
    #expect(object.map(named: ".bss")?.initialContents == [UInt8](repeating: 0, count: 36))
    #expect(object.map(named: ".bss")?.isReadOnly == false)
    let types = try #require(object.types)
    let section = try #require(object.map(named: ".bss")?.valueTypeID)
    guard case .dataSection(let size, let variables) = types[section] else {
      Issue.record("no section type")
      return
    }
    #expect(size == 36)
    #expect(variables.map { types.name(of: $0.type) } == ["totals", "calls"])
    #expect(variables.map(\.offset) == [0, 32])
  }

  @Test("maps of bpf_map_def, annotated and in a section of their own")
  func legacy() throws {
    let object = try Fixture.object("legacy.o")
    #expect(object.maps.map(\.name) == ["counters", "addresses", "named"])
    #expect(object.maps.map(\.loaded)[1] == "type 1 k 16 v 4 n 1000 flags 1 extra 0")
    #expect(object.maps[2].section == "maps/named")
    #expect(object.types?.declaration(of: object.maps[1].keyTypeID) == "u8 [16]")
    #expect(object.types?.declaration(of: object.maps[1].valueTypeID) == "u32")
    let program = try #require(object.programs.first)
    #expect(
      program.references.sorted { $0.key < $1.key }.map(\.value) == [.map("addresses"), .map("counters")])
  }

  @Test("inner_map_idx of the kernel's samples names a map by its place")
  func samples() throws {
    let object = try Fixture.object("legacy.samples.o")
    #expect(object.map(named: "nested")?.inner.map(\.name) == ["counters"])
  }

  @Test("iproute2's ids bind inner maps, and its sections fill prog arrays")
  func iproute() throws {
    let object = try Fixture.object("iproute.o")
    #expect(object.map(named: "outer")?.inner.map(\.name) == ["inner"])
    #expect(object.map(named: "outer")?.initialSlots == [1: "inner"])
    #expect(object.map(named: "outer")?.pinning == 1)
    #expect(object.map(named: "jumps")?.initialSlots == [0: "other", 2: "leaf"])
    #expect(object.programs.map(\.type) == [.schedCLS, .schedCLS, .schedCLS])
  }

  @Test("definitions of every length seen are read", arguments: [16, 20, 24, 28, 32, 36, 40, 280])
  func lengths(bytes: Int) throws {
    var elf = ELFBytes()
    let code = elf.code("xdp", ELFBytes.exit)
    elf.symbol("program", in: code, type: .function)
    let first = [1, 4, 8, 100, 1].map { UInt32($0) }
    let second = [2, 4, 16, 7, 0].map { UInt32($0) }
    let length = bytes / 4
    let definitions = [first, second].flatMap { definition in
      (0..<length).map { $0 < definition.count ? definition[$0] : 0 }
    }
    let maps = elf.data("maps", words: definitions)
    elf.symbol("second", in: maps, at: UInt64(bytes), type: .object)
    elf.symbol("first", in: maps, at: 0, type: .object)
    let object = try ObjectFile(bytes: elf.bytes, name: "made.o")
    #expect(object.maps.map(\.name) == ["first", "second"])
    #expect(object.maps[0].loaded == "type 1 k 4 v 8 n 100 flags \(bytes == 16 ? 0 : 1) extra 0")
    #expect(object.maps[1].loaded == "type 2 k 4 v 16 n 7 flags 0 extra 0")
  }

  /// `struct bpf_elf_map` of iproute2 had 28 bytes first, then 32 with inner_id, then 36 with inner_idx.
  @Test(
    "iproute2's numbers of maps are read from definitions of every length that it had", arguments: [28, 32, 36, 44])
  func elfMapNumbers(bytes: Int) throws {
    var elf = ELFBytes()
    let entry = elf.code("classifier", ELFBytes.exit)
    elf.symbol("entry", in: entry, type: .function)
    let leaf = elf.code("7/2", ELFBytes.exit)
    elf.symbol("leaf", in: leaf, type: .function)
    let length = bytes / 4
    let definition: [UInt32] = [3, 4, 4, 8, 0, 7, 2]
    let maps = elf.data("maps", words: (0..<length).map { $0 < definition.count ? definition[$0] : 0 })
    elf.symbol("jumps", in: maps, type: .object)
    let object = try ObjectFile(bytes: elf.bytes, name: "made.o")
    #expect(object.maps[0].initialSlots == [2: "leaf"])
    #expect(object.maps[0].pinning == 1)
    #expect(object.program(named: "leaf")?.type == .schedCLS)
  }
}
