/// One call of a reconciler, with a time limit, that gives back what was written into the record also after a throw.
struct Pass<Work: Reconciler, Time: Clock>: Sendable where Time.Duration == Duration {
    let reconciler: Work
    let clock: Time
    let limit: Duration

    private enum Part: Sendable {
        case ended(Work.Object, Result<Outcome, any Error>)
        case timeIsUp
        case timerStopped
    }

    /// Runs the pass.
    ///
    /// One that runs out of time is cancelled and waited for; it counts as failed whatever it returns.
    func run(on base: Work.Object) async -> (Work.Object, Result<Outcome, any Error>) {
        await withTaskGroup(of: Part.self) { group in
            group.addTask {
                var object = base
                do {
                    let outcome = try await reconciler.reconcile(&object)
                    return .ended(object, .success(outcome))
                } catch {
                    return .ended(object, .failure(error))
                }
            }
            group.addTask {
                do {
                    try await clock.sleep(for: limit)
                    return .timeIsUp
                } catch {
                    return .timerStopped
                }
            }
            var result: (Work.Object, Result<Outcome, any Error>) = (base, .failure(PassTimeout(limit: limit)))
            var isLate = false
            for await part in group {
                switch part {
                case .ended(let object, let outcome):
                    result = (object, isLate ? .failure(PassTimeout(limit: limit)) : outcome)
                    group.cancelAll()
                case .timeIsUp:
                    isLate = true
                    group.cancelAll()
                case .timerStopped: break
                }
            }
            return result
        }
    }
}
