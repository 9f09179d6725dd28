extension Machine {
  /// `bpf_per_cpu_ptr(object, cpu)` and `bpf_this_cpu_ptr(object)`: the copy of an object that `bpf_percpu_obj_new` made, or
  /// a variable of the kernel; NULL for a CPU that there is not.
  func perCPUPointer(_ helper: Int32, cpu: UInt64) -> Sequel {
    if kernelVariables.values.contains(registers[1]) {
      return give(cpu < UInt64(configuration.cpus) ? registers[1] : 0)
    }
    guard let object = heap.object(startingAt: registers[1]) else { return refuse(helper, argument: 1) }
    let stride = heap.type(object.type).pointee.stride
    guard stride > 0 else { return refuse(helper, argument: 1) }
    guard cpu < UInt64(configuration.cpus) else { return give(0) }
    return give(object.address + cpu * UInt64(stride))
  }
}
