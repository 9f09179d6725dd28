/// BTF ids of the running kernel's functions and variables, by name (/sys/kernel/btf/vmlinux).
package struct KernelSymbols: Sendable {
  private var functions: [String: Int32] = [:]
  private var variables: [String: Int32] = [:]

  /// Of the running kernel; read once, at the first program that has kernel symbols.
  package static let shared = KernelSymbols(btf: BPFSyscall.contents(of: "/sys/kernel/btf/vmlinux") ?? [])

  /// The id of a `BTF_KIND_FUNC`.
  package func function(_ name: String) -> Int32? { functions[name] }

  /// The id of a `BTF_KIND_VAR`.
  package func variable(_ name: String) -> Int32? { variables[name] }

  /// The address of a symbol of the running kernel; nil where /proc/kallsyms does not show it.
  package func address(_ name: String) -> UInt64? { KernelSymbols.addresses[name] }

  /// Of the running kernel; read once, at the first program that has a symbol without a type.
  private static let addresses: [String: UInt64] = {
    var addresses: [String: UInt64] = [:]
    // Lines `ffffffff81000000 T name`, and `[module]` behind those of modules.
    for line in (BPFSyscall.contents(of: "/proc/kallsyms") ?? []).split(separator: UInt8(ascii: "\n")) {
      let words = line.split(maxSplits: 3) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      guard words.count >= 3, let address = UInt64(String(decoding: words[0], as: UTF8.self), radix: 16) else {
        continue
      }
      let name = String(decoding: words[2], as: UTF8.self)
      if addresses[name] == nil { addresses[name] = address }
    }
    return addresses
  }()

  /// Reads the names out of raw BTF; what is malformed ends the list.
  init(btf: [UInt8]) {
    btf.withUnsafeBytes { bytes in
      func word(_ offset: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.count - 4 else { return nil }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      }
      guard let headerLength = word(4), let typeOffset = word(8), let typeLength = word(12), let stringOffset = word(16)
      else { return }
      let strings = Int(headerLength) + Int(stringOffset)
      var position = Int(headerLength) + Int(typeOffset)
      let end = min(position + Int(typeLength), bytes.count)
      var id: Int32 = 1
      while position < end, let name = word(position), let info = word(position + 4),
        let extra = KernelTypes.extraBytes(info)
      {
        let kind = info >> 24 & 31
        let start = strings + Int(name)
        if kind == 12 || kind == 14, start < bytes.count {
          let text = String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self)
          if kind == 12 { functions[text] = id } else { variables[text] = id }
        }
        position += 12 + extra
        id += 1
      }
    }
  }
}
