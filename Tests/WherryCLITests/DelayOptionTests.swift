import Testing
import WherryCLI

@Suite("Delays on the command line")
struct DelayOptionTests {
    @Test(
        "Milliseconds, seconds, or a bare number of milliseconds",
        arguments: [
            ("150ms", Duration.milliseconds(150)), ("1.5s", .milliseconds(1500)), ("80", .milliseconds(80)), ("0", .zero),
            ("10s", .seconds(10)),
        ])
    func readable(text: String, duration: Duration) {
        #expect(DelayOption(argument: text)?.duration == duration)
    }

    @Test("What is no delay is refused", arguments: ["", "ms", "-1ms", "fast", "nan", "inf", "11s", "1m"])
    func unreadable(text: String) {
        #expect(DelayOption(argument: text) == nil)
    }
}
