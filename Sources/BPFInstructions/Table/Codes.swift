// The numbers and names of each family of operations, which the rows of ``Encoding/table`` are composed of.

extension ALU {
  /// Bits 4-7 of the opcode.
  var code: UInt8 { facts.code }
  /// The offset field: 1 for the signed forms of division and remainder.
  var offset: Int32 { facts.offset }
  /// The name in assembler text.
  var mnemonic: String { facts.mnemonic }
  /// The operator in the kernel's syntax.
  var symbol: String { facts.symbol }

  private var facts: (code: UInt8, offset: Int32, mnemonic: String, symbol: String) {
    switch self {
    case .add: (0x00, 0, "add", "+=")
    case .sub: (0x10, 0, "sub", "-=")
    case .mul: (0x20, 0, "mul", "*=")
    case .div: (0x30, 0, "div", "/=")
    case .sdiv: (0x30, 1, "sdiv", "s/=")
    case .or: (0x40, 0, "or", "|=")
    case .and: (0x50, 0, "and", "&=")
    case .lsh: (0x60, 0, "lsh", "<<=")
    case .rsh: (0x70, 0, "rsh", ">>=")
    case .mod: (0x90, 0, "mod", "%=")
    case .smod: (0x90, 1, "smod", "s%=")
    case .xor: (0xa0, 0, "xor", "^=")
    case .mov: (0xb0, 0, "mov", "=")
    case .arsh: (0xc0, 0, "arsh", "s>>=")
    }
  }
}

extension Condition {
  /// Bits 4-7 of the opcode.
  var code: UInt8 { facts.code }
  /// The name in assembler text.
  var mnemonic: String { facts.mnemonic }
  /// The operator in the kernel's syntax.
  var symbol: String { facts.symbol }

  private var facts: (code: UInt8, mnemonic: String, symbol: String) {
    switch self {
    case .equal: (0x10, "jeq", "==")
    case .greater: (0x20, "jgt", ">")
    case .greaterOrEqual: (0x30, "jge", ">=")
    case .set: (0x40, "jset", "&")
    case .notEqual: (0x50, "jne", "!=")
    case .signedGreater: (0x60, "jsgt", "s>")
    case .signedGreaterOrEqual: (0x70, "jsge", "s>=")
    case .less: (0xa0, "jlt", "<")
    case .lessOrEqual: (0xb0, "jle", "<=")
    case .signedLess: (0xc0, "jslt", "s<")
    case .signedLessOrEqual: (0xd0, "jsle", "s<=")
    }
  }
}

extension Atomic {
  /// The immediate, without the fetch bit.
  var code: Int32 { facts.code }
  /// The name in assembler text.
  var mnemonic: String { facts.mnemonic }
  /// The operator in the kernel's syntax of the forms without fetch; empty for exchanges.
  var symbol: String { facts.symbol }
  /// Exchanges have no form without fetch.
  var alwaysFetches: Bool { self == .exchange || self == .compareExchange }

  private var facts: (code: Int32, mnemonic: String, symbol: String) {
    switch self {
    case .add: (0x00, "add", "+=")
    case .or: (0x40, "or", "|=")
    case .and: (0x50, "and", "&=")
    case .xor: (0xa0, "xor", "^=")
    case .exchange: (0xe0, "xchg", "")
    case .compareExchange: (0xf0, "cmpxchg", "")
    }
  }
}

extension MemorySize {
  /// Bits 3-4 of the opcode of a load or store.
  var code: UInt8 {
    switch self {
    case .u32: 0x00
    case .u16: 0x08
    case .u8: 0x10
    case .u64: 0x18
    }
  }

  /// The size in assembler mnemonics.
  var mnemonic: String {
    switch self {
    case .u8: "b"
    case .u16: "h"
    case .u32: "w"
    case .u64: "dw"
    }
  }
}

extension ByteOrder {
  /// The opcode; the width is in the immediate.
  var opcode: UInt8 {
    switch self {
    case .toLittle: 0xd4
    case .toBig: 0xdc
    case .swap: 0xd7
    }
  }

  /// The name in assembler text, without the width.
  var mnemonic: String {
    switch self {
    case .toLittle: "le"
    case .toBig: "be"
    case .swap: "bswap"
    }
  }
}
