import BPFInstructions

/// A run of instructions that one handler does, and what must hold between their registers.
struct Fusion {
  let steps: [FusedStep]
  let branch: FusedBranch?
  let link: Link
  let handler: Handler

  /// How the registers hang together.
  enum Link {
    /// Not at all.
    case none
    /// Every step has the same destination; the branch's left register is that too.
    case destination
    /// The first two steps have the same destination.
    case firstTwo
  }

  private init(_ steps: [FusedStep], _ branch: FusedBranch? = nil, _ link: Link = .destination, _ handler: Handler) {
    self.steps = steps
    self.branch = branch
    self.link = link
    self.handler = handler
  }

  /// Number of instructions.
  var count: Int { steps.count + (branch == nil ? 0 : 1) }

  /// The longest fusion that begins at `index`; nil when none does.
  static func find(_ operations: [Operation], at index: Int, excluding unresolved: Set<Int>) -> Fusion? {
    guard let first = FusedStep(operations[index]), let candidates = byFirstStep[first] else { return nil }
    return candidates.first { fusion in
      guard index + fusion.count <= operations.count else { return false }
      let window = operations[index..<index + fusion.count]
      guard unresolved.isEmpty || unresolved.isDisjoint(with: window.indices) else { return false }
      return fusion.matches(Array(window))
    }
  }

  private func matches(_ window: [Operation]) -> Bool {
    guard zip(window, steps).allSatisfy({ FusedStep($0) == $1 }) else { return false }
    if let branch, FusedBranch(window[steps.count]) != branch { return false }
    let destinations = window.map(\.fusionTarget)
    return switch link {
    case .none: true
    case .destination: destinations.allSatisfy { $0 == destinations[0] }
    case .firstTwo: destinations[0] == destinations[1]
    }
  }

  private static let byFirstStep: [FusedStep: [Fusion]] =
    Dictionary(grouping: all) { $0.steps[0] }.mapValues { $0.sorted { $0.count > $1.count } }

