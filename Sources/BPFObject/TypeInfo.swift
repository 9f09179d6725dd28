/// The BPF Type Format: types by id, as in .BTF or /sys/kernel/btf/vmlinux (kernel Documentation/bpf/btf.rst).
public struct TypeInfo: Sendable {
}
