/// How far a thing of the kernel's is simulated.
public enum Simulation: String, CaseIterable, Sendable {
  /// As the kernel does it.
  case full
  /// With a documented model of what has no meaning without a kernel: a clock, a reader, a socket, another task.
  case model
  /// It can be there, so that objects load; a program that uses it is stopped, and told why.
  case loadOnly = "load only"
  /// Not at all: a program that uses it is stopped, and told why.
  case none
}
