import BPFMachine
import Testing

@testable import VerdictReport

@Suite("Options for kfuncs")
struct KernelFunctionSettingsTests {
  private func options(_ text: String) throws -> MachineConfiguration {
    var configuration = MachineConfiguration()
    try OptionsFile(parsing: Array(text.utf8), file: "options.yaml").apply(to: &configuration)
    return configuration
  }

  @Test("Connections are given by their directions")
  func connections() throws {
    let configuration = try options(
      """
      conntrack:
        max: 100
        connections:
          - protocol: tcp
            source: 192.0.2.1:1000
            destination: 198.51.100.2:80
            mark: 0x10
            status: [seen-reply, src-nat]
            timeout: 30s
            reply: {source: "198.51.100.2:80", destination: "192.0.2.9:1000"}
          - protocol: udp
            source: "[2001:db8::1]:53"
            destination: "[2001:db8::2]:5353"
            zone: 4
      """)
    #expect(configuration.connections.capacity == 100)
    let connections = configuration.connections.connections
    #expect(connections.count == 2)
    #expect(
      connections[0]
        == ConnectionModel.Connection(
          original: .init(
            source: [192, 0, 2, 1], sourcePort: 1000, destination: [198, 51, 100, 2], destinationPort: 80),
          reply: .init(source: [198, 51, 100, 2], sourcePort: 80, destination: [192, 0, 2, 9], destinationPort: 1000),
          protocolNumber: 6, status: 0x92, mark: 16, timeout: 30_000_000_000))
    #expect(connections[1].reply == connections[1].original.turned)
    #expect(connections[1].original.destinationPort == 5353)
    #expect(connections[1].zone == 4 && connections[1].protocolNumber == 17)
  }

  @Test("Flows are given by one direction, and by where their packets leave")
  func flows() throws {
    let configuration = try options(
      """
      flowtable:
        - protocol: udp
          source: 192.0.2.1:1000
          destination: 198.51.100.2:80
          interface: 3
          reply: true
          xmit: neighbour
          out: {interface: 4, source: 02:00:00:00:00:01, destination: 02:00:00:00:00:02}
      """)
    var flow = FlowModel.Flow(
      direction: .init(source: [192, 0, 2, 1], sourcePort: 1000, destination: [198, 51, 100, 2], destinationPort: 80),
      protocolNumber: 17, ingress: 3)
    flow.isReply = true
    flow.transmission = 1
    flow.egress = 4
    flow.source = 0x0200_0000_0001
    flow.destination = 0x0200_0000_0002
    #expect(configuration.flows.flows == [flow])
  }

  @Test("What the device says is given by the kfunc's name")
  func metadata() throws {
    let given = try options("xdp: {metadata: {timestamp: 42, hash: {value: 7, type: 3}, vlan: {tci: 5}}}")
    #expect(given.receiveMetadata.timestamp == .fixed(42))
    #expect(given.receiveMetadata.hash == ReceiveMetadata.Hash(value: 7, type: 3))
    #expect(given.receiveMetadata.tag == .fixed(protocolNumber: 0x8100, control: 5))
    #expect(try !options("xdp: {metadata: none}").receiveMetadata.isSupported)
    let words = try options("xdp: {metadata: {timestamp: none, hash: none, vlan: frame}}").receiveMetadata
    #expect(words.timestamp == .none && words.hash == nil && words.tag == .frame)
  }

  @Test(
    "A fault is named",
    arguments: [
      ("xdp: {metadata: all}", "xdp.metadata: a mapping of timestamp, hash and vlan expected, or 'none'"),
      (
        "conntrack: {connections: [{protocol: icmp, source: '1.2.3.4:1', destination: '1.2.3.5:2'}]}",
        "tcp, udp expected"
      ),
      (
        "conntrack: {connections: [{protocol: tcp, source: '1.2.3.4', destination: '1.2.3.5:2'}]}",
        "such as 192.0.2.1:80"
      ),
      ("conntrack: {connections: [{protocol: tcp, source: '1.2.3.4:1', destination: '[::1]:2'}]}", "the same family"),
      ("conntrack: {connections: [{source: '1.2.3.4:1', destination: '1.2.3.5:2'}]}", "there is no 'protocol'"),
    ])
  func faults(_ text: String, message: String) throws {
    let error = #expect(throws: SettingsError.self) { try options(text) }
    #expect("\(try #require(error))".contains(message), "\(String(describing: error))")
  }
}
