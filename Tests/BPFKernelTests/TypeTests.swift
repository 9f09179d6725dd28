import BPFObject
import Testing

@testable import BPFKernel

/// BTF by hand, as clang leaves it: a section without layout, an extern function and an extern variable.
@Suite("Types in the kernel")
struct TypeTests {
  /// Strings: 1 `int`, 5 `.data`, 11 `count`, 17 `kfunc`, 23 `main`, 28 `ext`.
  static let strings = Array("\0int\0.data\0count\0kfunc\0main\0ext\0".utf8)
  static let words: [UInt32] = [
    // 1: int
    1, 1 << 24, 4, 1 << 24 | 32,
    // 2: int (void)
    0, 13 << 24, 1,
    // 3: extern function kfunc
    17, 12 << 24 | 2, 2,
    // 4: global function main
    23, 12 << 24 | 1, 2,
    // 5: variable count
    11, 14 << 24, 1, 1,
    // 6: extern variable ext
    28, 14 << 24, 0, 2,
    // 7: section .data of size 0 with count at 0
    5, 15 << 24 | 1, 0, 5, 0, 4,
  ]

  static func blob(headerLength: UInt32 = 24) -> [UInt8] {
    let length = UInt32(words.count * 4)
    let header: [UInt32] = [0x0001_eb9f, headerLength, 0, length, length, UInt32(strings.count)]
    let padding = [UInt8](repeating: 0, count: Int(headerLength) - 24)
    return header.flatMap { bytes($0) } + padding + words.flatMap { bytes($0) } + strings
  }

  @Test("BTF that the kernel refuses goes in without layout and externs, and says so", .needsKernel)
  func sanitised() throws {
    let types = try KernelTypes(Self.blob())
    #expect(types.note != nil)
  }

  @Test("BTF that the kernel takes goes in as it is", .needsKernel)
  func asItIs() throws {
    let types = try KernelTypes(KernelProbe.integerTypes)
    #expect(types.note == nil)
  }

  @Test("Sanitising keeps ids, names and everything that needs no change", arguments: [24, 32] as [UInt32])
  func kept(headerLength: UInt32) throws {
    let changed = try #require(KernelTypes.sanitised(Self.blob(headerLength: headerLength)))
    let symbols = KernelSymbols(btf: changed)
    #expect(symbols.function("main") == 4)
    #expect(symbols.variable("count") == 5)
    #expect(symbols.function("kfunc") == nil)
    #expect(symbols.variable("ext") == nil)
  }

  @Test("BTF that is cut short anywhere is refused or taken without a fault")
  func cut() {
    let blob = Self.blob()
    for count in 0..<blob.count { #expect(KernelTypes.sanitised(Array(blob.prefix(count))) == nil) }
    for count in 0..<blob.count { _ = KernelSymbols(btf: Array(blob.prefix(count))) }
  }

  @Test("BTF with wild sizes is refused without a fault", arguments: [4, 8, 12, 16, 20, 28, 44])
  func wild(offset: Int) {
    var blob = Self.blob()
    blob.replaceSubrange(offset..<offset + 4, with: [0xff, 0xff, 0xff, 0xff])
    _ = KernelTypes.sanitised(blob)
    _ = KernelSymbols(btf: blob)
  }

  @Test("BTF that says nothing right is refused with the kernel's reason", .needsKernel)
  func refused() {
    let error = #expect(throws: KernelError.self) { try KernelTypes([UInt8](repeating: 0, count: 64)) }
    #expect(error?.message.contains("BPF_BTF_LOAD: EINVAL") == true)
  }

  @Test("A program whose types the kernel refuses loads without them, and says so", .needsKernel)
  func programWithoutTypes() throws {
    var spec = ProgramSpec.test([Slots.mov(0, 2), Slots.exit])
    // Type 1 is an integer and no function.
    spec.functions = [FunctionSpec(name: "test", slot: 0, count: 2, typeID: 1)]
    let types = try KernelTypes(KernelProbe.integerTypes)
    let program = try KernelProgram(spec, types: types)
    #expect(program.notes.count == 1)
    #expect(program.notes.first?.contains("loaded without BTF") == true)
    #expect(try program.testRun(data: ProgramTests.frame).returnValue == 2)
  }

  @Test("A map whose types the kernel refuses is created without them, and says so", .needsKernel)
  func mapWithoutTypes() throws {
    var spec = MapSpec.test("typed", .hash, key: 8, value: 8)
    spec.keyTypeID = 1
    spec.valueTypeID = 1
    let map = try KernelMap(spec, types: KernelTypes(KernelProbe.integerTypes))
    #expect(map.notes.count == 1)
    try map.update([1, 2, 3, 4, 5, 6, 7, 8], [[1, 2, 3, 4, 5, 6, 7, 8]], flags: 0)
  }
}
