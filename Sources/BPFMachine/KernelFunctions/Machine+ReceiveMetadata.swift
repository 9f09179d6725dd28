extension Machine {
  func metadataTimestamp() -> Sequel { trap(.unknownKernelFunction) }
  func metadataHash() -> Sequel { trap(.unknownKernelFunction) }
  func metadataTag() -> Sequel { trap(.unknownKernelFunction) }
  func castToKernelContext(program: Int) -> Sequel { trap(.unknownKernelFunction) }
}
