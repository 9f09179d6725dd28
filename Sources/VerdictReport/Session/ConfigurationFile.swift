import BPFObject
import Subprocess
import SystemPackage

/// A kernel's configuration on the disk, as text or compressed with gzip.
enum ConfigurationFile {
  /// Largest text that is taken, in bytes; a kernel has 300 kB.
  private static let limit = 16 << 20

  static func contents(of path: String) async throws(ObjectError) -> [UInt8] {
    let bytes = try ObjectFile.contents(of: path)
    guard bytes.starts(with: [0x1f, 0x8b]) else { return bytes }
    func fault(_ message: String) -> ObjectError {
      ObjectError(kind: .badConfiguration, file: path, message: message)
    }
    do {
      let result = try await Subprocess.run(
        .name("gzip"), arguments: ["-dc"], input: .array(bytes), output: .bytes(limit: limit),
        error: .string(limit: 4096))
      guard result.terminationStatus.isSuccess else {
        throw fault("gzip cannot read it: \(result.standardError.split(separator: "\n").last ?? "")")
      }
      return result.standardOutput
    } catch let error as ObjectError {
      throw error
    } catch {
      throw fault("is compressed, and gzip cannot be run: \(error)")
    }
  }
}
