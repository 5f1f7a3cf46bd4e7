/// Numbers as people read them.
package enum Figures {
    /// Rounded to so many decimals, thousands apart: `12 053`, `0.28`.
    package static func decimal(_ value: Double, decimals: Int = 0) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
        let scale = (0..<decimals).reduce(1) { power, _ in power * 10 }
        let scaled = Int((value.magnitude * Double(scale)).rounded())
        var whole = String(scaled / scale)
        if whole.count > 4 {
            for place in stride(from: whole.count - 3, to: 0, by: -3) {
                whole.insert("\u{202F}", at: whole.index(whole.startIndex, offsetBy: place))
            }
        }
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard decimals > 0 else { return sign + whole }
        let fraction = String(scaled % scale)
        return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// With three figures and the unit that suits: `0.82 ms`, `146 ms`, `55.1 s`.
    package static func time(milliseconds: Double) -> String {
        switch milliseconds.magnitude {
        case ..<9.995: self.decimal(milliseconds, decimals: 2) + " ms"
        case ..<99.95: self.decimal(milliseconds, decimals: 1) + " ms"
        case ..<999.5: self.decimal(milliseconds) + " ms"
        case ..<9_995: self.decimal(milliseconds / 1000, decimals: 2) + " s"
        case ..<99_950: self.decimal(milliseconds / 1000, decimals: 1) + " s"
        default: self.decimal(milliseconds / 1000) + " s"
        }
    }
}

extension Figures {
    /// With three figures and the unit that suits: `0 B`, `812 KiB`, `1.21 GiB`.
    package static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var amount = Double(count.magnitude)
        var unit = 0
        // What would be rounded to 1000 is better said in the next unit.
        while amount >= 999.5, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        let decimals = unit == 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2
        return (count < 0 ? "-" : "") + self.decimal(amount, decimals: decimals) + " " + units[unit]
    }

    /// A long time in its largest unit: `40 s`, `12 min`, `7.0 days`.
    package static func span(seconds: Double) -> String {
        switch seconds.magnitude {
        case ..<99.5: self.decimal(seconds) + " s"
        case ..<5_970: self.decimal(seconds / 60) + " min"
        case ..<172_800: self.decimal(seconds / 3_600, decimals: 1) + " h"
        default: self.decimal(seconds / 86_400, decimals: 1) + " days"
        }
    }
}
