import BPFInstructions
import BPFObject
import Testing

@Suite("Linking")
struct LinkingTests {
  @Test("programs are linked as libbpf links them", arguments: ["linking", "linking.bare"])
  func asLibbpf(name: String) throws {
    let object = try Fixture.object(name + ".o")
    let expected = try Fixture.loaded(name)
    #expect(Set(object.programs.map(\.name)) == Set(expected.programs.keys))
    for program in object.programs { #expect(program.loaded == expected.programs[program.name], "\(program.name)") }
    for map in object.maps { #expect(map.loaded == expected.maps[map.name], "\(map.name)") }
    #expect(object.maps.count == expected.maps.count)
  }

  @Test(
    "each caller reaches its callees, whoever compiled it",
    arguments: ["linking.o", "linking.bare.o", "linking.gcc.o"])
  func callees(name: String) throws {
    let object = try Fixture.object(name)
    #expect(object.license == "GPL")
    #expect(object.kernelVersion == 0x060102)
    let looping = try #require(object.program(named: "looping"))
    #expect(looping.calls(of: "looping") == ["bounded", "shared"])
    #expect(looping.calls(of: "shared") == ["scaled"])
    #expect(looping.calls(of: "step") == ["bounded"])
    let pointers = looping.references.values.compactMap { reference in
      if case .function(let slot) = reference { looping.function(at: slot)?.name } else { nil }
    }
    #expect(pointers == ["step"])
    let lone = try #require(object.program(named: "lone"))
    #expect(lone.functions.map(\.name) == ["lone", "bounded"])
  }

  @Test(
    "code in sections of its own, and static functions beside the program, are linked too",
    arguments: ["cold.o", "cold.bare.o", "cold.gcc.o"])
  func sections(name: String) throws {
    let object = try Fixture.object(name)
    #expect(object.programs.map(\.name) == ["program"])
    let program = try #require(object.programs.first)
    #expect(Set(program.calls(of: "program")) == ["rare", "far", "near", "local"])
    #expect(program.calls(of: "rare") == ["near"])
    #expect(program.calls(of: "far") == ["near"])
    #expect(Set(program.functions.map(\.name)) == ["program", "rare", "near", "far", "local"])
    for (before, after) in zip(program.functions, program.functions.dropFirst()) {
      #expect(before.slot + before.count == after.slot)
    }
  }

  /// Offsets from the symbol tables of the objects; `near` uses the static `high`, `local` the global `pair[1]`.
  @Test(
    "the GNU assembler's symbol values, written twice, count once",
    arguments: [
      ("cold.gcc.o", ["program": [0], "near": [8], "local": [0], "rare": [12]]),
      ("linking.gcc.o", ["lone": [], "bounded": [4]]),
    ])
  func valuesInPlace(name: String, offsets: [String: [UInt32]]) throws {
    let object = try Fixture.object(name)
    for program in object.programs {
      for function in program.functions {
        guard let expected = offsets[function.name] else { continue }
        let actual = (function.slot..<function.slot + function.count).compactMap { slot -> UInt32? in
          if case .mapValue(".data", let offset) = program.references[slot] { offset } else { nil }
        }
        #expect(actual == expected, "\(function.name)")
      }
    }
  }

  /// `throwing` is what libbpf 1.8 handed to the kernel, the callback that nothing calls at its end.
  @Test("the function that bpf_throw ends in is linked, though nothing calls it")
  func exceptionCallback() throws {
    let object = try Fixture.object("sections.o")
    let program = try #require(object.program(named: "throwing"))
    #expect(
      program.instructions.map(\.rawValue) == [
        0x10_1061, 0x1_0000_0004, 0x95, 0x1_0000_00b4, 0x1_0115, 0x2_0000_00b4, 0x95,
      ])
    #expect(program.functions.map(\.name) == ["throwing", "handler"])
    #expect(program.exceptionCallback?.slot == 3)
    #expect(object.program(named: "entrance")?.exceptionCallback == nil)
  }

  @Test(
    "where a section tells no type the parameter does, and the customs of other loaders",
    arguments: [
      ("throwing", .xdp, .xdp, false), ("entrance", .xdp, .xdp, true), ("leaves", .schedCLS, .schedCLS, true),
      ("replacement", .ext, .xdp, false), ("legacy", .xdp, nil, true), ("classes", .schedCLS, nil, true),
      ("departs", .schedCLS, nil, true), ("anything", nil, nil, true),
    ] as [(String, ProgramType?, ProgramType?, Bool)])
  func inferredTypes(name: String, type: ProgramType?, contextType: ProgramType?, isInferred: Bool) throws {
    let program = try #require(try Fixture.object("sections.o").program(named: name))
    #expect(program.type == type)
    #expect(program.contextType == contextType)
    #expect(program.isTypeInferred == isInferred)
  }

  /// Symbol values: one 4, two 0 in .data; front 32 in .maps.
  @Test("the GNU assembler's values count once in objects that have no call to tell it by")
  func valuesOfMapsAndData() throws {
    let program = try #require(try Fixture.object("values.gcc.o").programs.first)
    #expect(
      program.references.sorted { $0.key < $1.key }.map(\.value) == [
        .mapValue(".data", offset: 4), .map("front"), .mapValue(".data", offset: 0),
      ])
  }

