internal import CLibZMQ

/// What `zmq_poll` is called with, and whose each entry is. Loop thread only.
///
/// A slot that is given up is out of the poll at once, its readiness forgotten, so it may be used again in the same turn and nobody is told of
/// what another has seen.
@safe struct PollSet {
    /// What came of a poll.
    enum Outcome {
        /// So many entries are ready.
        case ready(Int)
        /// A signal arrived.
        case interrupted
        /// An entry is of no use; libzmq does not say which.
        case invalidEntry
    }

    // SAFETY: the items hold pointers to ZeroMQ sockets, which only libzmq looks into; each socket's owner cancels its registration, and with it
    // takes the pointer out, before closing it.
    private var items: [zmq_pollitem_t] = unsafe []
    private var registrations: [Registration?] = []
    private var freeSlots: [Int] = []

    /// How many slots there are to look through after a poll.
    var count: Int { self.registrations.count }

    /// How many registrations there are.
    private(set) var registrationCount = 0

    /// An entry that `poll(2)` passes over.
    private static var unused: zmq_pollitem_t { unsafe zmq_pollitem_t(socket: nil, fd: -1, events: 0, revents: 0) }

    /// Adds a descriptor of the loop's own, always polled for reading and never removed.
    mutating func addOwn(descriptor: CInt) -> Int {
        unsafe self.items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: CShort(ZMQ_POLLIN), revents: 0))
        self.registrations.append(nil)
        return self.registrations.count - 1
    }

    mutating func add(_ registration: Registration) {
        if let slot = self.freeSlots.popLast() {
            self.registrations[slot] = registration
            registration.slot = slot
        } else {
            registration.slot = self.registrations.count
            unsafe self.items.append(Self.unused)
            self.registrations.append(registration)
        }
        self.registrationCount += 1
        self.update(registration)
    }

    mutating func remove(_ registration: Registration) {
        let slot = registration.slot
        unsafe self.items[slot] = Self.unused
        self.registrations[slot] = nil
        self.freeSlots.append(slot)
        self.registrationCount -= 1
    }

    /// Takes over the interest of a registration.
    mutating func update(_ registration: Registration) {
        let interest = registration.interest
        let revents = unsafe self.items[registration.slot].revents
        var item = unsafe Self.unused
        if !interest.isEmpty {
            switch registration.source {
            case .descriptor(let descriptor): unsafe item.fd = descriptor
            case .zeroMQSocket(let socket): unsafe item.socket = unsafe socket
            }
            if interest.contains(.read) { unsafe item.events |= CShort(ZMQ_POLLIN) }
            if interest.contains(.write) { unsafe item.events |= CShort(ZMQ_POLLOUT) }
        }
        unsafe item.revents = revents
        unsafe self.items[registration.slot] = item
    }

    /// Waits until something is ready.
    ///
    /// - Parameter milliseconds: how long at most; 0 only looks, -1 waits for ever.
    mutating func poll(milliseconds: Int) -> Outcome {
        // SAFETY: the buffer is exclusively ours for the call, and as long as we say.
        let result = unsafe self.items.withUnsafeMutableBufferPointer { items in
            unsafe zmq_poll(items.baseAddress, CInt(items.count), milliseconds)
        }
        if result >= 0 { return .ready(Int(result)) }
        for slot in unsafe self.items.indices { unsafe self.items[slot].revents = 0 }
        return zmq_errno() == EINTR ? .interrupted : .invalidEntry
    }

    /// What the last poll said of a slot, and forgets it; `nil` if nothing.
    mutating func takeReadiness(slot: Int) -> (readiness: Readiness, registration: Registration?)? {
        let events = unsafe CInt(self.items[slot].revents)
        guard events != 0 else { return nil }
        unsafe self.items[slot].revents = 0
        var readiness: Readiness = []
        if events & ZMQ_POLLIN != 0 { readiness.insert(.readable) }
        if events & ZMQ_POLLOUT != 0 { readiness.insert(.writable) }
        if events & ZMQ_POLLERR != 0 { readiness.insert(.error) }
        return (readiness, self.registrations[slot])
    }

    /// The sockets that libzmq no longer answers for: their context was terminated, or they were closed under their registration.
    func invalidSockets() -> [Registration] {
        self.registrations.compactMap { registration in
            guard let registration, case .zeroMQSocket(let socket) = registration.source else { return nil }
            var events: CInt = 0
            var size = MemoryLayout<CInt>.size
            // SAFETY: both pointers are used only during the call.
            let result = unsafe zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size)
            return result == -1 && zmq_errno() != EINTR ? registration : nil
        }
    }

    /// Gives up all registrations.
    mutating func removeAll() -> [Registration] {
        let removed = self.registrations.compactMap { $0 }
        for registration in removed { self.remove(registration) }
        return removed
    }
}
