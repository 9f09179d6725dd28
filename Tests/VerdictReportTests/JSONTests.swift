import Testing

@testable import VerdictReport

@Suite("JSON")
struct JSONTests {
  @Test("Integers keep all their digits", arguments: ["18446744073709551615", "-9223372036854775808", "0", "[1,2.5]"])
  func digits(text: String) throws {
    #expect(try JSON(parsing: Array(text.utf8)).text == text)
  }

  @Test("Escapes are read and written (RFC 8259 section 7)")
  func escapes() throws {
    let json = try JSON(parsing: Array(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000""#.utf8))
    #expect(json == .string("a\"\\/\u{8}\u{c}\n\r\té😀\0"))
    #expect(try JSON(parsing: Array(json.text.utf8)) == json)
  }

  @Test(
    "What is not JSON is refused with its place",
    arguments: [
      ("", 1, 1), ("[1,\n 2", 2, 3), ("{\"a\":}", 1, 6), ("01", 1, 1), ("[1] 2", 1, 5), ("\"a", 1, 3), ("nul", 1, 1),
      ("[1,]", 1, 4), ("{a:1}", 1, 2), ("\"\\x\"", 1, 3), ("1e999", 1, 1), ("18446744073709551616", 1, 1),
      ("--1", 1, 1),
      ("\"\u{1}\"", 1, 2),
    ])
  func faults(text: String, line: Int, column: Int) {
    do {
      let json = try JSON(parsing: Array(text.utf8))
      Issue.record("read as \(json.text)")
    } catch {
      #expect((error.line, error.column) == (line, column), "\(error.message)")
    }
  }

  @Test("Nesting is bounded, so that hostile text cannot exhaust the stack")
  func nesting() {
    #expect(throws: JSONError.self) { try JSON(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) }
  }
}
