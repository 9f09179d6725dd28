import BPFObject
import Foundation
import VerdictReport

extension SetupOptions {
  /// Puts programs in the place of global functions, as `--replace` asks.
  ///
  /// - Returns: what was done, and how the other objects were made ones for a kernel, a line each.
  func replaceFunctions(of object: inout ObjectFile) async throws -> [String] {
    var notes: [String] = []
    for option in replacements {
      var (path, name) = (option.value, String?.none)
      if let colon = path.lastIndex(of: ":"), !FileManager.default.fileExists(atPath: path) {
        name = String(path[path.index(after: colon)...])
        path = String(path[..<colon])
      }
      var other = try await ObjectArgument.load(path, verbose: verbose)
      for note in try await kernel.target.bind(&other) { notes.append("\(path): \(note)") }
      let program = try other.chooseProgram(name)
      try object.replace(option.name, with: program, of: other)
      notes.append("\(option.name) is replaced by \(program.name) of \(path)")
    }
    return notes
  }
}
