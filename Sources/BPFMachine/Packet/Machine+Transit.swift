/// An skb on its way past several programs, some of which are XDP's.
extension Machine {
  /// There are ``sentClones``.
  @inline(__always)
  package var hasClones: Bool { state.pointee.hasClones }

  /// Forgets ``sentClones``.
  package func takeClones() {
    sentClones.removeAll()
    state.pointee.hasClones = false
  }

  /// Makes a saved skb the one that programs run on.
  /// - Throws: ``MemoryError`` when it finds no room.
  package func restoreSocketBuffer(_ saved: SocketBuffer.Saved) throws(MemoryError) {
    try socketBuffer.restore(saved)
    claimForSocketBuffer()
  }

  /// Runs an XDP program on the skb in hand, as generic XDP does and a veth's own (net/core/dev.c, bpf_prog_run_generic_xdp):
  /// what it leaves is the skb's data, and what is kept beside the data stays.
  /// - Parameter ingress: `xdp_md.ingress_ifindex`.
  /// - Throws: ``MemoryError`` when the frame finds no room.
  package func runXDP(_ index: Int, engine: EngineKind, ingress: UInt32) throws(MemoryError) -> Outcome {
    let context = [UInt8](socketBuffer.contextBytes)
    let beside = socketBuffer.beside
    try packet.receive(socketBuffer.output, ingress: ingress, queue: configuration.receiveQueue)
    packet.claimContext()
    state.pointee.runsOnSocketBuffer = false
    let outcome = run(index, engine: engine)
    guard outcome.returnValue == 2, !outcome.isTrapped else { return outcome }
    try socketBuffer.receive(
      packet.output, metadataCount: packet.metadataCount, linearCount: packet.end - packet.data)
    let number = socketBuffer.protocolNumber
    context.withUnsafeBytes { socketBuffer.contextBytes.copyMemory(from: $0) }
    socketBuffer.protocolNumber = number
    socketBuffer.beside.checksum = beside.checksum
    socketBuffer.beside.hasHash = beside.hasHash
    socketBuffer.beside.isAtIngress = beside.isAtIngress
    socketBuffer.publish()
    claimForSocketBuffer()
    return outcome
  }

  private func claimForSocketBuffer() {
    socketBuffer.claimContext()
    state.pointee.runsOnSocketBuffer = true
  }
}
