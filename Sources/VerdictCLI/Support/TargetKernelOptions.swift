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
    for option in kconfig where KernelConfigValue(option.value) == nil {
      throw ValidationError("--kconfig \(option.name)=\(option.value): the value is y, n, m, a number or \"text\"")
    }
  }

  /// The kernel that the options describe.
  var target: TargetKernel {
    var target = TargetKernel()
    target.typesPath = btf
    target.configurationPath = kconfigFile
    for option in kconfig { target.values[option.name] = KernelConfigValue(option.value) }
    let running = KernelRelease.running
    if running.code != 0 {
      target.version = TargetKernel.KernelVersion(code: running.code, name: "\(running.text), the running kernel's")
    }
    return target
  }
}
