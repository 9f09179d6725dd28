/// A kfunc that the machine can run. A call carries the number, and one switch over it finds the code.
package enum KernelFunction: Int32, CaseIterable, Sendable {
  // Sections and locks
  case nothing
  case lockResilient, unlockResilient, lockResilientSaving, unlockResilientRestoring
  case saveInterrupts
  case castToKernelContext, castReadOnly
  case throwException
  case workInit, workSetCallback, workStart

  // Dynptrs
  case dynptrFromXDP, dynptrFromSocketBuffer, dynptrFromMetadata
  case dynptrSlice, dynptrSliceWritable
  case dynptrAdjust, dynptrIsNull, dynptrIsReadOnly, dynptrSize, dynptrClone, dynptrCopy, dynptrFill
  case dynptrProbeRead, dynptrProbeReadUser, dynptrProbeReadString, dynptrProbeReadUserString

  // Iterators
  case numberIteratorNew, numberIteratorNext, numberIteratorDestroy
  case bitIteratorNew, bitIteratorNext, bitIteratorDestroy
  case emptyIteratorNew, emptyIteratorNext

  // Objects
  case objectNew, objectDrop, percpuObjectNew, percpuObjectDrop, objectAcquire
  case listPushFront, listPushBack, listPopFront, listPopBack, listFront, listBack
  case treeAdd, treeRemove, treeFirst, treeRoot, treeLeft, treeRight

  // Strings
  case stringCompare, stringCompareIgnoringCase
  case stringFind, stringFindOrEnd, stringFindLast, stringFindWithin
  case stringLength, stringLengthWithin
  case stringSpan, stringComplementSpan
  case stringSearch, stringSearchWithin

  // Packets
  case metadataTimestamp, metadataHash, metadataTag
  case pullData

  // Connections
  case connectionLookup, connectionAllocate, connectionInsert, connectionRelease
  case connectionSetTimeout, connectionChangeTimeout, connectionSetStatus, connectionChangeStatus
  case connectionSetTranslation
  case flowLookup

  // Tasks and cgroups
  case returnArgument, returnNull
  case cgroupFromIdentifier, cgroupAncestor, taskUnderCgroup, mapElementSum

  // Sockets
  case assignRequest

  /// Bits of a call's number that hold the function; those above hold the index of the program that calls.
  private static let bits: Int32 = 9

  /// The number that a call in program `index` carries.
  package func call(from program: Int) -> Int32 {
    Int32(truncatingIfNeeded: program) << KernelFunction.bits | rawValue
  }

  /// The function of a call's number.
  @inline(__always)
  init?(call: Int32) { self.init(rawValue: call & (1 << KernelFunction.bits - 1)) }

  /// The program of a call's number.
  @inline(__always)
  static func program(call: Int32) -> Int { Int(call >> bits) }
}
