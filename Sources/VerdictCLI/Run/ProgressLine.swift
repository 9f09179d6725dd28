import VerdictReport

/// How far a run is, on a terminal only, and only when it takes over a second.
final class ProgressLine {
  private var shownAt = Duration.zero

  /// Nil when standard error is no terminal.
  init?() {
    guard Terminal.errorIsTerminal else { return nil }
  }

  func show(_ progress: ReplayProgress) {
    guard progress.elapsed >= .seconds(1), progress.elapsed - shownAt >= .milliseconds(200) else { return }
    shownAt = progress.elapsed
    let rate = Int(Double(progress.packets) / (progress.elapsed / .seconds(1)))
    let part = progress.fraction.map { "\(Int($0 * 100))%, " } ?? ""
    try? Terminal.write("\r\u{1b}[K\(part)\(progress.packets) packets, \(rate) a second", to: 2)
  }

  func clear() {
    if shownAt > .zero { try? Terminal.write("\r\u{1b}[K", to: 2) }
  }
}
