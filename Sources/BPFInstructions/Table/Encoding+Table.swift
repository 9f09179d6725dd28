extension Encoding {
  /// Every defined encoding, in the order of RFC 9669: arithmetic, jumps and calls, loads and stores.
  public static let table: [Encoding] =
    arithmetic + moves + casts + byteSwaps + jumps + branches + calls + loads + stores + atomics + wideLoads
    + packetLoads

  /// The rows of an opcode; empty for one that is undefined.
  public static func rows(of opcode: UInt8) -> ArraySlice<Encoding> {
    byOpcode.rows[byOpcode.ranges[Int(opcode)]]
  }

  /// The row that encodes `form`; nil for a combination that has no encoding, such as an atomic on 8 bits.
  public static func row(of form: Form) -> Encoding? { byForm[form] }

  private static let byForm = Dictionary(table.map { ($0.form, $0) }, uniquingKeysWith: { first, _ in first })

  private static let byOpcode: (rows: [Encoding], ranges: [Range<Int>]) = {
    var rows: [Encoding] = []
    var ranges: [Range<Int>] = []
    for opcode in UInt8.min...UInt8.max {
      let start = rows.count
      rows += table.filter { $0.opcode == opcode }
      ranges.append(start..<rows.count)
    }
    return (rows, ranges)
  }()

  /// Classes, RFC 9669 section 3.1.
  private enum Class {
    static let ld: UInt8 = 0
    static let ldx: UInt8 = 1
    static let st: UInt8 = 2
    static let stx: UInt8 = 3
    static let jmp: UInt8 = 5
    static let jmp32: UInt8 = 6

    static func arithmetic(_ width: Width) -> UInt8 { width == .w64 ? 7 : 4 }
    static func branch(_ width: Width) -> UInt8 { width == .w64 ? jmp : jmp32 }
  }

  /// Modes of loads and stores, RFC 9669 section 5.
  private enum Mode {
    static let absolute: UInt8 = 0x20
    static let indirect: UInt8 = 0x40
    static let memory: UInt8 = 0x60
    static let signExtended: UInt8 = 0x80
    static let atomic: UInt8 = 0xc0
  }

  private static func suffix(_ width: Width) -> String { width == .w64 ? "" : "32" }

  /// RFC 9669 section 4.1. Signed division and remainder are told by offset 1.
  private static let arithmetic: [Encoding] = ALU.allCases.flatMap { alu in
    Width.allCases.flatMap { width in
      Form.OperandKind.allCases.map { kind in
        Encoding(
          alu.code | kind.rawValue | Class.arithmetic(width), alu.mnemonic + suffix(width), .alu(alu, width, kind),
          destination: .operand, source: kind == .register ? .operand : .fixed(0), offset: .fixed(alu.offset),
          immediate: kind == .immediate ? .operand : .fixed(0))
      }
    }
  }

  /// Negation, and moves with sign extension, told by the offset: the width that is extended.
  private static let moves: [Encoding] =
    Width.allCases.map { width in
      Encoding(0x80 | Class.arithmetic(width), "neg" + suffix(width), .negate(width), destination: .operand)
    }
    + Width.allCases.flatMap { width in
      [MemorySize.u8, .u16, .u32].filter { $0.bits < Int(width.rawValue) }.map { size in
        Encoding(
          0xb0 | 0x08 | Class.arithmetic(width), "movsx\(size.bits)\(width.rawValue)",
          .moveSignExtended(width, from: size), destination: .operand, source: .operand,
          offset: .fixed(Int32(size.bits)))
      }
    }

  /// `BPF_ADDR_SPACE_CAST`: the immediate is the new address space in its upper half, the old one in its lower.
  private static let casts: [Encoding] = [false, true].map { toUser in
    Encoding(
      0xbf, toUser ? "cast_user" : "cast_kern", .addressSpaceCast(toUser: toUser), destination: .operand,
      source: .operand, offset: .fixed(1), immediate: .fixed(toUser ? 1 << 16 : 1))
  }

  /// RFC 9669 section 4.2: the immediate is the width.
  private static let byteSwaps: [Encoding] = ByteOrder.allCases.flatMap { order in
    [MemorySize.u16, .u32, .u64].map { size in
      Encoding(
        order.opcode, order.mnemonic + String(size.bits), .byteSwap(order, size), destination: .operand,
        immediate: .fixed(Int32(size.bits)))
    }
  }

  private static let jumps: [Encoding] = [
    Encoding(0x05, "ja", .jump(long: false), offset: .operand),
    Encoding(0x06, "ja32", .jump(long: true), immediate: .operand),
    Encoding(0xe5, "may_goto", .mayGoto, offset: .operand),
    Encoding(0x95, "exit", .exit),
  ]

  /// RFC 9669 section 4.3.
  private static let branches: [Encoding] = Condition.allCases.flatMap { condition in
    Width.allCases.flatMap { width in
      Form.OperandKind.allCases.map { kind in
        Encoding(
          condition.code | kind.rawValue | Class.branch(width), condition.mnemonic + suffix(width),
          .branch(condition, width, kind), destination: .operand, source: kind == .register ? .operand : .fixed(0),
          offset: .operand, immediate: kind == .immediate ? .operand : .fixed(0))
      }
    }
  }

  /// RFC 9669 section 4.3.1; the kind of a call is in the source field. `callx` is not in the RFC: the register is in the
  /// destination field, as LLVM writes it.
  private static let calls: [Encoding] = [
    Encoding(0x85, "call", .callHelper, immediate: .operand),
    Encoding(0x85, "call", .callSubprogram, source: .fixed(1), immediate: .operand),
    Encoding(0x85, "call", .callKernelFunction, source: .fixed(2), offset: .operand, immediate: .operand),
    Encoding(0x8d, "callx", .callRegister, destination: .operand),
  ]

  /// RFC 9669 sections 5.1 and 5.2.
  private static let loads: [Encoding] = MemorySize.allCases.flatMap { size in
    [(Mode.memory, false), (Mode.signExtended, true)].filter { _, signed in !signed || size != .u64 }.map {
      mode, signed in
      Encoding(
        Class.ldx | mode | size.code, "ldx" + (signed ? "s" : "") + size.mnemonic, .load(size, signed: signed),
        destination: .operand, source: .operand, offset: .operand)
    }
  }

  private static let stores: [Encoding] = MemorySize.allCases.flatMap { size in
    [
      Encoding(
        Class.st | Mode.memory | size.code, "st" + size.mnemonic, .store(size, .immediate), destination: .operand,
        offset: .operand, immediate: .operand),
      Encoding(
        Class.stx | Mode.memory | size.code, "stx" + size.mnemonic, .store(size, .register), destination: .operand,
        source: .operand, offset: .operand),
    ]
  }

  /// RFC 9669 section 5.3, told by the immediate, and the kernel's load-acquire and store-release on any size.
  private static let atomics: [Encoding] =
    Atomic.allCases.flatMap { atomic in
      [MemorySize.u32, .u64].flatMap { size in
        [false, true].filter { fetch in fetch || !atomic.alwaysFetches }.map { fetch in
          Encoding(
            Class.stx | Mode.atomic | size.code,
            "lock " + (fetch && !atomic.alwaysFetches ? "fetch " : "") + atomic.mnemonic
              + (size == .u64 ? "" : "32"), .atomic(atomic, fetch: fetch, size), destination: .operand,
            source: .operand, offset: .operand, immediate: .fixed(atomic.code | (fetch ? 1 : 0)))
        }
      }
    }
    + MemorySize.allCases.flatMap { size in
      [
        Encoding(
          Class.stx | Mode.atomic | size.code, "load_acquire" + String(size.bits), .loadAcquire(size),
          destination: .operand, source: .operand, offset: .operand, immediate: .fixed(0x100)),
        Encoding(
          Class.stx | Mode.atomic | size.code, "store_release" + String(size.bits), .storeRelease(size),
          destination: .operand, source: .operand, offset: .operand, immediate: .fixed(0x110)),
      ]
    }

  /// RFC 9669 section 5.4; the kind is in the source field.
  private static let wideLoads: [Encoding] = WideImmediate.allCases.map { kind in
    Encoding(
      0x18, "lddw", .loadImmediate(kind), destination: .operand, source: .fixed(Int32(kind.rawValue)),
      immediate: .operand)
  }

  /// RFC 9669 section 5.5.
  private static let packetLoads: [Encoding] = [MemorySize.u8, .u16, .u32].flatMap { size in
    [
      Encoding(Class.ld | Mode.absolute | size.code, "ldabs" + size.mnemonic, .loadAbsolute(size), immediate: .operand),
      Encoding(
        Class.ld | Mode.indirect | size.code, "ldind" + size.mnemonic, .loadIndirect(size), source: .operand,
        immediate: .operand),
    ]
  }
}
