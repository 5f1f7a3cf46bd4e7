import DemoShared
import Testing
import WherryCLI

@Suite("The demo's audit")
struct DemoAuditTests {
    private static func audit(onReplica: String = "", onPrimary: String = "", receipts: String = "") -> DemoAudit {
        DemoAudit(
            [StepMeasurement(step: .naive, rows: 40), StepMeasurement(step: .killed, rows: 377)],
            onReplica: onReplica, onPrimary: onPrimary, killed: ("id", 188), kills: 1, receipts: receipts)
    }

    @Test("Rows are what psql counts, not what the app tells")
    func counts() {
        let audit = Self.audit(
            onReplica: "naive|41|40\nkilled|377|377\n", onPrimary: "naive|41|40\nkilled|754|377", receipts: "committed|1")
        #expect(audit.measurements.map(\.rowsFound) == [41, 377])
        #expect(audit.measurements.map(\.airportsFound) == [40, 377])
        #expect(audit.killedWorker.rowsOnPrimary == 754)
        #expect(audit.killedWorker.receipts == 1)
        #expect(audit.killedWorker.outcome == "committed")
    }

    @Test("Tables without rows count as none")
    func nothing() {
        let audit = Self.audit()
        #expect(audit.measurements.map(\.rowsFound) == [0, 0])
        #expect(audit.killedWorker.receipts == 0)
        #expect(audit.killedWorker.outcome == "")
    }

    @Test("Two outcomes of one id are both told")
    func twoOutcomes() {
        let killed = Self.audit(receipts: "committed|1\nfailed|2").killedWorker
        #expect(killed.receipts == 3)
        #expect(killed.outcome == "committed, failed")
    }
}
