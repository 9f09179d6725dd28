import KernelRecordings
@testable import VerdictReport

/// Questions made from a set-up: each word of the grammar is drawn from what the set-up has.
struct NetworkQuestions {
  private var state: UInt64
  private let setup: NetworkSetup

  static func of(_ setup: NetworkSetup, count: Int = 260) -> [NetworkRecording.Question] {
    var questions = NetworkQuestions(state: setup.name.utf8.reduce(0x9e37) { $0 &* 31 &+ UInt64($1) }, setup: setup)
    return (0..<count).map { $0 % 9 == 8 ? questions.mtu() : questions.route(to: $0) }
  }

  private mutating func next() -> UInt64 {
    // xorshift64*
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_f491_4f6c_dd1d
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int(next() >> 33) % elements.count]
  }

  private mutating func route(to number: Int) -> NetworkRecording.Question {
    var input = [UInt8](repeating: 0, count: NetworkRecording.Question.byteCount)
    func put(_ bytes: [UInt8], _ offset: Int) { input.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    func put(_ value: some FixedWidthInteger, _ offset: Int) {
      put(withUnsafeBytes(of: value.littleEndian) { Array($0) }, offset)
    }
    let destination = NetworkAddress.bytes(setup.destinations[number % setup.destinations.count]) ?? []
    let sources = setup.sources.compactMap { NetworkAddress.bytes($0) }.filter { $0.count == destination.count }
    put(pick([destination.count == 4 ? 2 : 10, destination.count == 4 ? 2 : 10, pick([2, 10, 0, 7])] as [UInt8]), 0)
    if next() % 8 != 0 { put([destination.count == 4 ? 2 : 10], 0) }
    put(pick([0, 6, 17] as [UInt8]), 1)
    put(pick([0, 5000, 1234] as [UInt16]).byteSwapped, 2)
    put(pick([80, 53, 443] as [UInt16]).byteSwapped, 4)
    put(pick(setup.lengths), 6)
    put(pick(setup.devices), 8)
    if destination.count == 4 {
      put(pick([0, 0, 0, 0x10, 0x11, 0x1c, 0xb8] as [UInt8]), 12)
    } else {
      put(pick([0, 0, 0x0100_0000, 0x0b80_1234, 0x0001_2345] as [UInt32]).byteSwapped, 12)
    }
    put(pick(sources), 16)
    put(destination, 32)
    let flags = pick([0, 0, 0, 1, 1, 2, 3, 4, 9, 9, 16, 17, 20, 32, 32, 36, 25, 13, 34, 40, 8, 62, 64] as [UInt32])
    if flags & 8 != 0 { put(pick(setup.tables), 48) }
    if flags & 32 != 0 { put(pick(setup.marks), 52) }
    put(flags, 64)
    return NetworkRecording.Question(
      kind: .route, isClassifier: next() % 3 == 0, length: pick([60, 300, 1514, 1518, 1519]),
      device: pick([1, 10, 20]),
      input: HexText.text(input), answer: "")
  }

  private mutating func mtu() -> NetworkRecording.Question {
    var input = [UInt8](repeating: 0, count: NetworkRecording.Question.byteCount)
    func put(_ value: some FixedWidthInteger, _ offset: Int) {
      withUnsafeBytes(of: value.littleEndian) { input.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
    put(pick([0, 0, 1400, 1500, 1501, 65536, 100_000, 0xffff_ffff] as [UInt32]), 0)
    put(pick([0, 0] + setup.devices), 64)
    put(pick([0, 0, 1, 4, -4, -1000, 2000, -0x8000_0000] as [Int32]), 68)
    put(pick([0, 0, 0, 1, 2, 1 << 40] as [UInt64]), 72)
    return NetworkRecording.Question(
      kind: .mtu, isClassifier: next() % 2 == 0, length: pick([60, 1414, 1514, 1515, 1600]), device: pick([1, 10, 20]),
      input: HexText.text(input), answer: "")
  }
}
