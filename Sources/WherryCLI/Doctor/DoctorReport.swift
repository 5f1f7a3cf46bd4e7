import Foundation

/// What the doctor says in the end.
struct DoctorReport: Hashable, Sendable, Encodable {
    var problems: Int
    var warnings: Int
    var findings: [Finding]

    init(_ findings: [Finding]) {
        self.findings = findings
        self.problems = findings.count { $0.severity == .problem }
        self.warnings = findings.count { $0.severity == .warning }
    }

    func json() throws -> String { try JSONText.encode(self) }

    /// A line for each finding, and one for what to do about it.
    func lines(style: Style) -> [String] {
        let width = self.findings.map(\.topic.rawValue.count).max() ?? 0
        var lines: [String] = []
        for finding in self.findings {
            let topic = Table.pad(finding.topic.rawValue, to: width)
            lines.append("\(Self.mark(finding.severity, style: style))  \(style(.dim, topic))  \(finding.seen)")
            if let advice = finding.advice { lines.append("\(Self.indent(width))→ \(advice)") }
        }
        lines.append("")
        lines.append(self.conclusion(style: style))
        return lines
    }

    private static func indent(_ width: Int) -> String { String(repeating: " ", count: 7 + 2 + width + 2) }

    private static func mark(_ severity: Finding.Severity, style: Style) -> String {
        let word = Table.pad(severity.rawValue, to: 7)
        return switch severity {
        case .ok: style(.green, word)
        case .warning: style(.yellow, word)
        case .problem: style(.red, word)
        }
    }

    private func conclusion(style: Style) -> String {
        let warnings = "\(self.warnings) \(self.warnings == 1 ? "warning" : "warnings")"
        if self.problems == 0 { return style(.bold, self.warnings == 0 ? "All is well." : "No problem, \(warnings).") }
        return style(.bold, "\(self.problems) \(self.problems == 1 ? "problem" : "problems"), \(warnings).")
    }
}
