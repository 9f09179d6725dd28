#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs helper `id` with the arguments in r1-r5; the result goes to r0.
///
/// A free function, never inlined, so that the handlers that call it hold one direct call and no reference counting.
@inline(never)
func callHelper(_ state: StatePointer, _ id: Int32) -> Sequel {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.callHelper(id) }
}

/// Asks the helper whose callback has returned what comes next: `.called` again, or `.goOn` with its result in r0.
@inline(never)
func continueHelper(_ state: StatePointer) -> Sequel {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.continueCallback() }
}

/// Runs `LD_ABS` or `LD_IND`: r0 gets `size` bytes of the packet at `index`, or the function returns 0.
@inline(never)
func callPacketLoad(_ state: StatePointer, _ index: Int64, _ size: Int) -> Sequel {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.loadPacket(index, size) }
}

/// Reads from the context what takes more than a read of memory; nil where the program may not, and elsewhere.
@inline(never)
func loadContext(_ state: StatePointer, _ address: UInt64, _ size: Int) -> UInt64? {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.loadContext(address, size) }
}

/// Writes to the context where the program may; false elsewhere.
@inline(never)
func storeContext(
  _ state: StatePointer, _ address: UInt64, _ value: UInt64, _ size: Int, isImmediate: Bool
) -> Bool {
  state.pointee.machine._withUnsafeGuaranteedRef { $0.storeContext(address, value, size, isImmediate: isImmediate) }
}

extension Machine {
  /// The registers: r1-r5 are a helper's arguments, r0 its result.
  var registers: UnsafeMutablePointer<UInt64> { state.registers }

  func callHelper(_ id: Int32) -> Sequel {
    if state.pointee.runsOnSocketBuffer, let sequel = callSocketBufferHelper(id) { return sequel }
    return callCommonHelper(id)
  }

  private func callCommonHelper(_ id: Int32) -> Sequel {
    switch id {
    case 1: mapLookupElement()
    case 2: mapUpdateElement()
    case 3: mapDeleteElement()
    case 5, 125, 160, 208: give(clock)
    case 6: tracePrint()
    case 7: give(UInt64(state.pointee.random.next()))
    case 8: give(UInt64(configuration.cpu))
    case 12: tailCall()
    case 14: currentProcess()
    case 15: currentUser()
    case 16: currentCommand()
    case 22: perfEventRead()
    case 23: redirectToInterface()
    case 25: perfEventOutput()
    case 28: checksumDifference()
    case 35, 158: currentTask()
    case 17: classIdentifier()
    case 37: isTaskUnderCgroup()
    case 42: give(0)
    case 44: adjustHead()
    case 51: redirectThroughMap()
    case 54: adjustMetadata()
    case 55: perfEventReadValue()
    case 65: adjustTail()
    case 69: lookupRoute()
    case 33, 79, 83, 95, 96, 98, 107, 108, 124, 151: trap(.unknownHelper(id))
    case 80: currentCgroup()
    case 84, 85, 99: lookupSocket(id)
    case 86: releaseSocket()
    case 100: checkSocketCookie()
    case 110: makeSocketCookie()
    case 136...140, 178, 196: castSocket(id)
    case 87: mapPushElement()
    case 88: mapPopElement()
    case 89: mapPeekElement()
    case 93: spinLock()
    case 94: spinUnlock()
    case 105: stringToLong()
    case 106: stringToUnsignedLong()
    case 109, 117: give(errno: -EPERM)
    case 112: probeRead(id, isUser: true)
    case 113: probeRead(id)
    case 114: probeReadString(id, isUser: true)
    case 115: probeReadString(id)
    case 118: give(jiffies)
    case 122: give(1)
    case 120: namespacedProcess()
    case 123: currentAncestorCgroup()
    case 130: ringBufferOutput()
    case 131: ringBufferReserve()
    case 132: ringBufferCommit(132, discard: false)
    case 133: ringBufferCommit(133, discard: true)
    case 134: ringBufferQuery()
    case 153: perCPUPointer(153, cpu: registers[2] & 0xffff_ffff)
    case 154: perCPUPointer(154, cpu: UInt64(configuration.cpu))
    case 156: localStorageGet(id, .taskStorage)
    case 157: localStorageDelete(id, .taskStorage)
    case 163: checkMTU()
    case 164: forEachMapElement()
    case 165: formatString()
    case 169: timerInit()
    case 170: timerSetCallback()
    case 171: timerStart()
    case 172: timerCancel()
    case 176: give(errno: registers[3] == 0 ? -ENOENT : -EINVAL)
    case 177: traceVariadicPrint()
    case 181: loop()
    case 182: compareStrings()
    case 188: give(UInt64(packet.count))
    case 189: loadPacketBytes()
    case 190: storePacketBytes()
    case 194: exchangeKernelPointer()
    case 195: mapLookupPerCPUElement()
    case 197: dynptrFromMemory()
    case 198: ringBufferReserveDynptr()
    case 199: ringBufferCommitDynptr(id, discard: false)
    case 200: ringBufferCommitDynptr(id, discard: true)
    case 201: dynptrRead()
    case 202: dynptrWrite()
    case 203: dynptrData()
    case 204: makeSynCookie(id, addresses: 12..<20, sizes: SynCookies.sizes4, standard: SynCookies.default4)
    case 205: makeSynCookie(id, addresses: 8..<40, sizes: SynCookies.sizes6, standard: SynCookies.default6)
    case 206: checkSynCookie(id, addresses: 12..<20, sizes: SynCookies.sizes4)
    case 207: checkSynCookie(id, addresses: 8..<40, sizes: SynCookies.sizes6)
    case 209: userRingBufferDrain()
    case 210: localStorageGet(id, .cgrpStorage)
    case 211: localStorageDelete(id, .cgrpStorage)
    default: trap(.unknownHelper(id))
    }
  }

  /// `HZ`, and nanoseconds of a jiffy.
  static let ticksPerSecond = 250
  static let jiffy: UInt64 = 4_000_000

  /// `INITIAL_JIFFIES` of include/linux/jiffies.h, as a 64-bit number.
  private static let initialJiffies = UInt64(UInt32(bitPattern: -300 * 250))

  /// `jiffies_64` at the time of the packet.
  var jiffies: UInt64 { clock / Machine.jiffy &+ Machine.initialJiffies }

  /// The index of the map that an argument names; nil when it names none.
  @inline(__always)
  func mapIndex(argument: Int) -> Int? {
    guard let index = GuestMap.index(address: registers[argument]), index < state.pointee.mapCount else { return nil }
    return index
  }

  /// Sets r0.
  @inline(__always)
  func give(_ value: UInt64) -> Sequel {
    registers[0] = value
    return .goOn
  }

  /// Sets r0 to a signed result, `-errno` for failures.
  @inline(__always)
  func give(errno value: Int32) -> Sequel { give(UInt64(bitPattern: Int64(value))) }

  /// Stops the run.
  func trap(_ reason: Trap.Reason) -> Sequel {
    state.pointee.trap = reason
    return .trapped
  }

  /// Stops the run because argument `index`, from 1, of `helper` is what the verifier would have refused.
  func refuse(_ helper: Int32, argument index: Int) -> Sequel {
    trap(.badHelperArgument(helper: helper, argument: index, value: registers[index]))
  }
}
