import BPFKernel
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips where the running kernel cannot be asked, and says why.
  static var needsKernel: Self {
    .enabled(if: KernelAvailability.reason == nil, "\(KernelAvailability.reason ?? "the kernel answers")")
  }
}
