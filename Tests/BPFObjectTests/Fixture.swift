import BPFInstructions
import BPFObject
import Foundation
import Testing

/// The objects that are committed beside the tests.
enum Fixture {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: directory.appendingPathComponent(name)))
  }

  static func object(_ name: String) throws -> ObjectFile { try ObjectFile(path: path(name)) }

  /// Every object, by file name.
  static let objects = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
    .filter { $0.hasSuffix(".o") }.sorted()

  /// What libbpf handed to the kernel, as Fixtures/README.md describes it: by program, and by map.
  static func loaded(_ name: String) throws -> (programs: [String: [String]], maps: [String: String]) {
    let text = String(decoding: try bytes(name + ".loaded"), as: UTF8.self)
    var programs: [String: [String]] = [:]
    var maps: [String: String] = [:]
    var current = ""
    for line in text.split(separator: "\n").map(String.init) {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      switch words[0] {
      case "PROG":
        current = words[1]
        programs[current] = [words[2]]
      case "MAP": maps[words[1]] = words[2]
      default: programs[current, default: []].append(line)
      }
    }
    return (programs, maps)
  }
}

extension ProgramSpec {
  /// The program in the format of `*.loaded`.
  var loaded: [String] {
    var lines = ["type \(type?.rawValue ?? 0) attach \(attachType) flags \(flags)"]
    for (slot, instruction) in instructions.enumerated() {
      let hex = String(instruction.rawValue, radix: 16)
      let padded = String(repeating: "0", count: 16 - hex.count) + hex
      switch references[slot] {
      case .map(let name), .mapValue(let name, _): lines.append("\(padded.suffix(8)) map \(name)")
      default: lines.append(padded)
      }
    }
    for function in functions { if let type = function.typeID { lines.append("FI \(function.slot) \(type)") } }
    for line in sourceLines {
      lines.append("LI \(line.slot) \(line.fileOffset) \(line.textOffset) \(line.line << 10 | line.column)")
    }
    return lines
  }

  /// The names of the functions that `function` calls, in the order of its code.
  func calls(of name: String) -> [String] {
    guard let function = functions.first(where: { $0.name == name }) else { return [] }
    var names: [String] = []
    for slot in function.slot..<function.slot + function.count {
      let instruction = instructions[slot]
      guard instruction.opcode == 0x85, instruction.source == 1 else { continue }
      let target = slot + 1 + Int(instruction.immediate)
      names.append(functions.first { $0.slot == target }?.name ?? "slot \(target)")
    }
    return names
  }
}

extension MapSpec {
  /// The map in the format of `*.loaded`.
  var loaded: String {
    "type \(rawType) k \(keySize) v \(valueSize) n \(maxEntries) flags \(flags) extra \(extra)"
  }
}
