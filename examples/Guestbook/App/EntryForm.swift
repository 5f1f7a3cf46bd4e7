/// What a visitor sends.
struct EntryForm: Decodable {
    var name = ""
    var message = ""
}
