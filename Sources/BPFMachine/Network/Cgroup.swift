/// The cgroups that programs may ask about, and the one that the running task is in.
public struct CgroupModel: Sendable {
  /// By path. The root has the id 1.
  public var groups: [String: Group] = [:]
  /// The path of the running task's.
  public var current = "/"

  /// The root alone.
  public init() {}

  public struct Group: Hashable, Sendable {
    /// `cgroup_id`: the inode of its directory.
    public var id: UInt64
    /// `net_cls.classid`.
    public var classIdentifier: UInt32

    public init(id: UInt64, classIdentifier: UInt32 = 0) {
      self.id = id
      self.classIdentifier = classIdentifier
    }
  }

  /// The id of a cgroup; that of its closest ancestor when it was not given one.
  func id(_ path: String) -> UInt64 { groups[path]?.id ?? (path == "/" ? 1 : id(parent(of: path))) }

  /// The class of a cgroup.
  func classIdentifier(_ path: String) -> UInt32 {
    groups[path]?.classIdentifier ?? (path == "/" ? 0 : classIdentifier(parent(of: path)))
  }

  private func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// The ancestors of a cgroup, from the root to itself.
  private func line(_ path: String) -> [String] {
    path == "/" ? ["/"] : line(parent(of: path)) + [path]
  }

  /// The id of the ancestor at a level, the root being at 0; 0 where there is none (`cgroup_ancestor`).
  func ancestor(of path: String, level: Int32) -> UInt64 {
    let line = line(path)
    return line.indices.contains(Int(level)) ? id(line[Int(level)]) : 0
  }

  /// True when the cgroup of that id is the one at `path` or an ancestor of it.
  func isUnder(_ path: String, _ id: UInt64) -> Bool { line(path).contains { self.id($0) == id } }
}
