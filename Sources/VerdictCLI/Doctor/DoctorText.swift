import BPFKernel

/// What a kernel offers, for people.
struct DoctorText {
  let probe: KernelProbe

  var text: String {
    var text = "kernel                 \(probe.kernel.isEmpty ? "none that Verdict knows" : probe.kernel)\n"
    text += "bpf(2)                 \(probe.unavailable ?? "programs load and run")\n"
    if let setting = probe.unprivilegedDisabled {
      text += "unprivileged bpf(2)    \(setting == 0 ? "allowed" : "disabled (\(setting))")\n"
    }
    if let setting = probe.jitEnabled { text += "JIT                    \(setting == 0 ? "off" : "on")\n" }
    text +=
      "kernel BTF             \(probe.kernelTypes ? "yes" : "no: CO-RE and kfuncs need /sys/kernel/btf/vmlinux")\n"
    text += "possible CPUs          \(probe.possibleCPUs)\n"
    guard probe.unavailable == nil else { return text }
    text += "\n" + list("BPF_PROG_TEST_RUN", probe.testRun)
    text += "\n" + list("program types", probe.programTypes)
    text += "\n" + list("map types", probe.mapTypes)
    for helpers in probe.helpers {
      text += "\n\(helpers.programType): \(helpers.available.count) helpers"
      text +=
        helpers.gplOnly.isEmpty ? "\n" : ", \(helpers.gplOnly.count) of them (*) only under a GPL-compatible license\n"
      let onlyGPL = Set(helpers.gplOnly)
      text += wrapped(helpers.available.map { onlyGPL.contains($0) ? "\($0)*" : $0 })
    }
    return text
  }

  private func list(_ title: String, _ features: [KernelProbe.Feature]) -> String {
    let supported = features.filter(\.supported).map(\.name)
    let missing = features.filter { !$0.supported }.map { "\($0.name) (\($0.reason ?? "no"))" }
    var text = "\(title): \(supported.count) of \(features.count)\n" + wrapped(supported)
    if !missing.isEmpty { text += "  missing:\n" + wrapped(missing) }
    return text
  }

  /// Words on lines of at most 100 characters.
  private func wrapped(_ words: [String]) -> String {
    var text = ""
    var line = ""
    for word in words {
      if line.count + word.count + 1 > 98, !line.isEmpty {
        text += "  \(line)\n"
        line = ""
      }
      line += line.isEmpty ? word : " \(word)"
    }
    return line.isEmpty ? text : text + "  \(line)\n"
  }
}
