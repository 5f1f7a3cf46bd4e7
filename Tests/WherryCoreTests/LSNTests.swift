import Testing
import WherryCore

@Suite struct LSNTests {
    @Test(
        "text and value convert both ways",
        arguments: [("0/0", 0), ("16/B374D848", 0x16_B374_D848), ("FFFFFFFF/FFFFFFFF", UInt64.max), ("0/1", 1)]
    )
    func roundTrip(text: String, value: UInt64) throws {
        #expect(LSN(text) == LSN(rawValue: value))
        #expect(LSN(rawValue: value).description == text)
    }

    @Test(
        "anything else than two hexadecimal halves is refused",
        arguments: ["", "0", "/", "0/", "/0", "0/0/0", "x/0", "123456789/0", "-1/0", "0/ 1"])
    func refuses(text: String) {
        #expect(LSN(text) == nil)
    }

    @Test func `order is by position, not by text`() throws {
        #expect(try #require(LSN("9/0")) < #require(LSN("10/0")))
    }
}
