import Testing
import WherryCore

@testable import WherryWire

@Suite struct MessageFuzzTests {
    @Test(.timeLimit(.minutes(2)), arguments: 1...4) func `damaged messages are either messages or typed errors; none traps`(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let samples = MessageSamples.all.map { $0.encode() }
        var decoded = 0
        var refused = 0
        for _ in 0..<50_000 {
            var frames = samples.randomElement(using: &generator)!  // SAFETY: there are samples.
            for _ in 0...Int.random(in: 0..<4, using: &generator) { Self.damage(&frames, samples: samples, using: &generator) }
            do throws(WireError) {
                let message = try Message.decode(frames)
                // What was accepted can be sent on, and means the same to the next one.
                let again = try? Message.decode(message.encode())
                #expect(again == message)
                decoded += 1
            } catch {
                refused += 1
            }
        }
        // Both must happen, or the damage is too mild or too harsh to show anything.
        #expect(decoded > 1_000)
        #expect(refused > 1_000)
    }

    @Test(.timeLimit(.minutes(2))) func `random bytes are either messages or typed errors; none traps`() {
        var generator = SplitMix64(seed: 99)
        for _ in 0..<200_000 {
            let frames = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                (0..<Int.random(in: 0..<40, using: &generator)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            }
            _ = try? Message.decode(frames)
        }
    }

    @Test func `nesting without end is refused, not followed`() {
        var bytes: [UInt8] = []
        for _ in 0..<10_000 {
            // Field 2, a message of what follows: as deep as a reader would go.
            var length = bytes.count
            var header: [UInt8] = [0x12]
            repeat {
                header.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
                length >>= 7
            } while length > 0
            bytes = header + bytes
        }
        #expect(throws: WireError.self) { try Message.decode([[0x08, 0x01] + bytes]) }
    }

    private static func damage(_ frames: inout [[UInt8]], samples: [[[UInt8]]], using generator: inout SplitMix64) {
        guard !frames.isEmpty else {
            frames = [[]]
            return
        }
        let frame = Int.random(in: 0..<frames.count, using: &generator)
        let count = frames[frame].count
        let place = Int.random(in: 0...max(0, count - 1), using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0 where count > 0: frames[frame][place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1 where count > 0: frames[frame][place] = UInt8.random(in: .min ... .max, using: &generator)
        case 2 where count > 0: frames[frame].remove(at: place)
        case 3: frames[frame].insert(UInt8.random(in: .min ... .max, using: &generator), at: min(place, count))
        case 4: frames[frame].removeLast(Int.random(in: 0...count, using: &generator))
        case 5: frames[frame] += frames[frame].suffix(Int.random(in: 0...count, using: &generator))
        case 6: frames[frame] += samples.randomElement(using: &generator)![0].dropFirst(2)  // SAFETY: there are samples.
        default:
            if Bool.random(using: &generator) { frames.append([1, 2, 3]) } else { frames.remove(at: frame) }
        }
    }
}
