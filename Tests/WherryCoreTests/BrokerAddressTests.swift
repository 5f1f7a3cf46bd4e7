import Testing
import WherryCore

@Suite("A broker's address in a configuration")
struct BrokerAddressTests {
    @Test(
        "says where the broker is, and in which region",
        arguments: [
            ("tcp://broker.syd:7400", nil, "tcp://broker.syd:7400", "broker.syd"),
            ("lax=tcp://broker.lax:7400", "lax", "tcp://broker.lax:7400", "broker.lax"),
            ("lax=tcp://10.0.0.1:7400", "lax", "tcp://10.0.0.1:7400", nil),
            ("tcp://[fdaa:0:1::3]:7400", nil, "tcp://[fdaa:0:1::3]:7400", nil),
            ("tcp://localhost:1", nil, "tcp://localhost:1", "localhost"),
            ("tcp://1.2.3.256:1", nil, "tcp://1.2.3.256:1", "1.2.3.256"),
            ("ipc:///run/a=b.sock", nil, "ipc:///run/a=b.sock", nil),
            ("fra=ipc:///run/a=b.sock", "fra", "ipc:///run/a=b.sock", nil),
            ("inproc://broker", nil, "inproc://broker", nil),
        ] as [(String, String?, String, String?)])
    func parses(text: String, region: String?, endpoint: String, hostName: String?) throws {
        let address = try BrokerAddress(parsing: text)
        #expect(address.region == region)
        #expect(address.endpoint == endpoint)
        #expect(address.hostName == hostName)
        #expect(address.description == text)
    }

    @Test(
        "is refused with a sentence that says what it should be",
        arguments: [
            "", "broker:7400", "http://broker:7400", "tcp://broker", "tcp://broker:", "tcp://broker:0", "tcp://broker:70000", "tcp://:7400",
            "tcp://fdaa:0::3:7400", "=tcp://broker:7400", "lax=broker",
        ])
    func refuses(text: String) {
        #expect(throws: BrokerAddress.Malformed.self) { try BrokerAddress(parsing: text) }
    }

    @Test("puts an address in the place of a host name, IPv6 in brackets")
    func replaces() throws {
        let address = try BrokerAddress(parsing: "tcp://broker.syd:7400")
        #expect(address.endpoint(at: "10.0.0.1") == "tcp://10.0.0.1:7400")
        #expect(address.endpoint(at: "fdaa::3") == "tcp://[fdaa::3]:7400")
    }
}
