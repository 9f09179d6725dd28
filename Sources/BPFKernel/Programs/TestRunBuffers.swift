/// The attributes and output buffers of `BPF_PROG_TEST_RUN`, kept from run to run.
final class TestRunBuffers {
  private typealias Field = BPFAttributes.TestRun

  private var attributes = BPFAttributes()
  private let dataOut: UnsafeMutableRawBufferPointer
  private let contextOut: UnsafeMutableRawBufferPointer

  init(outputCapacity: Int, contextCapacity: Int) {
    dataOut = .allocate(byteCount: outputCapacity, alignment: 16)
    contextOut = .allocate(byteCount: max(8, contextCapacity), alignment: 16)
    attributes[Field.batchSize] = 0
    // A size of 0 with an address would copy out whatever there is.
    attributes.set(Field.dataOut, outputCapacity > 0 ? dataOut.baseAddress : nil)
    attributes.set(Field.contextOut, contextCapacity > 0 ? contextOut.baseAddress : nil)
    self.contextCapacity = contextCapacity
  }

  deinit {
    dataOut.deallocate()
    contextOut.deallocate()
  }

  private let contextCapacity: Int

  /// The frame as the last run left it.
  var data: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: dataOut[..<min(dataOut.count, Int(attributes[Field.dataOutSize]))])
  }

  /// The context as the last run left it.
  var context: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: contextOut[..<min(contextCapacity, Int(attributes[Field.contextOutSize]))])
  }

  /// Nanoseconds a run.
  var duration: UInt32 { attributes[Field.duration] }

  /// Runs, and returns r0.
  func perform(
    _ program: KernelProgram, data: UnsafeRawBufferPointer, context: UnsafeRawBufferPointer, repeatCount: Int = 1,
    flags: UInt32 = 0
  ) throws(ErrorNumber) -> UInt32 {
    attributes[Field.program] = program.descriptor.number
    attributes[Field.dataInSize] = UInt32(clamping: data.count)
    attributes.set(Field.dataIn, data.baseAddress)
    attributes[Field.dataOutSize] = UInt32(clamping: dataOut.count)
    attributes[Field.repeatCount] = UInt32(clamping: repeatCount)
    attributes[Field.contextInSize] = UInt32(clamping: context.count)
    attributes.set(Field.contextIn, context.isEmpty ? nil : context.baseAddress)
    attributes[Field.contextOutSize] = UInt32(clamping: contextCapacity)
    attributes[Field.flags] = flags
    do {
      try BPFSyscall.bpf(.programTestRun, &attributes)
    } catch {
      attributes[Field.dataOutSize] = 0
      attributes[Field.contextOutSize] = 0
      throw error
    }
    return attributes[Field.returnValue]
  }
}
