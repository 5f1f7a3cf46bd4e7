import Wherry

/// Appends a number to a list; gives back its place there.
package struct Append: Job {
    package static let name = "chaos.append"
    package typealias Output = Int

    package var list: String
    package var number: Int

    package init(list: String, number: Int) {
        self.list = list
        self.number = number
    }
}
