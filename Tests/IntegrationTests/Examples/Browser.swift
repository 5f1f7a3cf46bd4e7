import Foundation
import Subprocess
import SystemPackage

/// Headless Chromium, driven by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over pipes: one JSON object after
/// another, each followed by a NUL.
actor Browser {
    /// What the browser answered instead of doing it.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// A tab.
    struct Page: Sendable {
        fileprivate let browser: Browser
        fileprivate let session: String

        /// Goes to an address, and waits until the page has loaded.
        func open(_ url: String) async throws {
            try await self.load { try await self.browser.call("Page.navigate", DevTools.Parameters(url: url), in: self.session) }
        }

        /// Does something that leads to a new page, and waits until it has loaded.
        func load(_ action: () async throws -> Void) async throws {
            let loaded = await self.count(of: "Page.loadEventFired")
            try await action()
            try await self.waitFor("Page.loadEventFired", count: loaded + 1)
        }

        /// What an expression in JavaScript gives, as text.
        @discardableResult
        func evaluate(_ expression: String) async throws -> String {
            let result = try await self.browser.call(
                "Runtime.evaluate", DevTools.Parameters(expression: "String(\(expression))"), in: self.session)
            if let details = result.exceptionDetails { throw Refusal(description: "\(expression): \(details.text)") }
            return result.result?.value ?? ""
        }

        /// What there is to read.
        var text: String {
            get async throws { try await self.evaluate("document.body.innerText") }
        }

        /// How many events of a kind there have been in this tab.
        func count(of event: String) async -> Int {
            await self.browser.events[self.session]?[event] ?? 0
        }

        /// Waits until there have been so many events of a kind in this tab.
        func waitFor(_ event: String, count: Int) async throws {
            try await self.browser.wait(for: event, in: self.session, count: count)
        }
    }

    private let input: StandardInputWriter
    private var lastID = 0
    private var calls: [Int: CheckedContinuation<DevTools.Result, any Error>] = [:]
    fileprivate var events: [String: [String: Int]] = [:]
    private var waiters: [(session: String, event: String, count: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    private var hasEnded = false

    private init(input: StandardInputWriter) {
        self.input = input
    }

    /// Whether there is a browser on this machine.
    static var path: String? {
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }

    /// Starts a browser with a profile of its own, and ends it with the body.
    static func run<Result: Sendable>(_ body: @Sendable (Browser) async throws -> Result) async throws -> Result {
        guard let path = Self.path else { throw Refusal(description: "there is no Chromium here: scripts/setup --tests installs it") }
        let folder = NSTemporaryDirectory() + "wherry-browser-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Chromium reads commands from descriptor 3 and writes answers to 4. As root it has no sandbox; the page is this package's own.
        let arguments = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe",
            "--user-data-dir=\(folder)", "about:blank",
        ]
        let configuration = Configuration(
            executable: .path("/bin/sh"),
            arguments: Arguments(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null", path] + arguments),
            environment: .custom(["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": .init(folder)])
        )
        let outcome = try await Subprocess.run(configuration, input: .inputWriter, output: .sequence, error: .discarded) { execution in
            let browser = Browser(input: execution.standardInputWriter)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                let messages = execution.standardOutput.strings(
                    separatedBy: .unicodeScalarSequence(["\0"]), bufferingPolicy: .unbounded)
                group.addTask {
                    do {
                        for try await message in messages { try await browser.receive(message) }
                    } catch {
                        await browser.end()
                        throw error
                    }
                    await browser.end()
                }
                let result = try await body(browser)
                _ = try? await browser.call("Browser.close")
                try await group.waitForAll()
                return result
            }
        }
        return outcome.closureResult
    }

    /// Opens a tab that shares cookies with the others, or with none of them.
    func makePage(asStranger: Bool = false) async throws -> Page {
        var parameters = DevTools.Parameters(url: "about:blank")
        if asStranger { parameters.browserContextId = try await self.call("Target.createBrowserContext").browserContextId }
        let target = try await self.call("Target.createTarget", parameters).targetId
        let session = try await self.call("Target.attachToTarget", DevTools.Parameters(targetId: target, flatten: true)).sessionId ?? ""
        for domain in ["Page", "Network", "Runtime"] { try await self.call("\(domain).enable", in: session) }
        return Page(browser: self, session: session)
    }

    @discardableResult
    fileprivate func call(
        _ method: String, _ parameters: DevTools.Parameters = DevTools.Parameters(), in session: String? = nil
    ) async throws -> DevTools.Result {
        guard !self.hasEnded else { throw Refusal(description: "the browser has ended") }
        self.lastID += 1
        let id = self.lastID
        let command = DevTools.Command(id: id, method: method, sessionId: session, params: parameters)
        let bytes = try Array(JSONEncoder().encode(command)) + [0]
        return try await withCheckedThrowingContinuation { continuation in
            self.calls[id] = continuation
            Task { try await self.write(bytes) }
        }
    }

    private func write(_ bytes: [UInt8]) async throws {
        _ = try await self.input.write(bytes)
    }

    fileprivate func wait(for event: String, in session: String, count: Int) async throws {
        if self.events[session]?[event] ?? 0 >= count { return }
        guard !self.hasEnded else { throw Refusal(description: "the browser has ended") }
        try await withCheckedThrowingContinuation { self.waiters.append((session, event, count, $0)) }
    }

    private func receive(_ text: String) throws {
        let text = text.trimmingCharacters(in: ["\0"])
        guard !text.isEmpty else { return }
        let message = try JSONDecoder().decode(DevTools.Message.self, from: Data(text.utf8))
        if let id = message.id, let call = self.calls.removeValue(forKey: id) {
            if let error = message.error {
                call.resume(throwing: Refusal(description: error.message))
            } else {
                call.resume(returning: message.result ?? DevTools.Result())
            }
        } else if let event = message.method, let session = message.sessionId {
            let count = (self.events[session]?[event] ?? 0) + 1
            self.events[session, default: [:]][event] = count
            let due = self.waiters.filter { $0.session == session && $0.event == event && $0.count <= count }
            self.waiters.removeAll { $0.session == session && $0.event == event && $0.count <= count }
            for waiter in due { waiter.continuation.resume() }
        }
    }

    private func end() {
        self.hasEnded = true
        let ended = Refusal(description: "the browser has ended")
        for call in self.calls.values { call.resume(throwing: ended) }
        for waiter in self.waiters { waiter.continuation.resume(throwing: ended) }
        self.calls = [:]
        self.waiters = []
    }
}
