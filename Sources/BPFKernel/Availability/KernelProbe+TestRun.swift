import BPFObject

extension KernelProbe {
  /// What `BPF_PROG_TEST_RUN` can, from the program types that it runs to frames above a page.
  static func testRunFeatures() -> [Feature] {
    let frame = [UInt8](repeating: 0, count: 64)
    let long = [UInt8](repeating: 0, count: 9014)
    let xdp = tinyProgram(type: .xdp, returning: 1)
    let fragments = tinyProgram(type: .xdp, returning: 1, flags: ProgramFlags.xdpHasFrags)
    let classifier = tinyProgram(type: .schedCLS, returning: 0)
    // A context out shows metadata in front of the frame: 4 bytes of it.
    var metadata = KernelProgram.linearContext(68)
    metadata[0] = 4
    return [
      feature("xdp", xdp, frame),
      feature("sched_cls", classifier, frame),
      feature("sched_act", tinyProgram(type: .schedACT, returning: 0), frame),
      feature("xdp_context", xdp, [UInt8](repeating: 0, count: 68), context: metadata),
      feature("skb_context", classifier, frame, context: [UInt8](repeating: 0, count: 192)),
      feature("xdp_fragments", fragments, long),
      feature("skb_fragments", classifier, long),
      feature("repeat", xdp, frame, repeatCount: 2),
      // BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18; the program drops the frames.
      feature("xdp_live_frames", xdp, frame, flags: 2, output: false),
    ]
  }

  private static func feature(
    _ name: String, _ spec: ProgramSpec, _ data: [UInt8], context: [UInt8] = [], repeatCount: Int = 1,
    flags: UInt32 = 0, output: Bool = true
  ) -> Feature {
    do throws(KernelError) {
      let program = try KernelProgram(spec)
      _ = try program.testRun(
        data: data, context: context, repeatCount: repeatCount, outputCapacity: output ? nil : 0,
        contextCapacity: context.count, flags: flags)
      return Feature(name: name, supported: true)
    } catch {
      return Feature(name: name, supported: false, reason: error.errno?.name ?? error.message)
    }
  }
}
