import KernelRecordings

/// bpf_xdp_adjust_head, _tail and _meta at every edge.
enum AdjustCases {
  static let adjustHead: Int32 = 44
  static let adjustMeta: Int32 = 54
  static let adjustTail: Int32 = 65

  static var all: [RecordedCase] {
    head + meta + tail + combined
  }

  /// Calls the helpers in turn; results: return value, metadata length, linear length after each.
  static func adjusting(
    _ name: String, _ steps: [(helper: Int32, delta: Int32)], length: Int = 64, metadata: Int = 0, flags: UInt32 = 0,
    linear: Int? = nil
  ) -> RecordedCase {
    var code = Code()
    code.reportLengths()
    for step in steps {
      code.add(Slots.movReg(1, 6), Slots.mov(2, step.delta), Slots.call(step.helper))
      code.report(0)
      code.reportLengths()
    }
    code.exit(2)
    return RecordedCase(
      name: name, flags: flags, slots: code.text, maps: [code.resultMap], packet: frame(length),
      context: context(metadata: metadata, linear: linear ?? length))
  }

  static var head: [RecordedCase] {
    [-300, -257, -256, -255, -217, -216, -215, -214, -213, -212, -200, -192, -8, -1, 0, 1, 14, 49, 50, 51, 63, 64, 65]
      .map { adjusting("adjust_head by \($0) on 64 bytes", [(adjustHead, $0)]) }
      + [0, 1, -1].map { adjusting("adjust_head by \($0) on 14 bytes", [(adjustHead, $0)], length: 14) }
      + [-8, 8, -216, -212, -208, -204, -200].map {
        adjusting("adjust_head by \($0) with 8 bytes of metadata", [(adjustHead, $0)], length: 72, metadata: 8)
      }
      + [(-100, -116), (-100, -113), (-100, -112), (40, -40), (40, -256), (50, -266), (50, -262)].map {
        adjusting("adjust_head by \($0.0), then by \($0.1)", [(adjustHead, $0.0), (adjustHead, $0.1)])
      }
      + [
        adjusting("adjust_head by INT_MIN", [(adjustHead, .min)]),
        adjusting("adjust_head by INT_MAX", [(adjustHead, .max)]),
      ]
  }

  static var meta: [RecordedCase] {
    [-256, -252, -220, -216, -212, -208, -36, -32, -31, -30, -29, -28, -8, -4, -3, -2, -1, 0, 1, 4, 8].map {
      adjusting("adjust_meta by \($0)", [(adjustMeta, $0)])
    }
      + [-4, 4, 8, 12, 16, 17, 20, -240, -244].map {
        adjusting("adjust_meta by \($0) with 16 bytes of metadata", [(adjustMeta, $0)], length: 80, metadata: 16)
      }
      + [4, 8, 28, 32, 36, 64, 252, 256].map {
        adjusting("\($0) bytes of metadata from the context", [], length: 64 + $0, metadata: $0)
      }
      + [1, 2, 6].map {
        adjusting("\($0) bytes of metadata from the context are refused", [], length: 64, metadata: $0)
      }
  }

  static var tail: [RecordedCase] {
    [-64, -63, -51, -50, -49, -1, 0, 1, 100, 3391, 3392, 3393, 3455, 3456, 3457, 3458, 3459, 3500, 3776, 4096, 65536]
      .map {
        adjusting("adjust_tail by \($0) on 64 bytes", [(adjustTail, $0)])
      }
      + [3391, 3392, 3393, 3456, 3457].map {
        adjusting("adjust_tail by \($0) on 64 bytes, frags", [(adjustTail, $0)], flags: 32)
      }
      + [
        adjusting("adjust_tail by INT_MIN", [(adjustTail, .min)]),
        adjusting("adjust_tail by INT_MAX", [(adjustTail, .max)]),
      ]
      + [adjusting("adjust_tail shrinks, then grows with zeros", [(adjustTail, -20), (adjustTail, 24)])]
      + [0, 1, 2].map { adjusting("adjust_tail by \($0) on 3520 bytes", [(adjustTail, $0)], length: 3520) }
      + [-1000].map { adjusting("adjust_tail by \($0) on 3520 bytes", [(adjustTail, $0)], length: 3520) }
  }

  static var combined: [RecordedCase] {
    [
      adjusting("adjust_head after adjust_meta moves the metadata along", [(adjustMeta, -8), (adjustHead, -14)]),
      adjusting("adjust_head over its metadata", [(adjustMeta, -8), (adjustHead, 20)]),
      adjusting(
        "adjust_meta after adjust_head", [(adjustHead, -200), (adjustMeta, -12), (adjustMeta, -16), (adjustMeta, -20)]),
      adjusting(
        "adjust_head, adjust_tail and adjust_meta in turn",
        [(adjustHead, 4), (adjustTail, 10), (adjustMeta, -4), (adjustHead, -8)]),
      adjusting("adjust_tail grows by what adjust_head freed", [(adjustHead, 32), (adjustTail, 3392)]),
      adjusting("adjust_tail after growing the head", [(adjustHead, -100), (adjustTail, 3392)]),
    ]
  }
}
