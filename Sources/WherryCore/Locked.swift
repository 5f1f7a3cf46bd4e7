#if SANITIZE_THREAD
    #if canImport(Glibc)
        import Glibc
    #else
        import Darwin
    #endif

    /// `Synchronization.Mutex` on a pthread mutex, which ThreadSanitizer understands: through the real one it reports races that do not exist.
    package final class Locked<Value: ~Copyable>: @unchecked Sendable {
        // SAFETY: `value` is touched only while `mutex` is held; the mutex lives as long as this object.
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private var value: Value

        package init(_ value: consuming sending Value) {
            self.mutex = .allocate(capacity: 1)
            pthread_mutex_init(self.mutex, nil)
            self.value = value
        }

        deinit {
            pthread_mutex_destroy(self.mutex)
            self.mutex.deallocate()
        }

        package func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(self.mutex)
            defer { pthread_mutex_unlock(self.mutex) }
            return try body(&self.value)
        }
    }
#else
    package import Synchronization

    /// A lock around a value. An alias, so that builds under ThreadSanitizer can put one in its place that the sanitizer understands.
    package typealias Locked = Mutex
#endif
