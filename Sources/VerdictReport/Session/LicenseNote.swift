import BPFMachine
import BPFObject

extension ObjectFile {
  /// What Linux would refuse `program` for the sake of the object's license; nil when there is nothing.
  ///
  /// Kfuncs are for programs under a license compatible with the GPL too (`check_kfunc_call`).
  public func licenseNote(for program: ProgramSpec) -> String? {
    guard !ObjectFile.compatibleLicenses.contains(license) else { return nil }
    var names: [String] = []
    for (slot, instruction) in program.instructions.enumerated() where instruction.opcode == 0x85 {
      let name: String? =
        switch program.references[slot] {
        case .kernelFunction(let name, _): name
        case nil where instruction.source == 0:
          HelperTable.row(instruction.immediate).flatMap { $0.isGPLOnly ? "bpf_\($0.name)" : nil }
        default: nil
        }
      if let name, !names.contains(name) { names.append(name) }
    }
    guard !names.isEmpty else { return nil }
    let license = license.isEmpty ? "there is no license" : "license \"\(license)\" is not compatible with the GPL"
    return "\(license): Linux would refuse program \(program.name) its calls of \(names.joined(separator: ", "))"
  }

  /// `license_is_gpl_compatible` of include/linux/license.h.
  private static let compatibleLicenses: Set<String> = [
    "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
  ]
}
