/// Commands of bpf(2) that Verdict gives: `enum bpf_cmd` of linux/bpf.h.
package enum BPFCommand: Int, Sendable {
  case mapCreate = 0
  case mapLookup = 1
  case mapUpdate = 2
  case mapDelete = 3
  case mapNextKey = 4
  case programLoad = 5
  case programTestRun = 10
  case objectInformation = 15
  case mapLookupAndDelete = 21
  case btfLoad = 18
  case mapFreeze = 22

  /// `BPF_MAP_CREATE`, as the manual page has it.
  var name: String {
    switch self {
    case .mapCreate: "BPF_MAP_CREATE"
    case .mapLookup: "BPF_MAP_LOOKUP_ELEM"
    case .mapUpdate: "BPF_MAP_UPDATE_ELEM"
    case .mapDelete: "BPF_MAP_DELETE_ELEM"
    case .mapNextKey: "BPF_MAP_GET_NEXT_KEY"
    case .programLoad: "BPF_PROG_LOAD"
    case .programTestRun: "BPF_PROG_TEST_RUN"
    case .objectInformation: "BPF_OBJ_GET_INFO_BY_FD"
    case .btfLoad: "BPF_BTF_LOAD"
    case .mapFreeze: "BPF_MAP_FREEZE"
    case .mapLookupAndDelete: "BPF_MAP_LOOKUP_AND_DELETE_ELEM"
    }
  }
}

extension BPFAttributes {
  /// Fields of `BPF_MAP_CREATE`.
  enum MapCreate {
    static let type = Field<UInt32>(0)
    static let keySize = Field<UInt32>(4)
    static let valueSize = Field<UInt32>(8)
    static let maxEntries = Field<UInt32>(12)
    static let flags = Field<UInt32>(16)
    static let innerMap = Field<Int32>(20)
    static let nameOffset = 28
    static let btf = Field<Int32>(48)
    static let keyTypeID = Field<UInt32>(52)
    static let valueTypeID = Field<UInt32>(56)
    static let kernelValueTypeID = Field<UInt32>(60)
    static let extra = Field<UInt64>(64)
  }

  /// Fields of the element commands; `nextKey` shares the place of `value`.
  enum MapElement {
    static let map = Field<Int32>(0)
    static let key = Field<UInt64>(8)
    static let value = Field<UInt64>(16)
    static let flags = Field<UInt64>(24)
  }

  /// Fields of `BPF_PROG_LOAD`.
  enum ProgramLoad {
    static let type = Field<UInt32>(0)
    static let slotCount = Field<UInt32>(4)
    static let slots = Field<UInt64>(8)
    static let license = Field<UInt64>(16)
    static let logLevel = Field<UInt32>(24)
    static let logSize = Field<UInt32>(28)
    static let log = Field<UInt64>(32)
    static let flags = Field<UInt32>(44)
    static let nameOffset = 48
    static let expectedAttachType = Field<UInt32>(68)
    static let btf = Field<Int32>(72)
    static let functionRecordSize = Field<UInt32>(76)
    static let functions = Field<UInt64>(80)
    static let functionCount = Field<UInt32>(88)
    static let lineRecordSize = Field<UInt32>(92)
    static let lines = Field<UInt64>(96)
    static let lineCount = Field<UInt32>(104)
    static let attachTypeID = Field<UInt32>(108)
    static let relocationCount = Field<UInt32>(116)
    static let relocations = Field<UInt64>(128)
    static let relocationRecordSize = Field<UInt32>(136)
  }

  /// Fields of `BPF_PROG_TEST_RUN`.
  enum TestRun {
    static let program = Field<Int32>(0)
    static let returnValue = Field<UInt32>(4)
    static let dataInSize = Field<UInt32>(8)
    static let dataOutSize = Field<UInt32>(12)
    static let dataIn = Field<UInt64>(16)
    static let dataOut = Field<UInt64>(24)
    static let repeatCount = Field<UInt32>(32)
    static let duration = Field<UInt32>(36)
    static let contextInSize = Field<UInt32>(40)
    static let contextOutSize = Field<UInt32>(44)
    static let contextIn = Field<UInt64>(48)
    static let contextOut = Field<UInt64>(56)
    static let flags = Field<UInt32>(64)
    static let cpu = Field<UInt32>(68)
    static let batchSize = Field<UInt32>(72)
  }

  /// Fields of `BPF_OBJ_GET_INFO_BY_FD`.
  enum ObjectInformation {
    static let descriptor = Field<Int32>(0)
    static let size = Field<UInt32>(4)
    static let information = Field<UInt64>(8)
  }

  /// Fields of `BPF_BTF_LOAD`.
  enum BTFLoad {
    static let data = Field<UInt64>(0)
    static let log = Field<UInt64>(8)
    static let size = Field<UInt32>(16)
    static let logSize = Field<UInt32>(20)
    static let logLevel = Field<UInt32>(24)
  }
}
