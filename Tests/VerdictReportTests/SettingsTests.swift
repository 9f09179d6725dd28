import BPFMachine
import Testing

@testable import VerdictReport

@Suite("Settings files")
struct SettingsTests {
  private func options(_ text: String) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(text.utf8), file: "options.yaml").apply(to: &configuration)
    return configuration
  }

  @Test(
    "An options file sets what it names, in YAML and in JSON",
    arguments: [
      "machine:\n  cpus: 4\n  cpu: 3\n  seed: 0x10\n  queue: 2\n",
      "{\"machine\": {\"cpus\": 4, \"cpu\": 3, \"seed\": 16, \"queue\": 2}}",
    ])
  func sets(_ text: String) throws {
    let configuration = try options(text)
    #expect(configuration.cpus == 4)
    #expect(configuration.cpu == 3)
    #expect(configuration.seed == 16)
    #expect(configuration.receiveQueue == 2)
    #expect(configuration.budget == MachineConfiguration().budget)
  }

  @Test("An empty options file changes nothing", arguments: ["", "# only a comment\n", "{}"])
  func empty(_ text: String) throws {
    #expect(try options(text).cpus == MachineConfiguration().cpus)
  }

  /// Places are those at which a reader would point.
  @Test(
    "A fault is named with line, column and what was expected",
    arguments: [
      ("machine:\n  cpus: many\n", 2, 9, "machine.cpus: a whole number from 1 to 1024 expected, found 'many'"),
      ("machine:\n  cpus: 2\n  cpu: 2\n", 3, 8, "machine.cpu: a whole number from 0 to 1 expected, found '2'"),
      ("machine: 3\n", 1, 10, "machine: a mapping of names to values expected, found '3'"),
      ("machine:\n  cpus: 1\n  cores: 3\n", 3, 3, "machine: there is no 'cores' here"),
      ("a: 1\nmachine:\n", 1, 1, "there is no 'a' here"),
      ("machine:\n  cpus: [1, 2]\n", 2, 9, "machine.cpus: a single value expected, found a list"),
      ("machine:\n  seed: -1\n", 2, 9, "machine.seed: a whole number from 0 to 18446744073709551615 expected"),
      ("machine: {cpus: 1\n", 2, 1, "did not find expected ',' or '}'"),
      ("machine:\n  cpus: 1\n  cpus: 2\n", 2, 3, "twice"),
    ])
  func faults(_ text: String, line: Int, column: Int, message: String) throws {
    let error = #expect(throws: SettingsError.self) { try options(text) }
    let found = try #require(error)
    #expect(found.line == line)
    #expect(found.column == column)
    #expect(found.description.contains(message), "\(found)")
    #expect(!found.description.contains("\n"))
  }

  @Test("Values are read as what they must be")
  func values() throws {
    let text = """
      span: 1.5s
      millis: 20ms
      bare: 2
      ip: 2001:db8::1
      mac: 02:00:00:00:00:01
      net: 192.0.2.0/24
      host: 192.0.2.7
      hex: 0x00ff
      list: [1, 255]
      flag: yes
      """
    let node = try SettingsNode(parsing: Array(text.utf8), file: "f")
    let members = Dictionary(uniqueKeysWithValues: try node.members().map { ($0.name, $0.value) })
    func member(_ name: String) throws -> SettingsNode { try #require(members[name]) }
    #expect(try member("span").nanoseconds() == 1_500_000_000)
    #expect(try member("millis").nanoseconds() == 20_000_000)
    #expect(try member("bare").nanoseconds() == 2_000_000_000)
    #expect(try member("ip").address() == [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
    #expect(try member("mac").linkAddress() == 0x0200_0000_0001)
    #expect(try member("net").prefix() == ([192, 0, 2, 0], 24))
    #expect(try member("host").prefix() == ([192, 0, 2, 7], 32))
    #expect(try member("hex").bytes() == [0, 255])
    #expect(try member("list").bytes() == [1, 255])
    #expect(try member("flag").boolean())
    for (name, member) in members where !["ip", "host"].contains(name) {
      #expect(throws: SettingsError.self, "\(name)") { try member.address() }
    }
  }

  @Test("Any bytes give settings or an error, never a crash")
  func fuzz() {
    var random = SystemRandomNumberGenerator()
    let seed = Array("machine:\n  cpus: [1, {a: &x 2}, *x]\n  seed: \"\\x41\"\n? !!map {}\n".utf8)
    for _ in 0..<2000 {
      var bytes = seed
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
        if bytes.isEmpty { bytes = [10] }
      }
      var configuration = MachineConfiguration()
      do {
        try OptionsFile(parsing: bytes, file: "f").apply(to: &configuration)
      } catch {
        #expect(!"\(error)".contains("\n"))
      }
    }
  }
}
