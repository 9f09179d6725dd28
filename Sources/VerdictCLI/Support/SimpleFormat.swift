import ArgumentParser

/// For people, or for programs.
enum SimpleFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json
}
