import ArgumentParser
import BPFKernel
import BPFObject
import VerdictReport

/// The kernel that objects are loaded for: what every subcommand that reads one takes.
struct TargetKernelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The types that CO-RE goes by: BTF, or an ELF file with BTF. By default the running kernel's, else the object's own.",
      valueName: "file"))
  var btf: String?

  @Option(
    help: ArgumentHelp("Sets a __kconfig variable: y, n, m, a number or \"text\"; repeatable.", valueName: "name=value")
  )
  var kconfig: [Assignment] = []

  @Option(
    help: ArgumentHelp(
      "The kernel configuration that __kconfig variables show, also gzipped. By default the running kernel's.",
      valueName: "file"))
  var kconfigFile: String?

  func validate() throws {
    for option in kconfig where Self.value(option) == nil {
      throw ValidationError("--kconfig \(option.name)=\(option.value): the value is y, n, m, a number or \"text\"")
    }
  }

  /// A release such as 6.18.2 is a value of LINUX_KERNEL_VERSION too.
  private static func value(_ option: Assignment) -> KernelConfigValue? {
    if let value = KernelConfigValue(option.value) { return value }
    let numbers = option.value.split(separator: ".", omittingEmptySubsequences: false)
    guard option.name == "LINUX_KERNEL_VERSION", (2...3).contains(numbers.count),
      numbers.allSatisfy({ UInt16($0) != nil })
    else { return nil }
    return .number(UInt64(KernelRelease(option.value).code))
  }

  /// The kernel that the options describe.
  var target: TargetKernel {
    var target = TargetKernel()
    target.typesPath = btf
    target.configurationPath = kconfigFile
    for option in kconfig { target.values[option.name] = Self.value(option) }
    let running = KernelRelease.running
    if running.code != 0 {
      target.version = TargetKernel.KernelVersion(code: running.code, name: "\(running.text), the running kernel's")
    }
    return target
  }
}
