#pragma once

// libzmq, and the few system calls under the event loop that Swift cannot import or that differ between Linux and Darwin.

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#ifdef __linux__
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#endif

// MARK: Wake-up descriptor: an eventfd on Linux, a non-blocking pipe elsewhere.

/// Opens a wake-up descriptor: `ends[0]` is polled and cleared, `ends[1]` is signalled; they may be the same. Returns 0, or -1 with errno.
static inline int wherry_wake_open(int ends[2]) {
#ifdef __linux__
    ends[0] = ends[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return ends[0] < 0 ? -1 : 0;
#else
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, fcntl(ends[i], F_GETFL) | O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    return 0;
#endif
}

/// Makes the polled end readable. A full pipe or counter is readable already, so a failed write is no loss.
static inline void wherry_wake_signal(int end) {
    uint64_t one = 1;
    while (write(end, &one, sizeof one) < 0 && errno == EINTR) {}
}

/// Takes away whatever makes a wake-up descriptor or a timer readable.
static inline void wherry_descriptor_drain(int end) {
#ifdef __linux__
    uint64_t count;
    while (read(end, &count, sizeof count) < 0 && errno == EINTR) {}
#else
    char bytes[512];
    ssize_t count;
    do { count = read(end, bytes, sizeof bytes); } while (count == sizeof bytes || (count < 0 && errno == EINTR));
#endif
}

static inline void wherry_wake_close(int polled, int signalled) {
    close(polled);
    if (signalled != polled) close(signalled);
}

static inline void wherry_descriptor_close(int descriptor) {
    close(descriptor);
}

// MARK: Clock and timer: one that goes on while the machine is suspended, so that a gap is seen as a gap.

#ifdef __linux__
#define WHERRY_CLOCK CLOCK_BOOTTIME
#else
#define WHERRY_CLOCK CLOCK_MONOTONIC
#endif

/// Nanoseconds since an arbitrary origin; never goes back.
static inline int64_t wherry_clock_now(void) {
    struct timespec now;
    clock_gettime(WHERRY_CLOCK, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// Opens a descriptor that becomes readable at a set time; -1 where there is none (the caller then waits by poll's milliseconds).
static inline int wherry_timer_open(void) {
#ifdef __linux__
    return timerfd_create(WHERRY_CLOCK, TFD_NONBLOCK | TFD_CLOEXEC);
#else
    errno = ENOSYS;
    return -1;
#endif
}

/// Sets the time, by `wherry_clock_now`, when the timer becomes readable. Returns 0, or -1 with errno.
static inline int wherry_timer_arm(int timer, int64_t nanoseconds) {
#ifdef __linux__
    if (nanoseconds < 1) nanoseconds = 1;  // zero would disarm it
    struct itimerspec setting = {
        .it_interval = {0, 0},
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000},
    };
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
#else
    errno = ENOSYS;
    return -1;
#endif
}

// MARK: Threads

/// Which thread this is; never zero.
///
/// Not inlined and with a side effect, as far as the optimizer knows: otherwise `pthread_self` counts as constant and is folded across a
/// suspension point, after which an async function may well be on another thread.
__attribute__((noinline)) static uintptr_t wherry_thread_identity(void) {
    uintptr_t identity = (uintptr_t)pthread_self();
    __asm__ volatile("" : "+r"(identity) : : "memory");
    return identity;
}

/// Names the calling thread; Linux keeps 15 bytes.
static inline void wherry_thread_set_name(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, name, 0, 0, 0);
#else
    pthread_setname_np(name);
#endif
}

/// Starts a thread. With `thread`, it must be joined; without, it frees itself when it ends. Returns 0 or an errno.
static inline int wherry_thread_start(uintptr_t *thread, void *(*body)(void *), void *context) {
    pthread_t started;
    int result = pthread_create(&started, NULL, body, context);
    if (result != 0) return result;
    if (thread) *thread = (uintptr_t)started;
    else pthread_detach(started);
    return 0;
}

/// Waits until a thread has ended and frees it. Returns 0 or an errno.
static inline int wherry_thread_join(uintptr_t thread) {
    return pthread_join((pthread_t)thread, NULL);
}
