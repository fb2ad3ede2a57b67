import Glibc
import TestSupport

/// A cluster of one member out of a backup, until it serves: the controller's way with all its proofs, and the stock one.
struct RestoreBenchmark {
    let options: BenchOptions
    let database: Database

    init(_ options: BenchOptions, _ database: Database) {
        self.options = options
        self.database = database
    }

    /// Runs it and returns a table.
    func run() async throws -> String {
        let data = "\(options.directory)/restores"
        defer {
            endMembers(under: data)
            removeTree(data)
        }
        let saved = database.scratch("restored-from.db")
        _ = try await MeasuredCommand.etcdctl(database.endpoint, "snapshot", "save", saved)
            .run(in: database.etcd.scratchDirectory)
        defer { removeTree(saved) }
        let size = try Database.mebibytes(saved)
        let ports = try FreePort.range(of: 20)
        let arguments = ["--member-ports", "\(ports.lowerBound)-\(ports.upperBound)"]
        let table = try await Controller.with(in: data, options, arguments: arguments) { controller in
            try await prepare(controller)
            let contest = Contest(
                unit: "MiB",
                contenders: [
                    ours(controller, "plain", "Lodestone: fetched, proven, restored, proven fenced, serving", size),
                    ours(controller, "zstd", "the same of a compressed backup", size),
                    stock(saved, size),
                ])
            return try await contest.run(rounds: options.rounds, options).table
        }
        return "A backup of \(Text.fixed(size, 0)) MiB, \(Text.grouped(options.keys)) keys; one member, on the same "
            + "disk. CPU and memory of Lodestone's are those of the command that waits.\n\n\(table.text)"
    }

    /// Lets the controller back up the database in both forms.
    private func prepare(_ controller: Controller) async throws {
        let manifest = "\(options.directory)/restores.yaml"
        defer { removeTree(manifest) }
        let records = ["plain": "none", "zstd": "zstd"].map { name, compression in
            """
            ---
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdBackup
            metadata: {name: \(name)}
            spec: {clusterRef: {name: source}, compression: \(compression)}

            """
        }
        try writeTextFile(
            manifest,
            """
            apiVersion: lodestone.dev/v1alpha1
            kind: EtcdCluster
            metadata: {name: source}
            spec: {provider: Imported, endpoints: ["\(database.endpoint)"]}

            """ + records.joined())
        try await controller.client(["apply", "-f", manifest])
        for name in ["plain", "zstd"] {
            try await controller.client(["wait", "eb/\(name)", "--for", "condition=Ready", "--timeout", "240s"])
        }
    }

    private func ours(
        _ controller: Controller, _ backup: String, _ name: String, _ size: Double
    ) -> Contest.Contender {
        Contest.Contender(name: name) { round in
            let copy = "\(backup)-\(round)"
            var usage = try await controller.client(
                ["restore", copy, "--from-backup", backup, "--size", "1", "--etcd-version", "3.4.23"])
            usage.work = size
            try await controller.client(["delete", "ec", copy])
            return usage
        }
    }

    /// What a person does by hand: nothing is proven, and the member serves as soon as it runs.
    private func stock(_ saved: String, _ size: Double) -> Contest.Contender {
        Contest.Contender(name: "`etcdctl snapshot restore`, `etcd`, `etcdctl endpoint health`") { round in
            let ports = try FreePort.next(2)
            let data = database.scratch("stock-\(round)")
            defer { removeTree(data) }
            var script = MeasuredCommand.script(
                """
                peer=http://127.0.0.1:$4 url=http://127.0.0.1:$3
                etcdctl snapshot restore "$1" --data-dir "$2" --name m0 --initial-cluster "m0=$peer" \
                    --initial-advertise-peer-urls "$peer"
                etcd --name m0 --data-dir "$2" --listen-client-urls "$url" --advertise-client-urls "$url" \
                    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "m0=$peer" \
                    --logger zap --log-outputs /dev/null &
                trap 'kill -9 %1' EXIT
                until etcdctl --endpoints "$url" endpoint health >/dev/null 2>&1; do sleep 0.02; done
                """, saved, data, "\(ports[0])", "\(ports[1])")
            script.work = size
            return try await script.run(in: database.etcd.scratchDirectory)
        }
    }
}
