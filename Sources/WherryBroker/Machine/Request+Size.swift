internal import WherryWire

extension Request {
    var offer: Offer {
        Offer(name: self.job.name, version: self.job.version, isRegionJob: self.isRegionJob)
    }

    /// Roughly what it occupies in memory, in bytes.
    var size: Int {
        self.traceContext.reduce(512 + self.arguments.count + self.job.name.utf8.count + self.contentType.utf8.count) {
            $0 + $1.key.utf8.count + $1.value.utf8.count
        }
    }
}
