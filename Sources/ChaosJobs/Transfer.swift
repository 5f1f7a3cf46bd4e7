import Wherry

/// Moves money: two accounts and a row of the ledger, in one transaction.
package struct Transfer: Job {
    package static let name = "chaos.transfer"

    package var source: Int
    package var target: Int
    package var amount: Int
    /// How long it takes over it.
    package var pauseMilliseconds: Int

    package init(source: Int, target: Int, amount: Int, pauseMilliseconds: Int) {
        self.source = source
        self.target = target
        self.amount = amount
        self.pauseMilliseconds = pauseMilliseconds
    }
}
