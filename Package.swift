// swift-tools-version: 6.2
import PackageDescription

/// Each room imports only rooms named before it; see README.md, "Architecture".
let package = Package(
  name: "verdict",
  products: [
    .executable(name: "verdict", targets: ["VerdictCLI"]),
    .executable(name: "verdict-conformance", targets: ["VerdictConformance"]),
    .library(
      name: "Verdict",
      targets: [
        "BPFInstructions", "BPFObject", "BPFMachine", "Capture", "Datapath", "BPFKernel", "VerdictReport",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"]), .brew(["libpcap"])]),
    .target(name: "BPFInstructions"),
    .target(name: "BPFObject", dependencies: ["BPFInstructions"]),
    .target(
      name: "BPFMachine", dependencies: ["BPFInstructions", "BPFObject"],
      swiftSettings: [.define("TRAMPOLINE", .when(configuration: .debug))]),
    .target(
      name: "Capture",
      dependencies: ["CPcap", .product(name: "SystemPackage", package: "swift-system")]),
    .target(name: "Datapath", dependencies: ["BPFInstructions", "BPFObject", "BPFMachine", "Capture"]),
    .target(
      name: "BPFKernel", dependencies: ["BPFInstructions", "BPFObject", "BPFMachine", "Capture", "Datapath"],
      swiftSettings: [.enableExperimentalFeature("Extern")]),
    .target(
      name: "VerdictReport",
      dependencies: [
        "BPFInstructions", "BPFObject", "BPFMachine", "Capture", "Datapath",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
        .product(name: "Yams", package: "Yams"),
      ]),
    .executableTarget(
      name: "VerdictCLI",
      dependencies: [
        "BPFInstructions", "BPFObject", "BPFMachine", "Capture", "Datapath", "BPFKernel", "VerdictReport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .executableTarget(
      name: "VerdictConformance",
      dependencies: [
        "BPFInstructions", "BPFObject", "BPFMachine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // For .ci/benchmark: what `verdict run` is held against, and the run loop alone, in which allocations are counted.
    .executableTarget(name: "BareReadLoop", dependencies: ["CPcap"]),
    .executableTarget(name: "PacketLoop", dependencies: ["BPFObject", "Capture", "Datapath", "VerdictReport"]),
    .testTarget(name: "BPFInstructionsTests", dependencies: ["BPFInstructions"]),
    .testTarget(
      name: "BPFObjectTests", dependencies: ["BPFObject", "BPFInstructions"],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "BPFMachineTests",
      dependencies: [
        "BPFMachine", "BPFObject", "BPFInstructions", "BPFKernel", "KernelRecordings", "VerdictConformance",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    .testTarget(name: "CaptureTests", dependencies: ["Capture"]),
    .testTarget(
      name: "DatapathTests",
      dependencies: ["Datapath", "BPFInstructions", "BPFKernel", "BPFMachine", "BPFObject", "Capture"],
      exclude: ["Objects", "Chains/live.py", "Chains/answers.json"]),
    .target(name: "KernelRecordings", dependencies: ["BPFInstructions", "BPFObject"], path: "Tests/KernelRecordings"),
    .testTarget(
      name: "BPFKernelTests", dependencies: ["BPFKernel", "BPFMachine", "Datapath", "KernelRecordings"],
      exclude: ["Recorded", "Live/skb.py", "Live/answers.json"]),
    .testTarget(
      name: "VerdictReportTests",
      dependencies: [
        "VerdictReport", "BPFInstructions", "BPFObject", "BPFMachine", "BPFKernel", "Capture", "Datapath",
        "KernelRecordings",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], exclude: ["Network/Recorded"]),
    .testTarget(
      name: "VerdictCLITests",
      dependencies: [
        "VerdictCLI", "VerdictReport", "BPFKernel", "Capture",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Objects"]),
  ],
  swiftLanguageModes: [.v6]
)
