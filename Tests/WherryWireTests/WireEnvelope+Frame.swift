import SwiftProtobuf

@testable import WherryWire

extension WireEnvelope {
    /// The envelope's bytes: for what `Message` cannot say.
    var frame: [UInt8] {
        (try? self.serializedBytes()) ?? []
    }
}
