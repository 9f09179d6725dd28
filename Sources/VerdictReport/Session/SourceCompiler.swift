import Subprocess
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Compiles C programs for BPF with the clang that comes with Swift, or one on PATH.
public struct SourceCompiler: Sendable {
  /// The clang to use.
  public let path: String

  /// Finds a clang: beside `swift`, else on PATH.
  ///
  /// - Throws: ``CompilationError`` when there is none.
  public init() throws(CompilationError) {
    guard let path = Self.candidates().first else {
      throw CompilationError(
        kind: .noCompiler,
        message: "no clang beside swift or on PATH to compile it with; install clang, or give an object")
    }
    self.path = path
  }

  private static func candidates() -> [String] {
    let folders = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
    func find(_ name: String) -> String? {
      folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
    var candidates: [String] = []
    // swift on PATH may be a link into the toolchain, which holds clang too.
    if let swift = find("swift").flatMap(resolve), let slash = swift.lastIndex(of: "/") {
      candidates.append(swift[..<slash] + "/clang")
    }
    if let clang = find("clang") { candidates.append(clang) }
    return candidates.filter { access($0, X_OK) == 0 }
  }

  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The object that `source` compiles to, and what clang said in the course.
  ///
  /// Headers are looked for in the source's own folder, in its `include` folder, and then where the system has them
  /// (`linux/`, `bpf/` and, for its architecture, `asm/`).
  ///
  /// - Throws: ``CompilationError`` with clang's own words when the source does not compile.
  public func compile(_ source: String) async throws(CompilationError) -> (object: [UInt8], messages: String) {
    let folder = source.lastIndex(of: "/").map { String(source[..<$0]) } ?? "."
    var arguments = ["-target", "bpf", "-O2", "-g", "-I", folder.isEmpty ? "/" : folder, "-I", "\(folder)/include"]
    for folder in Self.systemHeaders { arguments += ["-idirafter", folder] }
    arguments += ["-c", source, "-o", "-"]
    do {
      let result = try await Subprocess.run(
        .path(FilePath(path)), arguments: Arguments(arguments), output: .bytes(limit: 256 << 20),
        error: .string(limit: 4 << 20))
      let messages = result.standardError
      guard result.terminationStatus.isSuccess else { throw CompilationError(kind: .rejected, message: messages) }
      return (result.standardOutput, messages)
    } catch let error as CompilationError {
      throw error
    } catch {
      throw CompilationError(kind: .noCompiler, message: "\(path) cannot be run: \(error)")
    }
  }

  /// Debian and its kin keep a machine's asm/ in a folder of its own, which a cross-compiler does not look into.
  private static var systemHeaders: [String] {
    ["/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu"].filter { access($0, R_OK) == 0 }
  }
}

/// A source that was not compiled.
public struct CompilationError: Error, Hashable, Sendable {
  /// What went wrong.
  public enum Kind: Hashable, Sendable {
    /// There is no clang, or it cannot be run.
    case noCompiler
    /// clang refused the source.
    case rejected
  }

  /// What went wrong.
  public var kind: Kind
  /// The reason; clang's own output when it refused the source.
  public var message: String
}
