import BPFObject
import Foundation
import Testing

/// Damages good objects, by a seed, and loads them: any answer will do but a crash or a hang.
///
/// VERDICT_FUZZ_SECONDS makes the run that long, with seeds that nobody tried.
@Suite("Fuzzing")
struct FuzzTests {
  static let seconds = ProcessInfo.processInfo.environment["VERDICT_FUZZ_SECONDS"].flatMap(Double.init)

  @Test("damaged objects are refused or loaded", arguments: Fixture.objects)
  func short(name: String) throws {
    var mutator = Mutator(seed: UInt64(name.utf8.reduce(5381) { $0 &* 33 &+ UInt($1) }))
    let bytes = try Fixture.bytes(name)
    let target = try TypeInfo(path: Fixture.path("core_target.o"))
    var loaded = 0
    for _ in 0..<150 where FuzzTests.load(mutator.mutate(bytes), target) { loaded += 1 }
    // Were all refused at the door, nothing behind it would be tried.
    #expect(loaded > 0)
  }

  @Test(
    "damaged objects are refused or loaded, for as long as asked", .enabled(if: seconds != nil, "VERDICT_FUZZ_SECONDS"))
  func long() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let end = start + .seconds(FuzzTests.seconds ?? 0)
    var mutator = Mutator(seed: UInt64.random(in: 0...UInt64.max))
    let pool = try Fixture.objects.map { try Fixture.bytes($0) }
    let target = try TypeInfo(path: Fixture.path("core_target.o"))
    // What runs now is on disk, so that a crash leaves it behind.
    let last = FileManager.default.temporaryDirectory.appendingPathComponent("verdict-fuzz-last.o")
    var (count, loaded, slowest) = (0, 0, Duration.zero)
    while clock.now < end {
      let input = mutator.mutate(pool[Int(mutator.next() % UInt64(pool.count))])
      try Data(input).write(to: last)
      let before = clock.now
      if FuzzTests.load(input, target) { loaded += 1 }
      let time = clock.now - before
      if time > slowest { slowest = time }
      #expect(time < .seconds(20))
      count += 1
    }
    print("fuzzing: \(count) inputs, \(loaded) of them loaded, slowest \(slowest)")
    try FileManager.default.removeItem(at: last)
  }

  /// Loads an object and asks everything of it; true when it was accepted.
  static func load(_ bytes: [UInt8], _ target: TypeInfo) -> Bool {
    if let types = try? TypeInfo(bytes: bytes) { _ = askEverything(types) }
    guard let object = try? ObjectFile(bytes: bytes, name: "fuzz") else { return false }
    _ = object.relocated(against: target)
    // The other way round, the damaged types are the target.
    if let types = object.types, let core = try? Fixture.object("core.o") { _ = core.relocated(against: types) }
    // The damaged program in the place of a good one's function, and the other way round.
    if var dispatcher = try? Fixture.object("dispatcher.o"), let program = object.programs.first {
      try? dispatcher.replace("second", with: program, of: object)
      var copy = object
      for function in program.functions.prefix(4) {
        try? copy.replace(function.name, with: dispatcher.programs[0], of: dispatcher)
      }
    }
    for program in object.programs {
      for slot in stride(from: 0, to: program.instructions.count, by: 7) {
        _ = program.sourceLine(at: slot)
        _ = program.function(at: slot)
      }
    }
    if let types = object.types { _ = askEverything(types) }
    return true
  }

  static func askEverything(_ types: TypeInfo) -> Int {
    var sum = 0
    for id in 0...types.ids.upperBound {
      sum &+= types.size(of: id) ?? 0
      sum &+= Int(types.resolved(id) ?? 0)
      sum &+= types.members(of: id).count
      sum &+= types.declaration(of: id).utf8.count
      if types.isCharacter(id) { sum &+= 1 }
      if let type = types[id] { sum &+= Int(type.kind.rawValue) }
    }
    return sum
  }
}
