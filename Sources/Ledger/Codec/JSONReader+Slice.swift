internal import Primitives

extension JSONReader {
    /// Reads an array of objects or nulls as Go reads a slice of pointers: `null` gives nil, and where the same key came
    /// before, element i is read into the old element i, which keeps the fields that are not named again.
    mutating func readSlice<T>(
        _ old: [T?], _ decode: (inout JSONReader, inout T?) throws(JSONError) -> Void
    ) throws(JSONError) -> [T?]? {
        if try consumeNull() { return nil }
        try beginArray()
        var elements: [T?] = []
        while try nextElement() {
            var element = elements.count < old.count ? old[elements.count] : nil
            if try consumeNull() {
                element = nil
            } else {
                try decode(&self, &element)
            }
            elements.append(element)
        }
        return elements
    }
}
