/// An object's BTF, loaded into the kernel (`BPF_BTF_LOAD`).
public final class KernelTypes {
  package let descriptor: KernelDescriptor
  /// What had to be changed for the kernel to take it; nil when it went in as it is.
  public let note: String?

  /// Loads `btf` as it is and, where the kernel refuses that, as ``sanitised(_:)`` makes it.
  ///
  /// - Throws: ``KernelError`` when neither goes in; programs can then still be loaded without.
  public init(_ btf: [UInt8]) throws(KernelError) {
    do throws(ErrorNumber) {
      descriptor = try KernelTypes.load(btf)
      note = nil
    } catch let refusal {
      guard refusal == .invalidArgument, let changed = KernelTypes.sanitised(btf) else {
        throw KernelError("loading BTF", .btfLoad, refusal)
      }
      do throws(ErrorNumber) {
        descriptor = try KernelTypes.load(changed)
        note = "BTF loaded without section layout and externs, which the kernel refused as they are"
      } catch {
        throw KernelError("loading BTF", .btfLoad, error, advice: KernelTypes.reason(changed))
      }
    }
  }

  private static func load(_ btf: [UInt8], log: UnsafeMutableRawBufferPointer? = nil) throws(ErrorNumber)
    -> KernelDescriptor
  {
    typealias Field = BPFAttributes.BTFLoad
    var attributes = BPFAttributes()
    let result: Result<Int32, ErrorNumber> = btf.withUnsafeBytes { bytes in
      attributes.set(Field.data, bytes.baseAddress)
      attributes[Field.size] = UInt32(clamping: bytes.count)
      if let log {
        attributes.set(Field.log, log.baseAddress)
        attributes[Field.logSize] = UInt32(clamping: log.count)
        attributes[Field.logLevel] = 1
      }
      do throws(ErrorNumber) { return .success(try BPFSyscall.bpf(.btfLoad, &attributes)) } catch {
        return .failure(error)
      }
    }
    return KernelDescriptor(try result.get())
  }

  /// The last line of the kernel's log on `btf`.
  static func reason(_ btf: [UInt8]) -> String? {
    var log = [UInt8](repeating: 0, count: 1 << 20)
    log.withUnsafeMutableBytes { buffer in _ = try? load(btf, log: buffer) }
    let text = String(decoding: log.prefix { $0 != 0 }, as: UTF8.self)
    return text.split(separator: "\n").last.map(String.init)
  }
}
