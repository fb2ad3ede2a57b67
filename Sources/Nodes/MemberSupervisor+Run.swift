import Model

extension MemberSupervisor {
    /// Notices exits and starts crashed members again, until cancelled; to be called once.
    ///
    /// Without it, exits are noticed by the next call of any other method, and nothing is started again by itself.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for await wake in wakes {
                switch wake {
                case .exited: collectExits()
                case .restart(let restart):
                    group.addTask { [weak self] in
                        // Cancelled: the controller ends, and the next one starts the member.
                        guard (try? await Task.sleep(for: restart.delay)) != nil else { return }
                        await self?.perform(restart)
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// What `run` is woken for.
    enum Wake: Sendable {
        case exited
        case restart(Restart)
    }

    /// A start that is due after a wait.
    struct Restart: Sendable {
        var directory: MemberDirectory
        var epoch: Int
        var delay: Duration
    }

    /// Takes in the ends that the watcher has seen, and plans the restarts that follow from them.
    func collectExits() {
        for exit in watcher.takeExits() {
            let match = members.first { $0.value.process?.identity == exit.process }
            guard let (directory, known) = match else { continue }
            members[directory]?.process = nil
            members[directory]?.epoch += 1
            try? directory.latchData()  // Noted before the next start otherwise.
            if known.isStopping {
                transition(directory, to: .stopped)
                members[directory] = nil
            } else {
                plan(after: exit, of: directory, known)
            }
        }
    }

    private func plan(after exit: ExitWatcher.Exit, of directory: MemberDirectory, _ known: Supervised) {
        let lines = MemberLog(path: directory.logPath).lines(since: known.logOffset)
        var (reason, evidence) = ExitClassifier.classify(exit.status, log: lines)
        if reason == .unexplained, isFull(directory) { reason = .diskFull }
        let last = MemberExit(status: exit.status, reason: reason, at: exit.at, evidence: evidence)

        let lifetime = exit.at - exit.process.startedAt
        let failures = backoff.failures(after: known.failures, lifetime: lifetime)
        members[directory]?.failures = failures
        if reason.isPermanent || known.isLeftAlone {
            transition(directory, to: .exited(last))
            return
        }
        let delay = backoff.delay(failures: failures, chance: .random(in: 0...1))
        transition(directory, to: .backingOff(until: exit.at + delay, failures: failures, last: last))
        waker.yield(.restart(Restart(directory: directory, epoch: known.epoch + 1, delay: delay)))
    }

    /// A disk so full that etcd's last words may not have fitted on it either.
    private func isFull(_ directory: MemberDirectory) -> Bool {
        guard let space = try? FileSystemSpace.at(directory.path) else { return false }  // Then nothing is known.
        return space.available < 64 << 10
    }

    private func perform(_ restart: Restart) {
        collectExits()
        guard let known = members[restart.directory], known.epoch == restart.epoch else { return }
        guard case .blocked = start(restart.directory) else { return }
        // It has run before, so what is in its way now may go away as it came: a full disk, a lock.
        let failures = known.failures + 1
        members[restart.directory]?.failures = failures
        let delay = backoff.delay(failures: failures, chance: .random(in: 0...1))
        waker.yield(.restart(Restart(directory: restart.directory, epoch: known.epoch, delay: delay)))
    }
}
