extension SettingsReader {
    /// Nothing is said but where the database is: one machine, one database.
    package var isSingleMachine: Bool {
        ![Setting.region, .primaryRegion, .brokers, .bind].contains { self.has($0) }
    }

    /// The region that a process runs in.
    ///
    /// - Throws: if it is not said although the primary's is: then there are two, and which this is cannot be guessed.
    package func region() throws(SettingsError) -> String {
        var region = "local"
        if self.has(.primaryRegion) { region = try self.required(.region) }
        try self.read(.region, into: &region)
        return region
    }

    /// The primary's region.
    ///
    /// - Parameter own: the region that the process runs in.
    /// - Throws: if it is not said although there are a region and brokers: then whose brokers they are cannot be guessed.
    package func primaryRegion(own: String) throws(SettingsError) -> String {
        var region = own
        if self.has(.region), self.has(.brokers) { region = try self.required(.primaryRegion) }
        try self.read(.primaryRegion, into: &region)
        return region
    }
}
