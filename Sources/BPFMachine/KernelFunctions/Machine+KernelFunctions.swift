#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the kfunc of a call's number with the arguments in r1-r5; the result goes to r0.
///
/// A free function, never inlined, so that the handler that calls it holds one direct call and no reference counting.
///
/// Its number is an `Int`, unlike a helper's: the compiler would make one function of two handlers that differ only in what they
/// call, and have it call through a pointer.
@inline(never)
func callKernelFunction(_ state: StatePointer, _ call: Int) -> Sequel {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.callKernelFunction(Int32(truncatingIfNeeded: call)) }
}

/// `addr_space_cast`: NULL stays NULL, and the upper half becomes the arena's. For user space the kernel takes the lower half for
/// the whole, so that the first byte of an arena at a multiple of 4 GiB is NULL, too.
@inline(__always)
func castArenaPointer(_ state: StatePointer, _ value: UInt64, toUser: Bool) -> UInt64 {
  let low = value & 0xffff_ffff
  if toUser { return low == 0 ? 0 : low | state.pointee.arenaUser }
  return value == 0 ? 0 : low | state.pointee.arenaGuest
}

extension Machine {
  func callKernelFunction(_ call: Int32) -> Sequel {
    guard let function = KernelFunction(call: call) else { return trap(.unknownKernelFunction) }
    switch function {
    case .nothing: return .goOn
    case .lockResilient: return lockResilient(savingFlags: false)
    case .lockResilientSaving: return lockResilient(savingFlags: true)
    case .unlockResilient, .unlockResilientRestoring: return unlockResilient()
    case .saveInterrupts: return saveInterrupts()
    case .castReadOnly: return castReadOnly()
    case .returnArgument: return give(registers[1])
    case .castToKernelContext: return castToKernelContext(program: KernelFunction.program(call: call))
    case .throwException: return throwException()
    case .workInit: return narrowed(workInit())
    case .workSetCallback: return narrowed(workSetCallback())
    case .workStart: return narrowed(workStart())

    case .dynptrFromXDP: return dynptrFromPacket(.frame)
    case .dynptrFromSocketBuffer: return dynptrFromPacket(.socketBuffer)
    case .dynptrFromMetadata: return dynptrFromPacket(.metadata)
    case .dynptrSlice: return dynptrSlice(isWritable: false)
    case .dynptrSliceWritable: return dynptrSlice(isWritable: true)
    case .dynptrAdjust: return dynptrAdjust()
    case .dynptrIsNull: return withDynptr { give($0.isNull ? 1 : 0) }
    case .dynptrIsReadOnly: return withDynptr { give(!$0.isNull && $0.isReadOnly ? 1 : 0) }
    case .dynptrSize: return withDynptr { $0.isNull ? give(code: -EINVAL) : give(UInt64($0.size)) }
    case .dynptrClone: return dynptrClone()
    case .dynptrCopy: return dynptrCopy()
    case .dynptrFill: return dynptrFill()
    case .dynptrProbeRead: return dynptrProbeRead(isUser: false, isString: false)
    case .dynptrProbeReadUser: return dynptrProbeRead(isUser: true, isString: false)
    case .dynptrProbeReadString: return dynptrProbeRead(isUser: false, isString: true)
    case .dynptrProbeReadUserString: return dynptrProbeRead(isUser: true, isString: true)

    case .numberIteratorNew: return numberIteratorNew()
    case .numberIteratorNext: return numberIteratorNext()
    case .numberIteratorDestroy: return numberIteratorDestroy()
    case .bitIteratorNew: return bitIteratorNew()
    case .bitIteratorNext: return bitIteratorNext()
    case .bitIteratorDestroy: return bitIteratorDestroy()
    case .emptyIteratorNew, .emptyIteratorNext, .returnNull: return give(0)

    case .objectNew: return objectNew(program: KernelFunction.program(call: call), isPerCPU: false)
    case .percpuObjectNew: return objectNew(program: KernelFunction.program(call: call), isPerCPU: true)
    case .objectDrop, .percpuObjectDrop: return objectDrop()
    case .objectAcquire: return objectAcquire()
    case .listPushFront: return listPush(atEnd: false)
    case .listPushBack: return listPush(atEnd: true)
    case .listPopFront: return listPop(fromEnd: false)
    case .listPopBack: return listPop(fromEnd: true)
    case .listFront: return listPeek(atEnd: false)
    case .listBack: return listPeek(atEnd: true)
    case .treeAdd: return treeAdd()
    case .treeRemove: return treeRemove()
    case .treeFirst: return treeRead { tree in tree.first }
    case .treeRoot: return treeRead { tree in tree.root }
    case .treeLeft: return treeChild(.left)
    case .treeRight: return treeChild(.right)
    case .mapElementSum: return mapElementSum()

    case .stringCompare: return compareWholeStrings(ignoringCase: false)
    case .stringCompareIgnoringCase: return compareWholeStrings(ignoringCase: true)
    case .stringFind: return findCharacter(limit: .max, orEnd: false)
    case .stringFindOrEnd: return findCharacter(limit: .max, orEnd: true)
    case .stringFindWithin: return findCharacterWithin()
    case .stringFindLast: return findLastCharacter()
    case .stringLength: return stringLength(limit: .max)
    case .stringLengthWithin: return stringLength(limit: registers[2])
    case .stringSpan: return spanString(while: true)
    case .stringComplementSpan: return spanString(while: false)
    case .stringSearch: return searchString(limit: .max)
    case .stringSearchWithin: return searchString(limit: registers[3])

    case .metadataTimestamp: return metadataTimestamp()
    case .metadataHash: return metadataHash()
    case .metadataTag: return metadataTag()
    case .pullData: return pullFrame()

    case .connectionLookup: return connectionLookup(program: KernelFunction.program(call: call))
    case .connectionAllocate: return connectionAllocate(program: KernelFunction.program(call: call))
    case .connectionInsert: return connectionInsert()
    case .connectionRelease: return connectionRelease()
    case .connectionSetTimeout: return connectionSetTimeout(isInserted: false)
    case .connectionChangeTimeout: return connectionSetTimeout(isInserted: true)
    case .connectionSetStatus, .connectionChangeStatus: return connectionSetStatus()
    case .connectionSetTranslation: return connectionSetTranslation()
    case .flowLookup: return flowLookup(program: KernelFunction.program(call: call))

    case .cgroupFromIdentifier: return cgroupFromIdentifier()
    case .cgroupAncestor: return cgroupAncestor()
    case .taskUnderCgroup: return give(1)
    case .assignRequest: return assignRequest()
    }
  }

