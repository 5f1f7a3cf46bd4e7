internal import WherryWire

/// What must hold for any frames at all.
enum WireOracle {
    /// What decodes encodes, decodes again under the same limits to the same, and then has the same bytes. What does not decode says why, briefly.
    static func check(_ frames: [[UInt8]], _ limits: WireLimits) {
        let message: Message
        do throws(WireError) {
            message = try Message.decode(frames, limits: limits)
        } catch {
            // It goes into logs and REFUSED or DISCONNECT: an answer must not be larger than what was asked for, by much.
            precondition(error.message.utf8.count <= 300, "an error of \(error.message.utf8.count) bytes")
            precondition((error.jobID == nil) || (error.subject != nil), "a job without the question that it was in")
            return
        }
        let encoded = message.encode()
        let again: Message
        do throws(WireError) {
            again = try Message.decode(encoded, limits: limits)
        } catch {
            preconditionFailure("what was decoded is refused once it is encoded: \(error)")
        }
        precondition(again == message, "what was decoded is another message once it is encoded")
        precondition(again.encode() == encoded, "equal messages have other bytes")
    }
}
