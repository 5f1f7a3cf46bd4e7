internal import Foundation

// What libFuzzer calls, by the names that it looks for (https://llvm.org/docs/LibFuzzer.html): `main` is its own.

/// One input. What is wrong traps, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
func tryInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer lends `count` bytes until this returns.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    switch FuzzedInput(bytes) {
    case .frames(let frames, let limits): WireOracle.check(frames, limits)
    case .text(let text): TextOracle.check(text)
    }
    return 0
}

/// Before the first input: `--write-seeds FOLDER` writes the seeds instead of running anything.
@_cdecl("LLVMFuzzerInitialize")
func prepare(_ count: UnsafeMutablePointer<CInt>?, _ values: UnsafeMutableRawPointer?) -> CInt {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, arguments[1] == "--write-seeds" else { return 0 }
    do {
        try Seeds.write(to: arguments[2])
        exit(0)
    } catch {
        print("the seeds cannot be written: \(error)")
        exit(1)
    }
}
