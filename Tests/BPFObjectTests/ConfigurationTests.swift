import BPFObject
import Testing

/// What fits what is libbpf's: `set_kcfg_value_tri`, `set_kcfg_value_str` and `set_kcfg_value_num` of libbpf.c.
@Suite("kernel configuration")
struct ConfigurationTests {
  @Test(
    "a value becomes the bytes that libbpf gives the variable",
    arguments: [
      ("LINUX_KERNEL_VERSION", "0x60f00", [0, 0x0f, 6, 0]), ("LINUX_KERNEL_VERSION", "-2", [0xfe, 0xff, 0xff, 0xff]),
      ("CONFIG_NO_SUCH_NUMBER", "65535", [0xff, 0xff]), ("CONFIG_NO_SUCH_NUMBER", "010", [8, 0]),
      ("CONFIG_BPF_SYSCALL", "y", [1]), ("CONFIG_BPF_SYSCALL", "n", [0]),
      ("CONFIG_DEFAULT_HOSTNAME", "\"box\"", Array("box".utf8) + [UInt8](repeating: 0, count: 29)),
      (
        "CONFIG_DEFAULT_HOSTNAME", "\"a name that is longer than thirty-two bytes\"",
        Array("a name that is longer than thir".utf8) + [0]
      ),
    ] as [(String, String, [UInt8])])
  func fits(name: String, text: String, bytes: [UInt8]) throws {
    var object = try Fixture.object("maps.o")
    try object.setConfiguration(name, to: try #require(KernelConfigValue(text)))
    let variable = try #require(object.configuration.first { $0.name == name })
    #expect(variable.isSet)
    let contents = try #require(object.map(named: ".kconfig")?.initialContents)
    #expect(Array(contents[Int(variable.offset)..<Int(variable.offset + variable.size)]) == bytes)
    let rest = contents.indices.filter { !(Int(variable.offset)..<Int(variable.offset + variable.size)).contains($0) }
    #expect(rest.allSatisfy { contents[$0] == 0 })
  }

  @Test(
    "a value that does not fit is refused by name",
    arguments: [
      ("CONFIG_BPF_SYSCALL", "m", "m is no value of type _Bool"),
      ("CONFIG_BPF_SYSCALL", "1", "1 is no value of type _Bool"),
      ("CONFIG_NO_SUCH_NUMBER", "65536", "65536 is no value of type u16"),
      ("CONFIG_NO_SUCH_NUMBER", "-1", "18446744073709551615 is no value of type u16"),
      ("CONFIG_NO_SUCH_NUMBER", "y", "y is no value of type u16"),
      ("LINUX_KERNEL_VERSION", "2147483648", "2147483648 is no value of type int"),
      ("CONFIG_DEFAULT_HOSTNAME", "7", "7 is no value of type char [32]"),
      ("CONFIG_HZ", "7", "the object has none of that name"),
    ])
  func doesNotFit(name: String, text: String, reason: String) throws {
    var object = try Fixture.object("maps.o")
    let value = try #require(KernelConfigValue(text))
    let error = #expect(throws: ObjectError.self) { try object.setConfiguration(name, to: value) }
    #expect(error?.kind == .badConfiguration)
    #expect(error?.message == "__kconfig variable \(name): \(reason)")
    #expect(object.map(named: ".kconfig")?.initialContents?.allSatisfy { $0 == 0 } == true)
  }

  @Test("what is no value at all", arguments: ["", "yes", "1x", "0x", "08", "\"open", "\"", "+5", "0x-1", "--1", "é"])
  func noValue(text: String) {
    #expect(KernelConfigValue(text) == nil)
  }

  @Test("a configuration file gives its options; of two the first")
  func file() throws {
    let text =
      "#\n# Linux/x86\n#\nCONFIG_HZ=250\n# CONFIG_SMP is not set\nCONFIG_BPF=y\r\nCONFIG_NAME=\"a=b\"\nCONFIG_HZ=1000\n"
    let configuration = try KernelConfiguration(parsing: Array(text.utf8), file: "config")
    #expect(
      configuration.values == ["CONFIG_HZ": .number(250), "CONFIG_BPF": .tristate(.yes), "CONFIG_NAME": .text("a=b")])
  }

  @Test(
    "a file that is no configuration is refused with its place",
    arguments: [
      ("", "config: there is no line CONFIG_…=… in it; a kernel's configuration is its .config or /proc/config.gz"),
      (
        "# a\nCONFIG_HZ=often\n",
        "config: offset 4: CONFIG_HZ=often: the value is no y, n or m, no number and no text in quotes"
      ),
    ])
  func badFile(text: String, message: String) {
    let error = #expect(throws: ObjectError.self) {
      try KernelConfiguration(parsing: Array(text.utf8), file: "config")
    }
    #expect(error?.description == message)
  }
}
