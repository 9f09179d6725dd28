import BPFInstructions

/// A section of code: its slots, the functions in it, and what its slots refer to.
struct CodeSection: Sendable {
  let index: Int
  let name: String
  let slots: [Instruction]
  /// Ascending by start; several may begin at the same slot.
  var functions: [Function] = []
  /// By slot.
  var references: [Int: Target] = [:]

  struct Function: Sendable {
    var name: String
    /// First slot in the section.
    var start: Int
    var count: Int
    /// Not a static function.
    var isGlobal: Bool
    /// Global and visible.
    var isExported: Bool
    /// What lies between the functions that have symbols.
    var isGap = false
  }

  /// What a slot refers to, before linking.
  enum Target: Sendable {
    /// A call of the code at that slot of that section.
    case call(section: Int, slot: Int)
    /// The address of the function at that slot of that section.
    case address(section: Int, slot: Int)
    /// Something that linking does not change.
    case fixed(Reference)
    /// A `__ksym` variable without a type, whose address is a plain number.
    case untypedVariable(String, weak: Bool)
  }

  init(index: Int, name: String, slots: [Instruction]) {
    self.index = index
    self.name = name
    self.slots = slots
  }

  /// The function that holds `slot`: of those, the one that begins last.
  func function(at slot: Int) -> Function? {
    var low = 0
    var high = functions.count
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].start <= slot { low = middle + 1 } else { high = middle }
    }
    guard low > 0, slot >= 0, slot < functions[low - 1].start + functions[low - 1].count else { return nil }
    return functions[low - 1]
  }

  /// Subprograms only: a compiler puts here what has no section of its own.
  var isText: Bool { name == ".text" || name.hasPrefix(".text.") }
}
