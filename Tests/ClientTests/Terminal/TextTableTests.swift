@testable import Client
import Testing

struct TextTableTests {
    @Test(
        "Texts are as wide as a terminal shows them",
        arguments: [
            ("orders", 6), ("", 0), ("größe", 5), ("e\u{301}", 1), ("集群", 4), ("クラスタ", 8), ("ｗｉｄｅ", 8),
            ("한국", 4), ("✅", 2), ("✔", 1), ("✔\u{FE0F}", 2), ("👩‍👩‍👧", 2), ("a\u{200B}b", 2), ("→", 1), ("🇩🇪", 2),
        ])
    func width(text: String, columns: Int) {
        #expect(text.displayWidth == columns)
    }

    @Test("Columns stay columns, whatever is in them and however it is coloured")
    func columns() {
        var table = TextTable(["NAME", "COUNT", "STATE"], rightAligned: [1])
        table.add([.init("集群", .bold), "7", .init("Running", .green)])
        table.add(["orders", "1200", .init("Unknown", .magenta)])
        #expect(
            table.lines(Paint(isEnabled: false)) == [
                "NAME     COUNT   STATE", "集群         7   Running", "orders    1200   Unknown",
            ])
        let coloured = table.lines(Paint(isEnabled: true))
        #expect(coloured[1] == "\u{1B}[1m集群\u{1B}[0m         7   \u{1B}[32mRunning\u{1B}[0m")
        #expect(coloured[2].hasPrefix("orders    1200   \u{1B}[35m"))
    }

    @Test("What a terminal would obey is shown as nothing it knows")
    func control() {
        var table = TextTable(["MESSAGE"])
        table.add(["evil \u{1B}]0;title\u{7} \u{9B}2J text\nsecond line"])
        #expect(table.lines(Paint(isEnabled: true))[1] == "evil \u{FFFD}]0;title\u{FFFD} \u{FFFD}2J text")
    }
}
