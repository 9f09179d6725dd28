import BPFMachine
import BPFObject

/// The kernel that objects are loaded for: the types that CO-RE goes by, and the configuration that `__kconfig` variables show.
public struct TargetKernel: Sendable {
  /// A file of BTF, or an ELF file with a section .BTF; nil for the running kernel's types or, where there are none to be
  /// read, the object's own.
  public var typesPath: String?
  /// Values of `__kconfig` variables, which go before those of the configuration file.
  public var values: [String: KernelConfigValue] = [:]
  /// A kernel's configuration file, also compressed with gzip; nil for the running kernel's.
  public var configurationPath: String?
  /// What `LINUX_KERNEL_VERSION` is: `KERNEL_VERSION(6, 18, 0)` unless set.
  public var version = KernelVersion(code: 6 << 16 | 18 << 8, name: "6.18, the release that is simulated")

  /// A release and where it comes from, in words.
  public struct KernelVersion: Hashable, Sendable {
    /// A byte each for major, minor and patch level.
    public var code: UInt32
    /// For notes: `6.18.2, the running kernel's`.
    public var name: String

    /// A release of that code.
    public init(code: UInt32, name: String) {
      self.code = code
      self.name = name
    }
  }

  /// The running kernel, as far as it can be read.
  public init() {}

  /// Makes `object` one for this kernel: its CO-RE relocations applied, its `__kconfig` variables set.
  ///
  /// - Returns: what the reader of a result should know of it, a line each: where types and values come from.
  /// - Throws: ``ObjectError`` for a file that cannot be read and for a value that does not fit its variable.
  public func bind(_ object: inout ObjectFile) async throws(ObjectError) -> [String] {
    var notes = try relocate(&object)
    notes += try await configure(&object)
    let pinned = object.maps.filter { $0.pinning != 0 }.map(\.name)
    if !pinned.isEmpty {
      notes.append(
        "pinned by name in the object: \(pinned.joined(separator: ", ")); pins are ignored, these maps begin as declared"
      )
    }
    let variables = Self.kernelVariables(of: object)
    if !variables.isEmpty {
      notes.append("variables of the kernel are zeroes in the simulator: \(variables.joined(separator: ", "))")
    }
    return notes
  }

  /// Names of the kernel's variables that programs must have, in alphabetical order; the address of a kfunc is none.
  private static func kernelVariables(of object: ObjectFile) -> [String] {
    let all = object.programs.lazy.flatMap(\.references.values).compactMap { reference -> String? in
      guard case .kernelVariable(let name, weak: false) = reference, !KernelFunctionTable.hasAddress(name) else {
        return nil
      }
      return name
    }
    return Set(all).sorted()
  }

  // MARK: CO-RE

  private func relocate(_ object: inout ObjectFile) throws(ObjectError) -> [String] {
    guard object.programs.contains(where: { !$0.coreRelocations.isEmpty }), let own = object.types else {
      // A file that is named is read, whether it is needed or not.
      if let typesPath { _ = try TypeInfo(path: typesPath) }
      return []
    }
    var notes: [String] = []
    let target: TypeInfo
    if let typesPath {
      target = try TypeInfo(path: typesPath)
      notes.append("CO-RE goes by the types of \(typesPath)")
    } else {
      do {
        target = try TypeInfo.runningKernel()
        notes.append("CO-RE goes by the types of the running kernel; with --btf FILE it is the same on every machine")
      } catch {
        target = own
        notes.append("CO-RE goes by the object's own types, as there are no others: \(error); --btf FILE gives some")
      }
    }
    object = object.relocated(against: target)
    let missing = Self.missing(in: object)
    if !missing.isEmpty {
      let more = missing.count > 3 ? ", and \(missing.count - 3) more" : ""
      notes.append(
        "CO-RE: packets that come to one of these are stopped: \(missing.prefix(3).joined(separator: "; "))\(more)")
    }
    return notes
  }

  /// Why instructions of `object` could not be relocated, each reason once, in order.
  private static func missing(in object: ObjectFile) -> [String] {
    var seen: Set<String> = []
    var missing: [String] = []
    for program in object.programs {
      for (_, reference) in program.references.sorted(by: { $0.key < $1.key }) {
        if case .unresolved(let reason) = reference, seen.insert(reason).inserted { missing.append(reason) }
      }
    }
    return missing
  }

  // MARK: Configuration

  private func configure(_ object: inout ObjectFile) async throws(ObjectError) -> [String] {
    var notes: [String] = []
    let unknown = values.keys.filter { name in !object.configuration.contains { $0.name == name } }.sorted()
    if !unknown.isEmpty {
      notes.append("the object has no __kconfig variable \(unknown.joined(separator: ", ")); ignored")
    }
    var file: (values: [String: KernelConfigValue], name: String, fault: String?) = ([:], "", nil)
    let wanted = object.configuration.contains { $0.name.hasPrefix("CONFIG_") && values[$0.name] == nil }
    if let configurationPath {
      let bytes = try await ConfigurationFile.contents(of: configurationPath)
      file = (try KernelConfiguration(parsing: bytes, file: configurationPath).values, configurationPath, nil)
    } else if wanted {
      file = await Self.running()
    }
    var fromFile: [String] = []
    for variable in object.configuration {
      let name = variable.name
      if let value = values[name] {
        try object.setConfiguration(name, to: value)
      } else if let builtIn = builtIn(name) {
        try object.setConfiguration(name, to: .number(builtIn.value))
        notes.append("\(name) is \(builtIn.name); --kconfig \(name)=NUMBER sets another")
      } else if let value = file.values[name] {
        try object.setConfiguration(name, to: value)
        fromFile.append("\(name)=\(value)")
      } else {
        // libbpf does not load an object with a strong one that is not known; here the packets may never ask for it.
        notes.append(
          "\(name) is 0, \(file.fault ?? "as \(file.name) does not set it"); --kconfig \(name)=VALUE sets it")
      }
    }
    if !fromFile.isEmpty { notes.append("of \(file.name): \(fromFile.joined(separator: ", "))") }
    return notes
  }

  /// What libbpf itself knows of the kernel.
  private func builtIn(_ name: String) -> (value: UInt64, name: String)? {
    switch name {
    case "LINUX_KERNEL_VERSION": (UInt64(version.code), version.name)
    case "LINUX_HAS_BPF_COOKIE", "LINUX_HAS_SYSCALL_WRAPPER": (1, "1, as in Linux 6.18 on x86-64")
    default: nil
    }
  }

  private static func running() async -> (values: [String: KernelConfigValue], name: String, fault: String?) {
    let path = "/proc/config.gz"
    do throws(ObjectError) {
      let bytes = try await ConfigurationFile.contents(of: path)
      return (try KernelConfiguration(parsing: bytes, file: path).values, "the running kernel's \(path)", nil)
    } catch {
      return ([:], "", "as the running kernel does not tell (\(error))")
    }
  }
}