  /// What compilers emit most: bounds checks, field tests, address and hash arithmetic, loop ends.
  private static let all: [Fusion] = [
    // r1 = data; r1 += size; if r1 > data_end
    Fusion([.mov64, .add64i], .greater64) { test($0, $1, $2, $3, $4, .mov64, .add64i, .greater64) },
    Fusion([.mov64, .add64i], .less64) { test($0, $1, $2, $3, $4, .mov64, .add64i, .less64) },
    Fusion([.mov64, .add64i, .add64]) { chain($0, $1, $2, $3, $4, .mov64, .add64i, .add64) },
    Fusion([.mov64, .add64i]) { chain($0, $1, $2, $3, $4, .mov64, .add64i) },
    Fusion([.mov64, .add64], .greater64) { test($0, $1, $2, $3, $4, .mov64, .add64, .greater64) },
    Fusion([.mov64, .add64]) { chain($0, $1, $2, $3, $4, .mov64, .add64) },
    Fusion([.mov64, .and64i]) { chain($0, $1, $2, $3, $4, .mov64, .and64i) },
    Fusion([.mov64, .mul64]) { chain($0, $1, $2, $3, $4, .mov64, .mul64) },
    Fusion([.mov64, .mod64]) { chain($0, $1, $2, $3, $4, .mov64, .mod64) },
    Fusion([.mov64, .lsh64i, .xor64], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov64, .lsh64i, .xor64) },
    Fusion([.mov64, .rsh64i, .xor64], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov64, .rsh64i, .xor64) },
    Fusion([.mov64, .rsh64i, .or64], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov64, .rsh64i, .or64) },
    Fusion([.mov64, .mul64i, .add64], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov64, .mul64i, .add64) },
    Fusion([.mov64, .lsh64i]) { chain($0, $1, $2, $3, $4, .mov64, .lsh64i) },
    Fusion([.mov64, .rsh64i]) { chain($0, $1, $2, $3, $4, .mov64, .rsh64i) },
    Fusion([.mov64, .mov64], nil, .none) { fuse($0, $1, $2, $3, $4, .mov64, .mov64) },
    Fusion([.mov64, .mov64i], nil, .none) { fuse($0, $1, $2, $3, $4, .mov64, .mov64i) },
    Fusion([.lsh64i, .rsh64i]) { chain($0, $1, $2, $3, $4, .lsh64i, .rsh64i) },
    // jhash and its like
    Fusion([.mov32, .lsh32i, .or32], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov32, .lsh32i, .or32) },
    Fusion([.mov32, .rsh32i, .or32], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov32, .rsh32i, .or32) },
    Fusion([.mov32, .lsh32i, .xor32], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov32, .lsh32i, .xor32) },
    Fusion([.mov32, .rsh32i, .xor32], nil, .firstTwo) { chain($0, $1, $2, $3, $4, .mov32, .rsh32i, .xor32) },
    Fusion([.mov32, .lsh32i]) { chain($0, $1, $2, $3, $4, .mov32, .lsh32i) },
    Fusion([.mov32, .rsh32i]) { chain($0, $1, $2, $3, $4, .mov32, .rsh32i) },
    Fusion([.xor32, .sub32], nil, .none) { fuse($0, $1, $2, $3, $4, .xor32, .sub32) },
    Fusion([.add32, .add32], nil, .none) { fuse($0, $1, $2, $3, $4, .add32, .add32) },
    // tests of a few bits
    Fusion([.mov32, .and32i], .notEqual32i) { test($0, $1, $2, $3, $4, .mov32, .and32i, .notEqual32i) },
    Fusion([.mov32, .and32i], .equal32i) { test($0, $1, $2, $3, $4, .mov32, .and32i, .equal32i) },
    Fusion([.mov32, .and32i]) { chain($0, $1, $2, $3, $4, .mov32, .and32i) },
    Fusion([.mov32], .equal64i, .none) { fuse($0, $1, $2, $3, $4, .mov32, FusedBranch.equal64i) },
    Fusion([.lsh32i, .and32i], .less32i) { test($0, $1, $2, $3, $4, .lsh32i, .and32i, .less32i) },
    Fusion([.lsh32i, .and32i]) { chain($0, $1, $2, $3, $4, .lsh32i, .and32i) },
    Fusion([.and32i], .notEqual32i) { test($0, $1, $2, $3, $4, .and32i, .notEqual32i) },
    Fusion([.and32i], .equal32i) { test($0, $1, $2, $3, $4, .and32i, .equal32i) },
    Fusion([.and64i], .notEqual64i) { test($0, $1, $2, $3, $4, .and64i, .notEqual64i) },
    Fusion([.and64i], .equal64i) { test($0, $1, $2, $3, $4, .and64i, .equal64i) },
    // a header field, tested
    Fusion([.load8], .equal32i) { test($0, $1, $2, $3, $4, .load8, .equal32i) },
    Fusion([.load8], .notEqual32i) { test($0, $1, $2, $3, $4, .load8, .notEqual32i) },
    Fusion([.load8], .less32i) { test($0, $1, $2, $3, $4, .load8, .less32i) },
    Fusion([.load8], .equal64i) { test($0, $1, $2, $3, $4, .load8, .equal64i) },
    Fusion([.load8], .notEqual64i) { test($0, $1, $2, $3, $4, .load8, .notEqual64i) },
    Fusion([.load16], .equal32i) { test($0, $1, $2, $3, $4, .load16, .equal32i) },
    Fusion([.load16], .notEqual32i) { test($0, $1, $2, $3, $4, .load16, .notEqual32i) },
    Fusion([.load16], .equal64i) { test($0, $1, $2, $3, $4, .load16, .equal64i) },
    Fusion([.load16], .notEqual64i) { test($0, $1, $2, $3, $4, .load16, .notEqual64i) },
    Fusion([.load32], .equal32i) { test($0, $1, $2, $3, $4, .load32, .equal32i) },
    Fusion([.load32], .notEqual32i) { test($0, $1, $2, $3, $4, .load32, .notEqual32i) },
    Fusion([.load32], .lessOrEqual32, .none) { fuse($0, $1, $2, $3, $4, .load32, FusedBranch.lessOrEqual32) },
    Fusion([.load64], .equal64i) { test($0, $1, $2, $3, $4, .load64, .equal64i) },
    Fusion([.load64], .notEqual64i) { test($0, $1, $2, $3, $4, .load64, .notEqual64i) },
    Fusion([.load8, .and32i], .equal32i) { test($0, $1, $2, $3, $4, .load8, .and32i, .equal32i) },
    Fusion([.load8, .and32i], .notEqual32i) { test($0, $1, $2, $3, $4, .load8, .and32i, .notEqual32i) },
    Fusion([.load16, .and32i], .equal32i) { test($0, $1, $2, $3, $4, .load16, .and32i, .equal32i) },
    Fusion([.load16, .and32i], .notEqual32i) { test($0, $1, $2, $3, $4, .load16, .and32i, .notEqual32i) },
    Fusion([.load32, .and32i], .equal32i) { test($0, $1, $2, $3, $4, .load32, .and32i, .equal32i) },
    Fusion([.load16, .swap16]) { chain($0, $1, $2, $3, $4, .load16, .swap16) },
    Fusion([.load32, .swap32]) { chain($0, $1, $2, $3, $4, .load32, .swap32) },
    Fusion([.load16, .add64], nil, .none) { fuse($0, $1, $2, $3, $4, .load16, .add64) },
    Fusion([.load32, .load32], nil, .none) { fuse($0, $1, $2, $3, $4, .load32, .load32) },
    Fusion([.load8, .load8], nil, .none) { fuse($0, $1, $2, $3, $4, .load8, .load8) },
    Fusion([.swap16], .equal32i) { test($0, $1, $2, $3, $4, .swap16, .equal32i) },
    Fusion([.swap16], .notEqual32i) { test($0, $1, $2, $3, $4, .swap16, .notEqual32i) },
    // a result set before the test that may return it
    Fusion([.mov64i], .equal32i, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.equal32i) },
    Fusion([.mov64i], .notEqual32i, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.notEqual32i) },
    Fusion([.mov64i], .notEqual64i, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.notEqual64i) },
    Fusion([.mov64i], .equal64i, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.equal64i) },
    Fusion([.mov64i], .greater64, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.greater64) },
    Fusion([.mov64i], .less64, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.less64) },
    Fusion([.mov64i], .less32i, .none) { fuse($0, $1, $2, $3, $4, .mov64i, FusedBranch.less32i) },
    Fusion([.mov64i, .mov64i], nil, .none) { fuse($0, $1, $2, $3, $4, .mov64i, .mov64i) },
    // loop ends
    Fusion([.add64i], .equal64i) { test($0, $1, $2, $3, $4, .add64i, .equal64i) },
    Fusion([.add64i], .notEqual64i) { test($0, $1, $2, $3, $4, .add64i, .notEqual64i) },
    Fusion([.add64i], .greater64) { test($0, $1, $2, $3, $4, .add64i, .greater64) },
    Fusion([.add32i], .equal32i) { test($0, $1, $2, $3, $4, .add32i, .equal32i) },
    Fusion([.add32i], .notEqual32i) { test($0, $1, $2, $3, $4, .add32i, .notEqual32i) },
    Fusion([.add64i, .mov32], nil, .none) { fuse($0, $1, $2, $3, $4, .add64i, .mov32) },
    Fusion([.add64i, .mov64], nil, .none) { fuse($0, $1, $2, $3, $4, .add64i, .mov64) },
    Fusion([.add64, .load16], nil, .none) { fuse($0, $1, $2, $3, $4, .add64, .load16) },
    Fusion([.add64, .load32], nil, .none) { fuse($0, $1, $2, $3, $4, .add64, .load32) },
    Fusion([.add64, .load8], nil, .none) { fuse($0, $1, $2, $3, $4, .add64, .load8) },
  ]
}

extension Operation {
  /// The destination of a step, the left register of a branch.
  fileprivate var fusionTarget: Register? {
    switch self {
    case .alu(_, _, let register, _), .byteSwap(_, _, let register), .load(_, _, let register, _, _),
      .loadImmediate(let register, _, _), .branch(_, _, let register, _, _):
      register
    default: nil
    }
  }
}
