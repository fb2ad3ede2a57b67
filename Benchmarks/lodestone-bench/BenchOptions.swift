import Glibc

/// What to measure, and how.
struct BenchOptions: Sendable {
    /// The benchmarks, in this order.
    var names: [String] = []
    /// The `lodestone` executable.
    var lodestone = ".build/release/lodestone"
    /// Where everything that is written goes.
    var directory = "/tmp"
    /// How often every contender runs.
    var rounds = 3
    /// How many keys the database holds.
    var keys = 300_000
    /// How many bytes a value has.
    var valueSize = 1024
    /// What values are made of: `random` bytes, which nothing makes smaller, or `text`, as Kubernetes stores it.
    var values = "random"
    /// How many clusters there are in the fleet.
    var clusters = 1_000
    /// How many records are listed.
    var records = 10_000
    /// How many watches are held.
    var watches = 5_000
    /// How long the fleet is watched, in seconds.
    var window = 60

    /// This executable, for its workers; `/proc/self/exe` itself would be another's in another process.
    let executable: String

    /// Reads arguments.
    ///
    /// - Throws: `BenchError` for anything unknown.
    init(_ arguments: [String]) throws {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        guard count > 0 else { throw BenchError("the path of this executable is not known") }
        executable = String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var rest = arguments[...]
        func number(_ option: String) throws -> Int {
            guard let text = rest.popFirst(), let number = Int(text), number > 0 else {
                throw BenchError("\(option) needs a number greater than 0")
            }
            return number
        }
        while let word = rest.popFirst() {
            switch word {
            case "--lodestone": lodestone = try rest.popFirst() ?? { throw BenchError("--lodestone needs a path") }()
            case "--directory": directory = try rest.popFirst() ?? { throw BenchError("--directory needs a path") }()
            case "--rounds": rounds = try number(word)
            case "--keys": keys = try number(word)
            case "--value-size": valueSize = try number(word)
            case "--values":
                values = rest.popFirst() ?? ""
                guard ["random", "text"].contains(values) else { throw BenchError("--values needs random or text") }
            case "--clusters": clusters = try number(word)
            case "--records": records = try number(word)
            case "--watches": watches = try number(word)
            case "--window": window = try number(word)
            default:
                guard !word.hasPrefix("-") else { throw BenchError("there is no option \(word)") }
                names.append(word)
            }
        }
        guard directory.hasPrefix("/"), lodestone.hasPrefix("/") else {
            throw BenchError("--directory and --lodestone need absolute paths")
        }
    }

    /// Tells how far the benchmarks are.
    func say(_ text: String) {
        Self.print("  \(text)", to: STDERR_FILENO)
    }

    /// Writes a line at once.
    static func print(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        let line = Array("\(text)\n".utf8)
        _ = write(descriptor, line, line.count)
    }
}
