@testable import Client
import TestSupport
import Testing

struct ManualPageTests {
    @Test("The manual has every command with every option, and nothing that roff would take for its own")
    func complete() async {
        let session = TestSession()
        #expect(await session.run("help --man") == .success)
        let page = session.output
        for command in Program.clientCommands { check(command, page) }
        for line in page.split(separator: "\n") {
            #expect(line.first != "'", "\(line)")
            let request = line.prefix { $0 != " " }
            let known = [".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".BR", ".RS", ".RE", ".EX", ".EE"]
            #expect(line.first != "." || known.contains(String(request)), "\(line)")
        }
    }

    private func check<Root: Command>(_ command: Root.Type, _ page: String) {
        #expect(page.contains(".SS \"lodestone \(Root.name.replacing("-", with: "\\-"))\"\n"), "\(Root.name)")
        for option in Root.options {
            #expect(
                page.contains("\\-\\-\(option.name.replacing("-", with: "\\-"))\\fR"), "\(Root.name) \(option.name)")
        }
    }

    @Test("man and groff read the manual without a warning", .enabled(if: groff != nil, "groff is not installed"))
    func rendered() async throws {
        let session = TestSession()
        #expect(await session.run("help --man") == .success)
        let page = session.output
        try await withTemporaryDirectory { directory in
            try writeTextFile("\(directory)/lodestone.1", page)
            let rendered = try await ChildProcess.run(
                Self.groff ?? "", ["-ww", "-man", "-Tutf8", "-rLL=100n", "\(directory)/lodestone.1"])
            #expect(rendered.status == 0 && rendered.errors.isEmpty, "\(rendered.errors)")
            #expect(rendered.output.contains("lodestone migrate approve"))
        }
    }

    private static let groff = ["/usr/bin/groff"].first(where: { readTextFile($0) != nil })
}
