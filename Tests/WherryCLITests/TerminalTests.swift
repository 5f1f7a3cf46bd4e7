import Testing
import WherryCLI

@Suite("What is drawn in a terminal")
struct TerminalTests {
    private static let plain = Style(isColoured: false)

    @Test(
        "A bar fills by eighths of a cell and stays within its width",
        arguments: [
            (0.0, ""), (-1.0, ""), (0.001, "▏"), (0.125, "▌"), (0.5, "██"), (0.53, "██▏"), (1.0, "████"), (7.0, "████"), (.nan, ""),
        ])
    func bars(share: Double, drawn: String) {
        #expect(Bar.draw(share, width: 4) == drawn)
    }

    @Test("A chart scales its bars to the largest amount and lines its labels up")
    func chart() {
        let chart = BarChart(
            [
                .init(label: "loop", amount: 100, caption: "100 s"),
                .init(label: "one job", amount: 25, caption: "25 s"),
                .init(label: "nothing", amount: 0, caption: "0 s"),
            ],
            width: 8
        )
        #expect(chart.lines(style: Self.plain) == ["loop     ████████ 100 s", "one job  ██ 25 s", "nothing  0 s"])
        #expect(BarChart([.init(label: "a", amount: 0, caption: "0")]).lines(style: Self.plain) == ["a  0"])
    }

    @Test("A table is as wide as its widest cells, and numbers stand at the right")
    func table() {
        var table = Table([.init("what"), .init("rows", .right)])
        table.append(["naïve", "7"])
        table.append(["one job for all", "12345"])
        #expect(
            table.lines(style: Self.plain) == [
                "what               rows",
                "───────────────   ─────",
                "naïve                 7",
                "one job for all   12345",
            ])
    }

    @Test("A progress bar keeps its width from nothing to everything", arguments: [0, 1, 3, 7, 10, 11])
    func progress(done: Int) {
        let bar = ProgressBar(title: "rows", done: done, total: 10, width: 8)
        let line = bar.line(titleWidth: 6, style: Self.plain)
        #expect(line.hasPrefix("rows    "))
        #expect(line.hasSuffix("  \(done)/10"))
        #expect(line.dropFirst(8).prefix { $0 != " " }.count == 8)
    }

    @Test("Something without a total is done from the start")
    func emptyProgress() {
        #expect(ProgressBar(title: "", total: 0).share == 1)
    }

    @Test(
        "Times have three figures and the unit that suits",
        arguments: [
            (0.0, "0.00 ms"), (0.8237, "0.82 ms"), (9.994, "9.99 ms"), (9.996, "10.0 ms"), (99.96, "100 ms"), (145.4, "145 ms"),
            (999.4, "999 ms"),
            (999.6, "1.00 s"), (9_996.0, "10.0 s"), (55_123.0, "55.1 s"), (123_456.0, "123 s"),
        ])
    func times(milliseconds: Double, text: String) {
        #expect(Figures.time(milliseconds: milliseconds) == text)
    }

    @Test(
        "Numbers are rounded, signed and grouped",
        arguments: [
            (12_051.4, 0, "12\u{202F}051"), (1234.5, 1, "1234.5"), (1_234_567.0, 0, "1\u{202F}234\u{202F}567"), (-0.04, 1, "0.0"),
            (-2.06, 1, "-2.1"), (0.05, 2, "0.05"), (.infinity, 1, "inf"),
        ])
    func decimals(value: Double, decimals: Int, text: String) {
        #expect(Figures.decimal(value, decimals: decimals) == text)
    }

    @Test(
        "Colour is for terminals, and NO_COLOR forbids it there too",
        arguments: [
            (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false), (true, ["NO_COLOR": ""], true),
        ])
    func colour(isTerminal: Bool, environment: [String: String], coloured: Bool) {
        let style = Style(isTerminal: isTerminal, environment: environment)
        #expect(style(.red, "x").contains("\u{1B}") == coloured)
    }

    @Test("Off a terminal a status line is never written")
    func statusOffTerminal() {
        let output = Output()
        let screen = Screen(isTerminal: false, style: Self.plain, write: output.append)
        screen.show(status: "working")
        screen.print("done")
        #expect(output.text == "done\n")
    }

    @Test("On a terminal a status line gives way to what is printed")
    func statusOnTerminal() {
        let output = Output()
        let screen = Screen(isTerminal: true, style: Self.plain, write: output.append)
        screen.show(status: "working")
        screen.print("done")
        screen.print("more")
        #expect(output.text == "\r\u{1B}[2Kworking\r\u{1B}[2Kdone\nmore\n")
    }

    /// Collects what a screen writes.
    private final class Output {
        var text = ""

        func append(_ text: String) {
            self.text += text
        }
    }
}
