import Model

extension MemberSupervisor {
    /// Looks after the member without ever starting it, until `ensureRunning` wants it again.
    ///
    /// A process that runs is adopted as it is and its end is told at once, but nothing follows from it; a restart that
    /// was being waited for is dropped, and the state says why the process ended. Returns the state.
    @discardableResult
    public func leaveAlone(_ spec: MemberSpec) -> MemberState {
        collectExits()
        let directory = spec.directory
        if members[directory] == nil {
            // Not to be seen now is seen by the next call.
            guard let running = (try? MemberLauncher.running(directory)) ?? nil else { return .stopped }
            members[directory] = Supervised(spec: spec, state: .stopped, isLeftAlone: true)
            adopt(running, in: directory)
        }
        guard let known = members[directory] else { return .stopped }
        if !known.isLeftAlone {
            members[directory]?.isLeftAlone = true
            members[directory]?.epoch += 1
        }
        if case .backingOff(_, _, let last) = known.state { return transition(directory, to: .exited(last)) }
        return known.state
    }

    private func adopt(_ running: MemberLauncher.Launched, in directory: MemberDirectory) {
        do throws(NodeError) {
            try watcher.watch(running.process)
        } catch {
            members[directory] = nil
            return
        }
        members[directory]?.process = running.process
        members[directory]?.logOffset = running.logOffset
        let identity = running.process.identity
        transition(directory, to: .running(pid: identity.pid, since: identity.startedAt))
    }
}
