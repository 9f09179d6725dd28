extension Machine {
  func connectionLookup() -> Sequel { trap(.unknownKernelFunction) }
  func connectionAllocate() -> Sequel { trap(.unknownKernelFunction) }
  func connectionInsert() -> Sequel { trap(.unknownKernelFunction) }
  func connectionRelease() -> Sequel { trap(.unknownKernelFunction) }
  func connectionSetTimeout(isInserted: Bool) -> Sequel { trap(.unknownKernelFunction) }
  func connectionSetStatus() -> Sequel { trap(.unknownKernelFunction) }
  func connectionSetTranslation() -> Sequel { trap(.unknownKernelFunction) }
  func flowLookup() -> Sequel { trap(.unknownKernelFunction) }
  func releaseConnection(_ object: ObjectHeap.Object) { heap.free(object) }
}
