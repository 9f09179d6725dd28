import BPFMachine

extension OptionsFile {
  /// `machine:` CPUs, seed, budget, and the interface and queue that frames come from.
  @Sendable
  static func readMachine(_ node: SettingsNode, _ configuration: inout MachineConfiguration) throws(SettingsError) {
    let members = try node.members(of: ["cpus", "cpu", "seed", "budget", "interface", "queue"])
    if let cpus = members["cpus"] { configuration.cpus = try cpus.number(in: 1...1024) }
    if let cpu = members["cpu"] { configuration.cpu = try cpu.number(in: 0...configuration.cpus - 1) }
    if let seed = members["seed"] { configuration.seed = try seed.number() }
    if let budget = members["budget"] { configuration.budget = try budget.number(in: 1...Int.max) }
    // A name is one of `interfaces:`, which is read later.
    if let interface = members["interface"], try UInt32(interface.text()) != nil {
      configuration.ingressInterface = try interface.number(in: 1...UInt32(Int32.max))
    }
    if let queue = members["queue"] { configuration.receiveQueue = try queue.number(in: 0...65535) }
  }
}
