import Glibc

/// How often fault loops run: a few times in every run of the tests, as often as the goals say in `make soak`.
public enum Soak {
    /// Whether this is the long run.
    public static let isLong = getenv("LODESTONE_SOAK") != nil

    /// A number of rounds.
    public static func rounds(_ short: Int, long: Int) -> Int { isLong ? long : short }

    /// The seed of a test's random numbers, printed so that a failure can be repeated with `LODESTONE_SEED`.
    public static func seed(_ what: String) -> UInt64 {
        let given = getenv("LODESTONE_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("\(what): LODESTONE_SEED=\(seed)")
        return seed
    }
}
