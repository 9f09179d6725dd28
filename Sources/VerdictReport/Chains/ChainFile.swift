import BPFObject
import Datapath

/// A chain file: objects, devices with what is attached to them, and where frames come in, in YAML or JSON.
///
/// ```yaml
/// objects:
///   firewall: firewall.bpf.o
/// devices:
///   eth0:
///     xdp: firewall
/// ```
public struct ChainFile {
  /// An object that the file names.
  public struct Object: Sendable {
    public var name: String
    /// Path of the object, or of its source; relative ones count from the chain file.
    public var path: String
    /// Seeds of its maps: paths by the map's name.
    public var maps: [(map: String, path: String)] = []
    /// Sizes of its maps, as its loader would set them.
    public var maxEntries: [(map: String, entries: UInt32)] = []
  }

  public let objects: [Object]
  private let deviceNodes: [(name: String, value: SettingsNode)]
  private let interface: String?
  private let direction: Direction?
  private let top: SettingsNode

  /// Reads the file; programs are looked for by ``spec(of:direction:)``, once the objects are there.
  /// - Parameter file: Its path, for errors and for relative paths in it.
  /// - Throws: ``SettingsError`` with line and column.
  public init(parsing bytes: [UInt8], file: String) throws(SettingsError) {
    top = try SettingsNode(parsing: bytes, file: file)
    let members = try top.members(of: ["objects", "devices", "interface", "direction"])
    guard let objectsNode = members["objects"] else { throw top.fault("'objects' is missing: name: FILE.o") }
    guard let devicesNode = members["devices"] else {
      throw top.fault("'devices' is missing: name: {xdp: OBJECT/PROGRAM}")
    }
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    var objects: [Object] = []
    for (name, node) in try objectsNode.members() {
      guard !name.contains("/") else { throw node.fault("an object's name has no '/'") }
      objects.append(try ChainFile.object(name, node, in: folder))
    }
    guard !objects.isEmpty else { throw objectsNode.fault("there is no object") }
    self.objects = objects
    deviceNodes = try devicesNode.members()
    guard let first = deviceNodes.first else { throw devicesNode.fault("there is no device") }
    interface = try members["interface"]?.text()
    if let interface, let node = members["interface"], !deviceNodes.contains(where: { $0.name == interface }) {
      throw node.fault("there is no device '\(interface)'; the first is \(first.name)")
    }
    direction = try members["direction"]?.word(Direction.self)
  }

  private static func object(
    _ name: String, _ node: SettingsNode, in folder: String
  ) throws(SettingsError) -> Object {
    func path(_ node: SettingsNode) throws(SettingsError) -> String {
      let text = try node.text()
      return text.hasPrefix("/") ? text : folder + text
    }
    guard node.isMapping else { return Object(name: name, path: try path(node)) }
    let members = try node.members(of: ["file", "maps", "max_entries"])
    guard let file = members["file"] else { throw node.fault("'file' is missing") }
    var object = Object(name: name, path: try path(file))
    for (map, value) in try members["maps"]?.members() ?? [] { object.maps.append((map, try path(value))) }
    for (map, value) in try members["max_entries"]?.members() ?? [] {
      object.maxEntries.append((map, try value.number(in: 1...UInt32.max)))
    }
    return object
  }

  /// The set-up, with the programs of the objects that were read.
  /// - Parameter direction: Where frames come in, in the place of what the file says.
  /// - Throws: ``SettingsError``, also for what the kernel would refuse to attach.
  public func spec(of objects: [PathSpec.Object], direction wanted: Direction? = nil) throws(SettingsError) -> PathSpec
  {
    let reader = ChainReader(objects: objects, deviceNames: deviceNodes.map(\.name))
    var devices: [DeviceSpec] = []
    for (position, device) in deviceNodes.enumerated() {
      let spec = try reader.device(device.name, device.value, index: UInt32(position + 1))
      if let other = devices.first(where: { $0.index == spec.index }) {
        throw device.value.fault("ifindex \(spec.index) is \(other.name)'s already")
      }
      devices.append(spec)
    }
    let entry = interface ?? deviceNodes[0].name
    let spec = devices.first { $0.name == entry }
    // Frames of a device that only sends leave by it.
    let hasIngress = spec.map { $0.xdp != nil || !$0.tcxIngress.isEmpty || !$0.ingress.chains.isEmpty } ?? true
    let hasEgress = spec.map { !$0.tcxEgress.isEmpty || !$0.egress.chains.isEmpty } ?? false
    guard hasIngress || hasEgress else {
      throw top.fault("nothing is attached to \(entry), where frames come in")
    }
    return PathSpec(
      objects: objects, devices: devices, entry: entry,
      direction: wanted ?? direction ?? (hasIngress ? .ingress : .egress))
  }
}
