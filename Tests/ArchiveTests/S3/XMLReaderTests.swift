import Testing

@testable import Archive

struct XMLReaderTests {
    @Test("A listing is read with its namespaces, references, comments and CDATA sections")
    func listing() throws {
        let text = """
            \u{feff}<?xml version="1.0" encoding="UTF-8"?>
            <!-- from a server -->
            <s3:ListBucketResult xmlns:s3='http://s3.amazonaws.com/doc/2006-03-01/' a = "b>c">
              <Contents><Key> a&amp;b&#x3c;&#233;<![CDATA[<&>]]> </Key><Size>1</Size><Empty/></Contents>
              <Contents><Key>ü</Key><Owner><ID/></Owner></Contents>
            </s3:ListBucketResult>

            """
        let root = try XMLReader.read(Array(text.utf8))
        #expect(root.name == "ListBucketResult")
        #expect(root.all("Contents").map { $0["Key"] } == ["a&b<é<&>", "ü"])
        #expect(root.child("Contents")?["Size"] == "1")
        #expect(root.child("Contents")?["Empty"] == "")
        #expect(root["Nothing"] == nil)
    }

    @Test(
        "What is not well-formed, or could grow without limit, is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a", "<a b></a>", "<a>&unknown;</a>", "<a>&#xd800;</a>", "<a>&amp</a>",
            "<a/><b/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><!-- </a>", "<a><![CDATA[</a>", "</a>",
            "<a>\u{0}</a></a>",
            String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100), "<html><br></html>",
        ])
    func refused(text: String) {
        #expect(throws: XMLReader.Malformed.self) { try XMLReader.read(Array(text.utf8)) }
    }

    @Test("Bytes cut off anywhere, or thrown in anywhere, are read or refused, never trusted blindly")
    func hostile() {
        let text = Array("<a><b>c&amp;d</b><e f='g'/><![CDATA[h]]></a>".utf8)
        for end in 0..<text.count {
            #expect(throws: XMLReader.Malformed.self) { try XMLReader.read(Array(text[..<end])) }
        }
        for index in text.indices {
            for byte in [UInt8(ascii: "<"), UInt8(ascii: "&"), 0, 0xff] {
                var changed = text
                changed[index] = byte
                _ = try? XMLReader.read(changed)
            }
        }
    }
}
