/// A way to show a ``Report``.
public protocol Renderer: Sendable {
  /// The report as text that ends in a newline.
  func render(_ report: Report) -> String
}

/// The formats that a report can be shown in.
public enum ReportFormat: String, CaseIterable, Sendable {
  case text, json, csv

  /// The renderer of this format; `colour` is for a terminal and changes only text.
  public func renderer(colour: Bool = false) -> any Renderer {
    switch self {
    case .text: TextRenderer(colour: colour)
    case .json: JSONRenderer()
    case .csv: CSVRenderer()
    }
  }
}
