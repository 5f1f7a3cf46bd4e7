import ChaosLog
import ServiceLifecycle
import Wherry

/// All that an app does: so many lanes at once, each one thing after another.
struct Load: Service {
    let client: WherryClient
    let journal: Journal
    let post: Post
    let name: String
    let seed: UInt64
    let lanes: Int

    func run() async throws {
        var seeds = SplitMix64(seed: self.seed)
        await withDiscardingTaskGroup { group in
            for number in 1...self.lanes {
                let generator = SplitMix64(seed: seeds.next())
                group.addTask {
                    var lane = Lane(
                        client: self.client, journal: self.journal, post: self.post, name: "\(self.name)-\(number)", generator: generator)
                    await lane.run()
                }
            }
        }
        self.journal.write(.finished)
    }
}
