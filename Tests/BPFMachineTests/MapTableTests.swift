import BPFKernel
import BPFObject
import Testing

@testable import BPFMachine

/// The table of map types says what the kernel's verifier says.
@Suite struct MapTableTests {
  static let operations: [(helper: Int32, use: String)] = [
    (1, "lookup"), (2, "update"), (3, "delete"), (51, "redirect_map"), (87, "push"), (88, "pop"), (89, "peek"),
    (195, "lookup_percpu"),
  ]

  @Test(
    "a helper takes the types of maps that the kernel lets it take",
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "")"), arguments: operations)
  func uses(operation: (helper: Int32, use: String)) throws {
    var asked = 0
    for type in MapType.allCases {
      guard let log = KernelProbe.log(of: operation.helper, on: type, in: .xdp) else { continue }
      asked += 1
      // A map without keys, one that programs may not write to, one without pages: refused before the type is looked at.
      let isTaken = ![
        "cannot pass map_type", "invalid zero-sized read", "write into map forbidden", "arena's user address",
        "invalid arg_type for sockmap", operation.helper == 2 ? "no such words" : "expected=sock",
      ].contains { log.contains($0) }
      #expect(type.uses.contains(operation.use) == isTaken, "\(operation.use) on \(type.name): \(log)")
    }
    #expect(asked > 25)
  }
}
