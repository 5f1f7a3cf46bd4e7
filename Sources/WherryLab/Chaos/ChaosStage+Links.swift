import WherryCluster

extension ChaosStage {
    /// Breaks a link; it is whole again when this returns.
    func strikeLink(_ fault: ChaosFault) async throws {
        guard let proxy = self.links[fault.target] else { return }
        // Drawn once more from what was drawn.
        let coin = Int(fault.duration * 1_000).isMultiple(of: 2)
        switch fault.kind {
        case .cutLink: await proxy.cut(newConnections: coin ? .blackholed : .refused)
        case .cutLinkOneWay: await proxy.cut(coin ? .toTarget : .toClient)
        case .halfOpenLink: await proxy.halfOpen()
        default: await proxy.reset()
        }
        try await Task.sleep(for: .seconds(fault.duration))
        await proxy.heal()
        // Without an acknowledgement TCP gives a connection up in the end (`tcp_user_timeout`). The proxy's kernel acknowledges what the proxy
        // swallows, so it plays that part; ZeroMQ's connections are watched by heartbeats, and get no such help.
        if fault.kind == .halfOpenLink, fault.target.hasSuffix("database") { await proxy.reset() }
    }
}
