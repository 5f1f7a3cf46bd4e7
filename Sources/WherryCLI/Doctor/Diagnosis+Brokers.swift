import WherryCore
import WherryWire

extension Diagnosis {
    var brokers: [Finding] {
        self.facts.brokers.flatMap(self.judge)
    }

    private func judge(_ broker: BrokerAnswer) -> [Finding] {
        guard let welcome = broker.welcome else {
            return [
                .problem(
                    .brokers, "\(broker.endpoint): \(broker.failure ?? "no answer")",
                    do: "is it running (wherry broker --bind …), is the address right, does a firewall stand in between?")
            ]
        }
        var seen = "\(broker.endpoint): in \(welcome.region)"
        if let roundTrip = broker.roundTrip { seen += ", \(Figures.time(milliseconds: roundTrip.milliseconds)) away" }
        if let status = broker.status {
            seen += ", \(status.workerCount) \(status.workerCount == 1 ? "worker" : "workers"), \(status.waiting) waiting"
        }
        var findings = [Finding.ok(.brokers, seen)]
        if let failure = broker.failure {
            findings.append(.warning(.brokers, "\(broker.endpoint): \(failure)", do: "upgrade it: brokers are upgraded first"))
        }
        if broker.status?.isDraining == true {
            findings.append(
                .warning(
                    .brokers, "\(broker.endpoint): shuts down and takes no more jobs", do: "start another one, or wait for its successor"))
        }
        if let epoch = welcome.primary?.epoch, let known = self.facts.primary?.epoch ?? nil, epoch.relation(to: known) != .same {
            findings.append(
                .problem(
                    .brokers,
                    "\(broker.endpoint): its workers see another history of the database (\(epoch)) than the primary here (\(known))",
                    do: "let workers and this environment name the same primary"))
        }
        let idle = broker.status.map { status in status.workers.filter { !$0.isServing } } ?? []
        if !idle.isEmpty {
            findings.append(
                .warning(
                    .brokers, "\(broker.endpoint): \(idle.count) of its workers \(idle.count == 1 ? "is" : "are") given nothing",
                    do: "they see no primary, or an older one, or drain: look at their logs"))
        }
        return findings
    }

    var jobs: [Finding] {
        let answers = self.facts.brokers.compactMap { broker in broker.welcome.map { (broker.endpoint, $0.offers) } }
        guard !answers.isEmpty else { return [] }
        let all = Set(answers.flatMap(\.1))
        guard !all.isEmpty else {
            return [.warning(.jobs, "no worker offers any job", do: "start a worker with $WHERRY_BROKERS set to these brokers")]
        }
        var findings = [Finding.ok(.jobs, "offered: \(Self.list(all))")]
        for (endpoint, offers) in answers {
            let missing = all.subtracting(offers)
            if !missing.isEmpty {
                findings.append(
                    .warning(
                        .jobs, "\(endpoint): no worker offers \(Self.list(missing)) there, but at another broker",
                        do: "let every worker know all brokers ($WHERRY_BROKERS)"))
            }
        }
        return findings
    }

    private static func list(_ offers: Set<Offer>) -> String {
        offers.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
            .map { $0.version == 1 ? $0.name : "\($0.name) v\($0.version)" }.joined(separator: ", ")
    }
}
