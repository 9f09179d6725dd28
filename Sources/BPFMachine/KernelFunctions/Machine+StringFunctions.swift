#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The kfuncs on strings (kernel/bpf/helpers.c): bytes are read one by one, wherever they are.
extension Machine {
  /// `XATTR_SIZE_MAX`: no string is longer.
  private static let longest: UInt64 = 65536
  /// `TASK_SIZE_MAX` and the page behind it: below are the addresses of user space.
  private static let kernelStart: UInt64 = 0x8000_0000_0000

  /// The error for strings that begin where no kernel memory is; 0 when there is none.
  private func rangeError(_ addresses: UInt64...) -> Int32 {
    addresses.contains { memory.read($0, 1) == nil && $0 < Machine.kernelStart } ? -ERANGE : 0
  }

  @inline(__always)
  private func byte(_ address: UInt64) -> UInt8? { memory.read(address, 1)?.load(as: UInt8.self) }

  private func lowered(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x41...0x5a, 0xc0...0xd6, 0xd8...0xde: byte + 32
    default: byte
    }
  }

  /// `bpf_strcmp(s1, s2)` and `bpf_strcasecmp(s1, s2)`: -1, 0 or 1.
  func compareWholeStrings(ignoringCase: Bool) -> Sequel {
    let error = rangeError(registers[1], registers[2])
    guard error == 0 else { return give(code: error) }
    for index in 0..<Machine.longest {
      guard var first = byte(registers[1] &+ index), var second = byte(registers[2] &+ index) else {
        return give(code: -EFAULT)
      }
      if ignoringCase { (first, second) = (lowered(first), lowered(second)) }
      if first != second { return give(code: first < second ? -1 : 1) }
      if first == 0 { return give(0) }
    }
    return give(code: -E2BIG)
  }

  /// `bpf_strnchr(s, count, c)`.
  func findCharacterWithin() -> Sequel {
    let limit = registers[2]
    registers[2] = registers[3]
    return findCharacter(limit: limit, orEnd: false)
  }

  /// `bpf_strchr(s, c)` and `bpf_strchrnul(s, c)`: the index of the character, or ENOENT or the end's.
  func findCharacter(limit: UInt64, orEnd: Bool) -> Sequel {
    let error = rangeError(registers[1])
    guard error == 0 else { return give(code: error) }
    let wanted = UInt8(truncatingIfNeeded: registers[2])
    let end = min(limit, Machine.longest)
    for index in 0..<end {
      guard let byte = byte(registers[1] &+ index) else { return give(code: -EFAULT) }
      if byte == wanted { return give(index) }
      if byte == 0 { return orEnd ? give(index) : give(code: -ENOENT) }
    }
    return give(code: end == Machine.longest ? -E2BIG : -ENOENT)
  }

  /// `bpf_strrchr(s, c)`.
  func findLastCharacter() -> Sequel {
    let error = rangeError(registers[1])
    guard error == 0 else { return give(code: error) }
    let wanted = UInt8(truncatingIfNeeded: registers[2])
    var last = -ENOENT
    for index in 0..<Machine.longest {
      guard let byte = byte(registers[1] &+ index) else { return give(code: -EFAULT) }
      if byte == wanted { last = Int32(index) }
      if byte == 0 { return give(code: last) }
    }
    return give(code: -E2BIG)
  }

  /// `bpf_strlen(s)` and `bpf_strnlen(s, count)`.
  func stringLength(limit: UInt64) -> Sequel {
    let error = rangeError(registers[1])
    guard error == 0 else { return give(code: error) }
    let end = min(limit, Machine.longest)
    for index in 0..<end {
      guard let byte = byte(registers[1] &+ index) else { return give(code: -EFAULT) }
      if byte == 0 { return give(index) }
    }
    return end == Machine.longest ? give(code: -E2BIG) : give(end)
  }

  /// `bpf_strspn(s, accept)` and `bpf_strcspn(s, reject)`: how many characters are, or are not, of the set.
  func spanString(while isIn: Bool) -> Sequel {
    let error = rangeError(registers[1], registers[2])
    guard error == 0 else { return give(code: error) }
    for index in 0..<Machine.longest {
      guard let character = byte(registers[1] &+ index) else { return give(code: -EFAULT) }
      if character == 0 { return give(index) }
      var isFound: Bool?
      for other in 0..<Machine.longest {
        guard let member = byte(registers[2] &+ other) else { return give(code: -EFAULT) }
        if member == character || member == 0 {
          isFound = member == character
          break
        }
      }
      guard let isFound else { return give(code: -E2BIG) }
      if isFound != isIn { return give(index) }
    }
    return give(code: -E2BIG)
  }

  /// `bpf_strstr(s1, s2)` and `bpf_strnstr(s1, s2, len)`: the index at which `s2` begins in the first `len` bytes of `s1`.
  func searchString(limit: UInt64) -> Sequel {
    let error = rangeError(registers[1], registers[2])
    guard error == 0 else { return give(code: error) }
    let limit = min(limit, Machine.longest)
    for index in 0..<Machine.longest {
      var offset: UInt64 = 0
      while index + offset <= limit, offset < Machine.longest {
        guard let wanted = byte(registers[2] &+ offset) else { return give(code: -EFAULT) }
        if wanted == 0 { return give(index) }
        if index + offset == limit { break }
        guard let found = byte(registers[1] &+ index &+ offset) else { return give(code: -EFAULT) }
        if found == 0 { return give(code: -ENOENT) }
        if found != wanted { break }
        offset += 1
      }
      if offset == Machine.longest { return give(code: -E2BIG) }
      if index + offset == limit { return give(code: -ENOENT) }
    }
    return give(code: -E2BIG)
  }
}