  @Test("a program takes the place of a global function, and brings its functions, lines and maps")
  func replacing() throws {
    var object = try Fixture.object("dispatcher.o")
    let slots = try Fixture.object("slots.o")
    try object.replace("second", with: try #require(slots.program(named: "long_enough")), of: slots)
    let program = try #require(object.program(named: "dispatch"))
    #expect(program.functions.map(\.name) == ["dispatch", "first", "second", "note", "length"])
    #expect(program.functions.map { $0.typeID != nil } == [true, true, false, false, false])
    #expect(program.calls(of: "dispatch") == ["first", "second"])
    #expect(program.calls(of: "second") == ["note", "length"])
    #expect(program.instructions.count == program.functions.map(\.count).reduce(0, +))
    #expect(object.maps.map(\.name) == [".rodata", ".bss", "seen", "slots.o/.rodata", "slots.o/.bss"])
    let line = try #require(program.sourceLine(at: program.functions[3].slot))
    #expect(line.text.contains("int note(u32 key)"))
    let error = #expect(throws: ObjectError.self) {
      try object.replace("third", with: slots.programs[0], of: slots)
    }
    #expect(
      error?.message == "no program has a global function third to replace; there are first, note, second")
  }

  @Test("functions keep their visibility, types and lines")
  func functions() throws {
    let object = try Fixture.object("linking.o")
    let program = try #require(object.program(named: "first"))
    let types = try #require(object.types)
    #expect(program.functions.map(\.name) == ["first", "shared", "scaled"])
    #expect(program.functions.map(\.isGlobal) == [true, true, false])
    #expect(program.functions.map { $0.typeID.map(types.name(of:)) } == ["first", "shared", "scaled"])
    let line = try #require(program.sourceLine(at: program.functions[2].slot))
    #expect(line.file.hasSuffix("linking.c"))
    #expect(line.text.contains("int scaled(int x)"))
    #expect(line.line == 19)
  }

  @Test("a section that begins with ? is not loaded by default")
  func optional() throws {
    let object = try Fixture.object("linking.o")
    let optional = try #require(object.program(named: "optional"))
    #expect(optional.section == "xdp.frags/devmap")
    #expect(!optional.loadsByDefault)
    #expect(object.programs.filter { !$0.loadsByDefault }.map(\.name) == ["optional"])
  }

  @Test(
    "section names mean what libbpf takes them to mean",
    arguments: [
      ("xdp", .xdp, 37, 0), ("xdp.frags", .xdp, 37, 32), ("xdp/devmap", .xdp, 33, 0),
      ("xdp.frags/devmap", .xdp, 33, 32),
      ("xdp/cpumap", .xdp, 35, 0), ("xdp.frags/cpumap", .xdp, 35, 32), ("xdp_filter", .xdp, 37, 0),
      ("tc", .schedCLS, 0, 0), ("tc/ingress", .schedCLS, 46, 0), ("tc/egress", .schedCLS, 47, 0),
      ("tcx/ingress", .schedCLS, 46, 0), ("tcx/egress", .schedCLS, 47, 0), ("netkit/primary", .schedCLS, 54, 0),
      ("netkit/peer", .schedCLS, 55, 0), ("classifier", .schedCLS, 0, 0), ("classifier/ingress", .schedCLS, 0, 0),
      ("action", .schedACT, 0, 0), ("socket", .socketFilter, 0, 0), ("kprobe/do_exit", .kprobe, 0, 0),
      ("kprobe.multi/tcp_*", .kprobe, 42, 0), ("uprobe.s", .kprobe, 0, 16), ("fentry/xdp_do_redirect", .tracing, 24, 0),
      ("fexit.s/f", .tracing, 25, 16), ("tp_btf/xdp_bulk_tx", .tracing, 23, 0),
      ("raw_tp.w/x", .rawTracepointWritable, 0, 0),
      ("lsm/file_open", .lsm, 27, 0), ("lsm_cgroup/socket_create", .lsm, 43, 0), ("iter/task", .tracing, 28, 0),
      ("freplace/handler", .ext, 0, 0), ("syscall", .syscall, 0, 16), ("sk_skb/stream_parser", .skSKB, 4, 0),
      ("sk_lookup", .skLookup, 36, 0), ("cgroup/connect6", .cgroupSockAddr, 11, 0),
      ("cgroup/sendmsg_unix", .cgroupSockAddr, 50, 0), ("cgroup_skb/egress", .cgroupSKB, 1, 0),
      ("sockops", .sockOps, 3, 0), ("flow_dissector", .flowDissector, 17, 0), ("netfilter", .netfilter, 45, 0),
      ("struct_ops/init", .structOps, 0, 0), ("perf_event", .perfEvent, 0, 0),
    ] as [(String, ProgramType, UInt32, UInt32)])
  func sectionNames(section: String, type: ProgramType, attachType: UInt32, flags: UInt32) throws {
    var elf = ELFBytes()
    let code = elf.code(section, ELFBytes.exit)
    elf.symbol("program", in: code, type: .function)
    let program = try #require(try ObjectFile(bytes: elf.bytes, name: "made.o").programs.first)
    #expect(program.type == type)
    #expect(program.attachType == attachType)
    #expect(program.flags == flags)
  }
}
