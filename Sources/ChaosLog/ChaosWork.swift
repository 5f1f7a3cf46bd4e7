/// What a caller of the chaos run asks for, in its own words: a job's arguments as the checker has to know them.
package enum ChaosWork: Codable, Hashable, Sendable {
    /// Money goes from one account to another.
    case transfer(source: Int, target: Int, amount: Int)
    /// A number goes to the end of a list; a caller appends 1, 2, 3 … to a list of its own, one after another.
    case append(list: String, number: Int)
    /// Something that must happen once for a key, however many callers ask for it.
    case order(key: String)
    /// Its handler writes a row and throws.
    case failure
}
