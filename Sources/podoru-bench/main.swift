internal import ArgumentParser

/// A part of the benchmark, run by its name. A new one is a line in `all`.
struct Benchmark: Sendable {
    let name: String
    let abstract: String
    let run: @Sendable () throws -> [BenchmarkRow]

    static let all: [Benchmark] = [
        Benchmark(
            name: "echo", abstract: "CPU per frame of an echo server, against the same in C on libuv", run: runEchoBenchmark),
        Benchmark(
            name: "import", abstract: "import of a chain, against the signatures that the same cores recover", run: runImportBenchmark),
        Benchmark(
            name: "sync", abstract: "a node that fetches a chain from another, against the import of it", run: runSyncBenchmark),
        Benchmark(
            name: "hop", abstract: "blocks of 30 transactions through a line of three nodes", run: runHopBenchmark),
        Benchmark(
            name: "state", abstract: "a block of 30 writes on a state of 100,000 keys", run: runStateBenchmark),
        Benchmark(
            name: "api", abstract: "HTTP requests, submitted transactions and events, against a bare server of the same kind",
            run: runAPIBenchmark),
        Benchmark(
            name: "memory", abstract: "resident memory of a full node", run: runMemoryBenchmark),
    ]
}

struct BenchmarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "podoru-bench",
        abstract: "Measures what the node promises, as ratios to references of the same run.",
        discussion: Benchmark.all.map { "\($0.name): \($0.abstract)" }.joined(separator: "\n"))

    @Argument(help: "The parts to run; all without any.")
    var names: [String] = []

    @Flag(help: "Exit with status 1 when a target is missed.")
    var strict = false

    func validate() throws {
        for name in names where !Benchmark.all.contains(where: { $0.name == name }) {
            throw ValidationError("there is no benchmark \(name); there are: \(Benchmark.all.map(\.name).joined(separator: ", "))")
        }
    }

    func run() throws {
        var hasMissed = false
        for benchmark in Benchmark.all where names.isEmpty || names.contains(benchmark.name) {
            print("\(benchmark.name): \(benchmark.abstract)")
            let rows = try benchmark.run()
            BenchmarkRow.print(rows)
            print("")
            hasMissed = hasMissed || rows.contains { $0.passed == false }
        }
        if strict, hasMissed { throw ExitCode.failure }
    }
}

BenchmarkCommand.main()
