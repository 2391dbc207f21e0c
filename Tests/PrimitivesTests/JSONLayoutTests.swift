import Primitives
import Testing

/// Objects and arrays that set their members apart by themselves.
@Suite struct JSONLayoutTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter(capacity: 0)
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func anObjectHasCommasBetweenItsMembersOnly() {
        #expect(text { $0.object { _ in } } == "{}")
        #expect(text { $0.object { $0.member("a", 1) } } == #"{"a":1}"#)
        let all = text { json in
            json.object { json in
                json.member("text", "{")
                json.member("bytes", ByteString("["))
                json.member("number", -5)
                json.member("is", true)
                json.member("nothing", String?.none)
                json.member("no", Int?.none)
                json.name("raw")
                json.raw("[1,2]")
            }
        }
        #expect(all == #"{"text":"{","bytes":"[","number":-5,"is":true,"nothing":null,"no":null,"raw":[1,2]}"#)
    }

    @Test func whatIsNestedIsSetApartAsWell() {
        let all = text { json in
            json.object { json in
                json.member("empty") { $0.array([Int]()) { $0.integer($1) } }
                json.member("one") { $0.array([7]) { $0.integer($1) } }
                json.member("objects") { json in
                    json.array(1...2) { json, number in
                        json.object { json in
                            json.member("n", number)
                            json.member("inner") { $0.object { _ in } }
                        }
                    }
                }
                json.member("last") { $0.array([["a", "b"], []]) { $0.array($1) { $0.string($1) } } }
            }
        }
        #expect(all == #"{"empty":[],"one":[7],"objects":[{"n":1,"inner":{}},{"n":2,"inner":{}}],"last":[["a","b"],[]]}"#)
    }

    @Test func elementsThatAreNotKnownBeforehandAreSetApartByHand() {
        let all = text { json in
            json.array { json in
                for number in 1...3 {
                    json.separate()
                    json.integer(number)
                }
            }
        }
        #expect(all == "[1,2,3]")
    }

    @Test func aNameFromOutsideIsEscaped() {
        let all = text { json in
            json.object { json in
                json.name(escaping: ByteString("a\"b"))
                json.null()
                json.name(escaping: ByteString("<"))
                json.bool(false)
            }
        }
        #expect(all == #"{"a\"b":null,"\u003c":false}"#)
    }

    @Test func membersWithoutABraceBeginWithoutAComma() {
        #expect(
            text {
                $0.member("a", 1)
                $0.member("b", 2)
            } == #""a":1,"b":2"#)
    }

    @Test func aPlainStringEscapesWhatJSONWants() {
        let all = text { $0.plainString("<a>&\"\\\n\r\t\u{8}\u{c}\u{1f}\u{7f}\u{2028}é") }
        #expect(all == "\"<a>&\\\"\\\\\\n\\r\\t\\u0008\\u000c\\u001f\u{7f}\u{2028}é\"")
    }

    @Test func theBytesOfOneObjectAreMadeAtOnce() {
        #expect(JSONWriter.object { $0.member("a", 1) } == Array(#"{"a":1}"#.utf8))
    }
}
