import TestSupport

extension RealEtcd {
    /// Freezes a member and waits until each of its threads has stopped, which `pause` alone does not.
    func freeze(_ index: Int) async throws {
        pause(index)
        guard let pid = members[index].pid else { throw TestSupportError("The member does not run.") }
        try await eventually("all threads of etcd have stopped") {
            directoryEntries("/proc/\(pid)/task").filter { $0.first?.isNumber == true }.allSatisfy { thread in
                // The state follows the name, which is in parentheses.
                let fields = readTextFile("/proc/\(pid)/task/\(thread)/stat")?.split(separator: ")").last
                return fields?.split(separator: " ").first == "T"
            }
        }
    }
}
