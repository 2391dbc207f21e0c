internal import Primitives

// Go decodes a key that comes again into the value that is there (`encoding/json`, `array` in decode.go): elements of a slice are read into
// the old ones, and a slice that got shorter keeps its array, so that what lies behind its end shows again, field by field, when a later
// array is longer. What lies there is kept beside the value while one document is decoded. Without a repeated key there is nothing.

/// What lies behind the ends of a value's slices.
protocol GoRemains {
    init()
    var isEmpty: Bool { get }
}

/// What lies behind the end of one slice of pointers, and behind those in its elements.
struct SliceRemains<Element, Inner: GoRemains> {
    /// The slice with what is behind its end; empty where nothing is.
    var whole: [Element?] = []
    /// By the index of the element. Without empty ones.
    private var inner: [Int: Inner] = [:]

    var isEmpty: Bool { whole.isEmpty && inner.isEmpty }

    fileprivate mutating func take(_ index: Int) -> Inner {
        inner.isEmpty ? Inner() : inner.removeValue(forKey: index) ?? Inner()
    }

    fileprivate mutating func put(_ remains: Inner, _ index: Int) {
        if !remains.isEmpty { inner[index] = remains }
    }
}

extension JSONReader {
    /// Reads an array of objects or nulls as Go reads a slice of pointers over `old`: `null` gives nil. Linear in the text, whatever is
    /// behind the end.
    mutating func readSlice<Element, Inner>(
        over old: [Element?], _ remains: inout SliceRemains<Element, Inner>,
        _ decode: (inout JSONReader, inout Element?, inout Inner) throws(JSONError) -> Void
    ) throws(JSONError) -> [Element?]? {
        if try consumeNull() {
            remains = SliceRemains()
            return nil
        }
        var elements = remains.whole.isEmpty ? old : remains.whole
        remains.whole = []
        var count = 0
        try beginArray()
        while try nextElement() {
            if count == elements.count { elements.append(nil) }
            var inner = remains.take(count)
            if try consumeNull() {
                elements[count] = nil
            } else {
                try decode(&self, &elements[count], &inner)
                remains.put(inner, count)
            }
            count += 1
        }
        if count == elements.count { return elements }
        // An empty array is a new slice, which has nothing behind it.
        guard count > 0 else {
            remains = SliceRemains()
            return []
        }
        remains.whole = elements
        return Array(elements[..<count])
    }
}
