/// Where two frames differ: by the names of header fields, and by offset behind the headers.
package struct FrameDifference: Sendable {
  /// One thing that differs.
  package struct Item: Hashable, Sendable {
    /// A field's name, `metadata`, `length`, or `data[4..<8]` counted from the end of the headers.
    package var name: String
    /// The byte of the frame where it begins: in the right frame when the left one has it not; nil when it has no place.
    package var offset: Int?
    /// Its value on the left; nil when it is not there.
    package var left: String?
    /// Its value on the right; nil when it is not there.
    package var right: String?
  }

  /// In the order of the left frame; empty when the frames are the same.
  package let items: [Item]
  /// Items beyond ``limit`` that are not listed.
  package let omitted: Int

  /// Items that are listed at most.
  package static let limit = 64

  /// Compares what two runs left of a frame: metadata in front of it, and the frame.
  package init(_ left: FrameImage, _ right: FrameImage) {
    var items: [Item] = []
    if left.metadata != right.metadata {
      items.append(
        Item(name: "metadata", offset: nil, left: Self.text(left.metadata), right: Self.text(right.metadata)))
    }
    if left.frame.count != right.frame.count {
      items.append(Item(name: "length", offset: nil, left: "\(left.frame.count)", right: "\(right.frame.count)"))
    }
    if left.frame != right.frame {
      let one = Dissection(left.frame)
      let other = Dissection(right.frame)
      items += Self.fields(one, other) + Self.payloads(one, other)
    }
    self.items = Array(items.prefix(Self.limit))
    omitted = items.count - self.items.count
  }

  private static func text(_ bytes: [UInt8]) -> String? { bytes.isEmpty ? nil : Hex.text(bytes) }

  private static func fields(_ left: Dissection, _ right: Dissection) -> [Item] {
    let others = Dictionary(right.fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(left.fields.map(\.name))
    var items: [Item] = []
    for field in left.fields {
      let value = field.text(in: left.frame)
      let other = others[field.name]?.text(in: right.frame)
      if value != other { items.append(Item(name: field.name, offset: field.offset, left: value, right: other)) }
    }
    for field in right.fields where !names.contains(field.name) {
      items.append(Item(name: field.name, offset: field.offset, left: nil, right: field.text(in: right.frame)))
    }
    return items
  }

  /// Runs of bytes behind the headers that differ.
  private static func payloads(_ left: Dissection, _ right: Dissection) -> [Item] {
    let one = left.frame[left.payload...]
    let other = right.frame[right.payload...]
    var items: [Item] = []
    let common = min(one.count, other.count)
    func byte(_ bytes: ArraySlice<UInt8>, _ index: Int) -> UInt8 { bytes[bytes.startIndex + index] }
    func item(_ range: Range<Int>) -> Item {
      func text(_ bytes: ArraySlice<UInt8>) -> String? {
        let part = bytes.dropFirst(range.lowerBound).prefix(range.count)
        return part.isEmpty
          ? nil : part.count > 32 ? "\(Hex.text(part.prefix(32)))… (\(part.count) bytes)" : Hex.text(part)
      }
      return Item(
        name: "data[\(range.lowerBound)..<\(range.upperBound)]", offset: left.payload + range.lowerBound,
        left: text(one), right: text(other))
    }
    var index = 0
    while index < common {
      guard byte(one, index) != byte(other, index) else {
        index += 1
        continue
      }
      let start = index
      while index < common, byte(one, index) != byte(other, index) { index += 1 }
      items.append(item(start..<index))
    }
    if one.count != other.count { items.append(item(common..<max(one.count, other.count))) }
    return items
  }
}

/// A frame as a program left it.
package struct FrameImage: Hashable, Sendable {
  /// From data_meta to data.
  package var metadata: [UInt8]
  /// From the Ethernet header on.
  package var frame: [UInt8]

  package init(metadata: [UInt8], frame: [UInt8]) {
    self.metadata = metadata
    self.frame = frame
  }

  /// Splits what a backend gives as output.
  package init(_ output: UnsafeRawBufferPointer, metadataLength: Int) {
    let length = max(0, min(metadataLength, output.count))
    metadata = Array(output.prefix(length))
    frame = Array(output.dropFirst(length))
  }
}
