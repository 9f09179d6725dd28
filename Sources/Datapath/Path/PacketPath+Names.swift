import BPFMachine
import BPFObject

/// Programs, maps and devices by name and number.
extension PacketPath {
  public func describe(_ trap: Trap) -> TrapDescription { machine.describe(trap) }

  public func describe(_ redirect: Redirect) -> String {
    guard case .interface(let index, let ingress) = redirect, let device = device(index) else {
      return machine.describe(redirect)
    }
    return "\(device.spec.name)\(ingress ? " ingress" : "")"
  }

  /// What a prog_array takes for a program of that name of any object, the first object's before the others'.
  public func programNumber(named name: String) -> UInt32? {
    objects.lazy.compactMap { $0.programs[name] }.first.map(Machine.programNumber)
  }

  /// The same for one object.
  public func programNumber(named name: String, in object: String) -> UInt32? {
    objects.first { $0.name == object }?.programs[name].map(Machine.programNumber)
  }

  public func programName(number: UInt32) -> String? {
    machine.programs.first { Machine.programNumber($0.index) == number }?.spec.name
  }

  /// The objects' names, in order.
  public var objectNames: [String] { objects.map(\.name) }

  /// The object's types, for its maps.
  public func types(of object: String) -> TypeInfo? { spec.objects.first { $0.name == object }?.file.types }

  /// The maps of one object, in its order.
  public func maps(of object: String) -> [any MapAccess] {
    objects.first { $0.name == object }?.maps.map { machine.maps[$0] } ?? []
  }

  /// The device of that ifindex; nil when the set-up has none.
  func device(_ index: UInt32) -> PathDevice? { devices.first { $0.index == index } }

  /// The name of the device that frames come in by, or leave by.
  public var entryName: String { entry.spec.name }

  /// The name of the device of that ifindex, or its number.
  public func deviceName(_ index: UInt32) -> String { device(index)?.spec.name ?? "ifindex \(index)" }

  /// Whether there is a device of that ifindex at all.
  func isThere(_ index: UInt32) -> Bool { index != 0 && knownDevices?.contains(index) ?? true }
}
