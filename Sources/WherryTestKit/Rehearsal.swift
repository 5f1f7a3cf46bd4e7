/// What a handler returned, and what it would have done to the database: see `Handlers.rehearse(_:on:inspect:)`.
public struct Rehearsal<Output: Sendable>: Sendable {
    /// Rows of one table that the handler's transaction touched.
    public struct Change: Sendable, Hashable, CustomStringConvertible {
        /// The table with its schema, for example `public.items`.
        public let table: String
        /// How many rows were inserted.
        public let inserted: Int
        /// How many rows were updated.
        public let updated: Int
        /// How many rows were deleted.
        public let deleted: Int

        /// Makes a change, to compare with.
        public init(_ table: String, inserted: Int = 0, updated: Int = 0, deleted: Int = 0) {
            self.table = table
            self.inserted = inserted
            self.updated = updated
            self.deleted = deleted
        }

        /// For failed expectations.
        public var description: String {
            "\(self.table): \(self.inserted) inserted, \(self.updated) updated, \(self.deleted) deleted"
        }
    }

    /// What the handler returned, encoded and decoded as on its way home.
    public let output: Output
    /// What it would have changed, by table; tables that were only read are not among them.
    public let changes: [Change]
}
