extension EventLoop: SerialExecutor {
    package func enqueue(_ job: consuming ExecutorJob) {
        self.enqueue(.job(UnownedJob(job)))
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        // SAFETY: whoever uses it keeps the loop; so does the loop's own thread.
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Lets handlers and timers, which run outside of any task, use `assumeIsolated`.
    package func isIsolatingCurrentContext() -> Bool? {
        self.isOnLoop
    }

    package func checkIsolated() {
        precondition(self.isOnLoop, "called outside of the event loop's thread")
    }
}
