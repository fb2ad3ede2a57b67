import TestSupport
import Testing

@testable import Client

struct DocumentationTests {
    @Test("The page on the command line knows every command, option and exit code")
    func complete() throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let page = try #require(readTextFile("/\(root)/docs/command-line.md"))
        for code in ExitCode.allCases {
            #expect(page.contains("| \(code.rawValue) | "), "exit code \(code.rawValue) is missing")
        }
        for command in Program.clientCommands { check(command, page) }
    }

    private func check<Root: Command>(_ command: Root.Type, _ page: String) {
        #expect(page.contains("\n## \(Root.name)\n"), "\(Root.name) is missing")
        let anchor = Root.name.replacing(" ", with: "-")
        #expect(page.contains("| [`\(Root.name)`](#\(anchor)) |"), "\(Root.name) is not in the table")
        let common = ["cacert", "cert", "key", "server-name", "insecure-skip-verify", "selector", "watch", "output"]
        for option in Root.options where !common.contains(option.name) {
            let names = ["--\(option.name)"] + (option.short.map { ["-\($0) ", "-\($0)`", "`-\($0)"] } ?? [])
            #expect(names.contains(where: page.contains), "--\(option.name) of \(Root.name) is missing")
        }
    }
}
