import Glibc

/// Several ways to do the same, run in turns so that a busy machine is equally unkind to all of them.
struct Contest {
    /// One way.
    struct Contender {
        /// What the table calls it.
        let name: String
        /// Does it once, in the given round.
        let run: (_ round: Int) async throws -> Usage
    }

    /// What the work is counted in, such as `MiB`, and how the rate of it is written.
    let unit: String
    /// The ways; the last one is the stock tool that the others are compared with.
    let contenders: [Contender]

    /// Runs all of them so often, the order turned round every time, and returns a table.
    func run(rounds: Int, _ options: BenchOptions) async throws -> (table: Table, usages: [[Usage]]) {
        var usages = [[Usage]](repeating: [], count: contenders.count)
        for round in 0..<rounds {
            let order = round % 2 == 0 ? Array(contenders.indices) : contenders.indices.reversed()
            for index in order {
                sync()  // What one wrote is not for the next to wait for.
                let usage = try await contenders[index].run(round)
                usages[index].append(usage)
                options.say(
                    "round \(round + 1) of \(rounds): \(contenders[index].name): "
                        + "\(Text.seconds(usage.wall.seconds)), \(Text.fixed(usage.rate, 0)) \(unit)/s")
            }
        }
        return (table(usages), usages)
    }

    private func table(_ usages: [[Usage]]) -> Table {
        var table = Table("", "time, median (range)", "\(unit)/s", "CPU", "peak RSS", "time ÷ stock (range)")
        let stock = usages.last ?? []
        for (contender, runs) in zip(contenders, usages) {
            // Per unit of work, and round by round: what was slow about a moment was slow for both.
            let ratios = zip(runs, stock).map { $1.rate / $0.rate }
            let peaks = runs.compactMap { $0.peakMemory.map(Double.init) }
            table.add(
                contender.name, Spread(runs.map(\.wall.seconds)).text(Text.seconds),
                Text.fixed(Spread(runs.map(\.rate)).median, 0),
                Text.seconds(Spread(runs.map(\.processor.seconds)).median),
                peaks.isEmpty ? "–" : Text.mebibytes(Spread(peaks).median),
                Spread(ratios).text(Text.ratio))
        }
        return table
    }
}
