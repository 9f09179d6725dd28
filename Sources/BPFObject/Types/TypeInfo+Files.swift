extension TypeInfo {
  /// Where a kernel shows its own types.
  public static let kernelPath = "/sys/kernel/btf/vmlinux"

  /// The types of the kernel that runs here.
  ///
  /// - Throws: ``ObjectError`` of kind ``ObjectError/Kind/unreadable(errno:)`` when the kernel shows none
  ///   (`CONFIG_DEBUG_INFO_BTF`).
  public static func runningKernel() throws(ObjectError) -> TypeInfo { try TypeInfo(path: kernelPath) }

  /// Reads a file of BTF, or the section .BTF of an ELF file of any machine: an object, or a kernel's vmlinux.
  ///
  /// - Throws: ``ObjectError`` when the file cannot be read, holds no BTF, or is damaged.
  public init(path: String) throws(ObjectError) {
    self = try TypeInfo.read(path)
  }

  private static func read(_ path: String) throws(ObjectError) -> TypeInfo {
    let bytes = try ObjectFile.contents(of: path)
    do throws(ObjectError) {
      guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return try TypeInfo(bytes: bytes) }
      let elf = try ELFFile(bytes: bytes, sectionsOnly: true)
      guard let section = elf.section(named: ".BTF"), let data = section.data else {
        throw ObjectError(kind: .badTypes, message: "the file has no section .BTF; compile with -g")
      }
      return try TypeInfo(bytes: data.array)
    } catch {
      throw error.inFile(path)
    }
  }
}
