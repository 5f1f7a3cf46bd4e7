import Testing
import WherryMigrations

@testable import WherryCLI

@Suite("Parts of the doctor")
struct DoctorPartsTests {
    @Test("What GRANT gives is read from the statements themselves")
    func grants() {
        let granted = GrantedPrivileges(statements: [
            "GRANT USAGE ON SCHEMA wherry TO \"w\"",
            "GRANT SELECT, INSERT ON wherry.receipts, wherry.epochs TO \"w\"",
            "GRANT DELETE ON TABLE wherry.keys TO \"w\"",
            "GRANT EXECUTE ON FUNCTION wherry.guarded(uuid, boolean) TO \"w\"",
            "REVOKE ALL ON wherry.settings FROM \"w\"",
        ])
        #expect(
            granted.byObject == [
                "wherry": ["USAGE"], "receipts": ["SELECT", "INSERT"], "epochs": ["SELECT", "INSERT"], "keys": ["DELETE"],
            ])
        #expect(
            granted.missing(from: ["wherry": ["USAGE"], "receipts": ["SELECT"], "epochs": ["SELECT", "INSERT"], "keys": ["DELETE"]]) == [
                "INSERT on receipts"
            ])
        #expect(granted.surplus(in: ["receipts": ["SELECT", "TRUNCATE", "UPDATE"]]) == ["TRUNCATE, UPDATE on receipts"])
    }

    @Test("Every statement of Grants is understood", arguments: DatabaseRole.allCases)
    func allGrants(role: DatabaseRole) {
        let granted = GrantedPrivileges(for: role, name: "r")
        #expect(granted.byObject["wherry"] == ["USAGE"])
        #expect(granted.byObject["receipts"]?.contains("SELECT") == true)
        #expect(granted.byObject.keys.allSatisfy { $0.allSatisfy { $0.isLetter || $0 == "_" } })
    }

    @Test("The times of a partition are read from its bound")
    func bounds() throws {
        let bound = try #require(
            PartitionBound("FOR VALUES FROM ('01900000-0000-0000-0000-000000000000') TO ('01900000-03e8-0000-0000-000000000000')"))
        #expect(bound.to - bound.from == 1)
        #expect(PartitionBound("DEFAULT") == nil)
        #expect(PartitionBound("FOR VALUES IN ('a')") == nil)
    }

    @Test(
        "Brokers are lists, with or without regions in front of them",
        arguments: [
            (["tcp://a:1"], ["tcp://a:1"]),
            (["tcp://a:1,lax=tcp://b:2", " ipc:///x=y "], ["tcp://a:1", "tcp://b:2", "ipc:///x=y"]),
            (["tcp://a:1", "tcp://a:1,"], ["tcp://a:1"]),
            ([""], []),
        ])
    func endpoints(lists: [String], endpoints: [String]) {
        #expect(BrokerOptions.endpoints(in: lists) == endpoints)
    }

    @Test(
        "Amounts and spans are written with the unit that suits",
        arguments: [
            (Figures.bytes(0), "0 B"), (Figures.bytes(999), "999 B"), (Figures.bytes(1_000), "0.98 KiB"),
            (Figures.bytes(100_000_000), "95.4 MiB"),
            (Figures.bytes(1 << 31), "2.00 GiB"), (Figures.bytes(-2_048), "-2.00 KiB"), (Figures.span(seconds: 40), "40 s"),
            (Figures.span(seconds: 720), "12 min"), (Figures.span(seconds: 36_000), "10.0 h"), (Figures.span(seconds: 604_800), "7.0 days"),
        ])
    func figures(text: String, expected: String) {
        #expect(text == expected)
    }
}