  /// True for an address in the arena's 4 GiB.
  func isInArena(_ address: UInt64) -> Bool {
    state.pointee.arenaGuest != 0 && address & ~0xffff_ffff == state.pointee.arenaGuest
  }

  /// Sets r0 to the result of a kfunc that returns an `int`: on x86-64 its upper half is zero, whatever the sign.
  @inline(__always)
  func give(code value: Int32) -> Sequel { give(UInt64(UInt32(bitPattern: value))) }

  /// A helper's result as that of a kfunc that returns an `int`.
  private func narrowed(_ sequel: Sequel) -> Sequel {
    registers[0] &= 0xffff_ffff
    return sequel
  }

  /// Stops the run because argument `index`, from 1, of a kfunc is what the verifier would have refused.
  func refuse(kernelArgument index: Int) -> Sequel {
    trap(.badKernelFunctionArgument(argument: index, value: registers[index]))
  }

  /// What a run leaves over: objects and sockets that it holds still, locks, a view of fragments.
  @inline(never)
  func finishKernelFunctions() {
    state.pointee.hasLeftovers = false
    sockets.releaseAll()
    if heap.held > 0 { dropHeldObjects() }
    if spinLockHeld != 0, state.pointee.trap == nil { state.pointee.trap = .lockMisuse(.heldAtExit) }
    spinLockHeld = 0
    for lock in heldLocks { memory.write(lock, 4)?.storeBytes(of: 0, as: UInt32.self) }
    heldLocks.removeAll(keepingCapacity: true)
    memory.emptyRegion(fragmentRegion)
  }
}
