import BPFObject
import VerdictReport

/// The OBJECT of every subcommand: an object file, or a C source that is compiled on the way.
enum ObjectArgument {
  static func load(_ path: String, verbose: Bool) async throws -> ObjectFile {
    let object =
      path.hasSuffix(".c") ? try await compile(path) : try ObjectFile(path: path)
    if verbose {
      for note in object.notes { Terminal.line("note: \(note)") }
    }
    return object
  }

  private static func compile(_ path: String) async throws -> ObjectFile {
    _ = try InputFile.read(path)
    do {
      let (bytes, messages) = try await SourceCompiler().compile(path)
      if !messages.isEmpty { try Terminal.write(messages, to: 2) }
      return try ObjectFile(bytes: bytes, name: path)
    } catch let error as CompilationError {
      switch error.kind {
      case .noCompiler: throw Failure(.unavailable, "\(path): \(error.message)")
      case .rejected:
        try Terminal.write(error.message, to: 2)
        throw Failure(.badData, "\(path): clang does not compile it; see above")
      }
    }
  }
}
