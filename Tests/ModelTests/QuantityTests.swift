import Model
import Testing

struct QuantityTests {
    @Test(
        "Sizes are read and written as Kubernetes does",
        arguments: [
            ("8Gi", 8_589_934_592, "8Gi"), ("512Mi", 536_870_912, "512Mi"), ("100M", 100_000_000, "100000000"),
            ("4096", 4096, "4Ki"), ("1.5Gi", 1_610_612_736, "1536Mi"), ("0", 0, "0"), ("1025", 1025, "1025"),
        ] as [(String, Int64, String)])
    func byteCount(text: String, bytes: Int64, written: String) throws {
        let size = try #require(ByteCount(text))
        #expect(size.bytes == bytes)
        #expect(size.description == written)
    }

    @Test(
        "What is no size is refused",
        arguments: ["", "Gi", "-1", "8 Gi", "8GB", "1.5", "9999999999Ti", "0x10", "1e3", "８Gi"])
    func noByteCount(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test(
        "Durations are read and written as Go does",
        arguments: [
            ("30s", "30s"), ("90s", "1m30s"), ("1h30m", "1h30m"), ("1.5s", "1s500ms"), ("250ms", "250ms"),
            ("2d", "48h"),
            ("0", "0s"),
        ])
    func duration(text: String, written: String) throws {
        let duration = try #require(Duration(goText: text))
        #expect(duration.goText == written)
        #expect(Duration(goText: duration.goText) == duration)
    }

    @Test("What is no duration is refused", arguments: ["", "30", "s", "1x", "-5s", "1h 2m", "1e400s", "1..5s"])
    func noDuration(text: String) {
        #expect(Duration(goText: text) == nil)
    }

    @Test(
        "Ages read as kubectl's",
        arguments: [
            (0, "0s"), (59, "59s"), (60, "1m"), (312, "5m12s"), (700, "11m"), (3700, "1h1m"), (30000, "8h"),
            (90000, "1d1h"), (900_000, "10d"), (-5, "0s"),
        ] as [(Int64, String)])
    func age(seconds: Int64, text: String) {
        #expect(Duration.seconds(seconds).ageText == text)
    }

    @Test(
        "Moments are read from every form of RFC 3339",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-21T05:00:00Z", 1_795_237_200),
            ("2026-11-21T06:30:00+01:30", 1_795_237_200), ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("1969-12-31T23:59:59Z", -1), ("2026-11-21t05:00:00z", 1_795_237_200),
        ] as [(String, Int64)])
    func moment(text: String, seconds: Int64) throws {
        let moment = try #require(Timestamp(text))
        #expect(moment.secondsSinceEpoch == seconds)
        #expect(Timestamp(moment.description) == moment)
    }

    @Test("Fractions of a second are kept")
    func fraction() throws {
        let moment = try #require(Timestamp("2026-11-21T05:00:00.123456Z"))
        #expect(moment.text(fractionDigits: 6) == "2026-11-21T05:00:00.123456Z")
        #expect(moment.encoded == "2026-11-21T05:00:00.123Z")
        #expect(moment.wholeSeconds.encoded == "2026-11-21T05:00:00Z")
    }

    @Test(
        "What is no moment is refused",
        arguments: [
            "0720-08-10T18:56:37.0Z", "9999-12-31T23:59:59Z",
            "", "2026-11-21", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T05:00:00", "2026-11-21T05:00:00.Z", "2026-11-21 05:00:00Z", "2026-11-21T05:00:00Zx",
            "2026-11-21T05:00:00+1:00",
        ])
    func noMoment(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("Every day of four centuries converts there and back")
    func calendar() {
        for day in stride(from: Int64(-80_000), to: 80_000, by: 1) {
            let date = CivilDate(secondsSinceEpoch: day * 86400)
            #expect(CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day) == day)
        }
        #expect(CivilDate(secondsSinceEpoch: 1_795_237_200).weekday == 6)
    }

    @Test("Versions are ordered by number")
    func versions() throws {
        let texts = ["3.5.1", "3.4.23+dfsg-1", "3.4.9", "3.10.0-rc.1"]
        let sorted = try texts.map { try #require(EtcdVersion($0)) }.sorted()
        #expect(sorted.map(\.description) == ["3.4.9", "3.4.23", "3.5.1", "3.10.0"])
        for wrong in ["3.4", "v3.4.23", "3.4.x", "", "3..4", "3.4.23.1"] {
            #expect(EtcdVersion(wrong) == nil)
        }
    }

    @Test("Base64 survives every length", arguments: 0..<70)
    func base64(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test("What is not base64 is refused", arguments: ["a", "ab=", "a===", "a b=", "ab=c", "!!!!", "===="])
    func noBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(
        "Moments beyond what a timestamp holds are the first and the last there is",
        arguments: [Int64.max, 1 << 40, 253_402_300_799, -1 << 40, Int64.min])
    func farTimes(seconds: Int64) {
        let moment = Timestamp(secondsSinceEpoch: seconds)
        #expect((moment > .now) == (seconds > 0))
        #expect(moment.wholeSeconds == moment && !moment.description.isEmpty)
        #expect(Timestamp(secondsSinceEpoch: moment.secondsSinceEpoch) == moment)
    }
}
