import BPFObject
import Capture
import Datapath
import Testing
import VerdictReport

@Suite("As a library")
struct LibraryTests {
  private func path(_ name: String) -> String {
    #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/" + name
  }

  @Test("What README.md shows works: an object over a capture in a few lines")
  func readme() throws {
    let object = try ObjectFile(path: path("fixtures/firewall.bpf.o"))
    let program = try object.chooseProgram()
    let backend = try SimulatorBackend(object: object, program: program, hook: .xdp)
    let replay = Replay(backend: backend)
    replay.classes = [try TrafficClass(name: "web", filter: "tcp port 80")]
    let result = replay.run(try CaptureReader(path: path("pcaps/firewall.pcap")), named: "firewall")
    #expect(result.faults.isEmpty)
    #expect(result.report.packets == 143)
    let text = ReportFormat.text.renderer().render(result.report)
    #expect(text.hasPrefix("firewall (xdp) over firewall\n\nVERDICT "))
    #expect(!text.contains("\u{1b}"))
    #expect(ReportFormat.text.renderer(colour: true).render(result.report).contains("\u{1b}[31mXDP_DROP\u{1b}[0m"))
  }
}
