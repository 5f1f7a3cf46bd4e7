package import DemoShared

/// What people see of the demo while it runs and when it ends.
package struct DemoScreen {
    private let screen: Screen
    private var progress: ProgressBar?
    private var headings: Set<Int> = []

    private static let labelWidth = DemoStep.allCases.map(\.label.count).max() ?? 0

    package init(_ screen: Screen) {
        self.screen = screen
    }

    private var style: Style { self.screen.style }

    /// Takes away what was being drawn: the demo came to no end.
    package func abandon() {
        self.screen.clearStatus()
    }

    package func introduce(_ wan: WANSummary, from primaryCity: String, to replicaCity: String, airports: Int) {
        let (primary, replica) = (wan.primary.lowercased(), wan.replica.lowercased())
        self.screen.print(self.style(.bold, "Wherry: writes that cross an ocean and come home"))
        self.screen.print()
        self.screen.print("  \(primary)   \(primaryCity): the PostgreSQL primary, a broker and a worker")
        self.screen.print("  \(replica)   \(replicaCity): a streaming replica, and the app beside it")
        self.screen.print("        \(Figures.decimal(wan.kilometres)) km of water and land between them, through which each message takes")
        self.screen.print(
            "        \(Figures.time(milliseconds: wan.roundTripMilliseconds)) there and back. The app writes \(airports) airports.")
        self.screen.print()
    }

    /// Something is being started; the line goes when it is done.
    package func working(on what: String) {
        self.screen.show(status: "  " + self.style(.dim, "\(what)…"))
    }

    package func started(_ what: String, after time: Duration) {
        self.screen.print("  \(self.style(.green, "✓")) \(what), \(Figures.time(milliseconds: time / .milliseconds(1)))")
    }

    package func note(_ text: String) {
        self.screen.print("     " + text)
        self.redraw()
    }

    package mutating func began(_ step: DemoStep, total: Int) {
        if self.headings.insert(step.number).inserted {
            self.screen.print()
            self.screen.print(self.style(.bold, "  \(step.number)  \(step.heading)"))
        }
        self.progress = ProgressBar(title: step.label, total: total)
        self.redraw()
    }

    package mutating func advanced(to done: Int) {
        self.progress?.done = done
        self.redraw()
    }

    package mutating func ended(_ measurement: StepMeasurement) {
        let report = StepReport(measurement, fileRows: measurement.rows)
        if var progress {
            progress.done = progress.total
            self.progress = nil
            self.screen.print(
                "     " + progress.line(titleWidth: Self.labelWidth, style: self.style) + "  "
                    + self.gist(of: report, waits: progress.total))
        }
    }

    package mutating func ended(_ jobs: [BadJobMeasurement]) {
        self.progress = nil
        for job in jobs {
            self.screen.print(
                "     \(job.flaw): \(self.style(.yellow, job.code ?? "no error")) after \(Figures.time(milliseconds: job.milliseconds))")
            self.screen.print("       " + self.style(.dim, job.message))
        }
    }

    private func gist(of report: StepReport, waits: Int) -> String {
        var gist = Figures.time(milliseconds: report.medianWaitMilliseconds) + (waits > 1 ? " each" : "")
        if report.reads > 1 {
            gist += ", " + self.style(report.staleReads == 0 ? .green : .yellow, "\(report.staleReads) of \(report.reads) reads stale")
        } else if report.reads == 1 {
            gist += ", " + (report.staleReads == 0 ? self.style(.green, "visible here") : self.style(.yellow, "not visible here"))
        }
        return gist
    }

    private func redraw() {
        guard let progress else { return }
        self.screen.show(status: "     " + progress.line(titleWidth: Self.labelWidth, style: self.style))
    }
}

// The end: a table, bars, and whether the claims held.
extension DemoScreen {
    package func conclude(_ report: DemoReport) {
        self.screen.print()
        for line in self.table(of: report).lines(style: self.style) { self.screen.print("  " + line) }
        self.screen.print()
        self.screen.print("  " + self.style(.bold, "Time for all \(report.airports) airports"))
        for line in self.chart(of: report).lines(style: self.style) { self.screen.print("  " + line) }
        if report.steps.contains(where: \.isExtrapolated) {
            self.screen.print("  " + self.style(.dim, "* from the rows that were measured, since nobody would watch all of them"))
        }
        self.screen.print()
        for claim in report.claims {
            let mark = claim.held ? self.style(.green, "✓") : self.style(.red, "✗")
            self.screen.print("  \(mark) \(claim.claim)")
            self.screen.print("      " + self.style(.dim, claim.evidence))
        }
        let broken = report.claims.count { !$0.held }
        self.screen.print()
        self.screen.print(
            report.claimsHeld
                ? "  " + self.style(.green, "All \(report.claims.count) claims held.")
                : "  " + self.style(.red, "\(broken) of \(report.claims.count) claims did not hold."))
    }

    private func table(of report: DemoReport) -> Table {
        var table = Table([
            .init("what"), .init("rows", .right), .init("time", .right), .init("median wait", .right), .init("longest", .right),
            .init("reads", .right), .init("stale", .right),
        ])
        for step in report.steps {
            table.append([
                step.step.label,
                String(step.rows),
                Figures.time(milliseconds: step.elapsedMilliseconds),
                Figures.time(milliseconds: step.medianWaitMilliseconds),
                Figures.time(milliseconds: step.longestWaitMilliseconds),
                step.reads > 0 ? String(step.reads) : "",
                step.reads > 0 ? String(step.staleReads) : "",
            ])
        }
        return table
    }

    private func chart(of report: DemoReport) -> BarChart {
        BarChart(
            report.steps.filter { $0.step != .killed }.map { step in
                BarChart.Entry(
                    label: step.step.label,
                    amount: step.wholeFileMilliseconds,
                    caption: Figures.time(milliseconds: step.wholeFileMilliseconds) + (step.isExtrapolated ? " *" : "")
                )
            }
        )
    }
}
