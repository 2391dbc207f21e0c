internal import NIOHTTP1
internal import Primitives

/// Finds the route of a request. A tree by segments: the work is in the length of the path, not in the number of routes.
struct Router: Sendable {
    /// A route and the values of its `{names}`.
    struct Match: Sendable {
        var route: Route
        var parameters: [ByteString]
    }

    /// What lies under one prefix.
    private struct Branch: Sendable {
        var literals: [ByteString: Branch] = [:]
        /// Holds at most one: what follows a `{name}`.
        var parameter: [Branch] = []
        /// One a method.
        var routes: [Route] = []
    }

    /// Every method that some path takes.
    static let methods = "GET, HEAD, POST, OPTIONS"

    private var root = Branch()

    /// A later route with the method and path of an earlier one takes its place.
    init(_ routes: [Route]) {
        for route in routes {
            let segments = route.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            Router.insert(route, segments[...], into: &root)
        }
    }

    private static func insert(_ route: Route, _ segments: ArraySlice<Substring>, into branch: inout Branch) {
        guard let segment = segments.first else {
            branch.routes.removeAll { $0.method == route.method }
            branch.routes.append(route)
            return
        }
        if segment.hasPrefix("{") {
            if branch.parameter.isEmpty { branch.parameter = [Branch()] }
            insert(route, segments.dropFirst(), into: &branch.parameter[0])
        } else {
            insert(route, segments.dropFirst(), into: &branch.literals[ByteString(String(segment)), default: Branch()])
        }
    }

    /// A HEAD is answered by the route of GET.
    ///
    /// - Throws: 404 for a path that no route has, 405 with `Allow` for a method that none of the path's has.
    func match(_ method: HTTPMethod, _ target: RequestTarget) throws(APIError) -> Match {
        var parameters: [ByteString] = []
        guard let routes = Router.find(target.segments[...], in: root, &parameters) else {
            throw APIError(.notFound, "there is no such path")
        }
        let wanted = method == .HEAD ? .GET : method
        guard let route = routes.first(where: { $0.method == wanted }) else {
            let allowed = Router.allowed(routes)
            throw APIError(.methodNotAllowed, "this path takes \(allowed), not \(method.rawValue)", headers: ["Allow": allowed])
        }
        return Match(route: route, parameters: parameters)
    }

    /// A literal goes before a `{name}`.
    private static func find(
        _ segments: ArraySlice<ByteString>, in branch: Branch, _ parameters: inout [ByteString]
    ) -> [Route]? {
        guard let segment = segments.first else { return branch.routes.isEmpty ? nil : branch.routes }
        if let next = branch.literals[segment], let found = find(segments.dropFirst(), in: next, &parameters) { return found }
        guard let next = branch.parameter.first, !segment.isEmpty else { return nil }
        parameters.append(segment)
        if let found = find(segments.dropFirst(), in: next, &parameters) { return found }
        parameters.removeLast()
        return nil
    }

    private static func allowed(_ routes: [Route]) -> String {
        var names = routes.map(\.method.rawValue)
        if names.contains("GET") { names.append("HEAD") }
        return (names + ["OPTIONS"]).joined(separator: ", ")
    }
}
