@testable import Client
import Model
import Testing

struct CompletionQuestionTests {
    private func question(_ line: String) -> CompletionQuestion {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return CompletionQuestion(
            words, commands: Program.clientCommands.map { CommandShape($0) },
            environment: ["LODESTONE_NAMESPACE": "red"])
    }

    private func words(_ line: String) -> [String] {
        let question = question(line)
        return question.words.map(\.word).filter { $0.hasPrefix(question.typed) }
    }

    @Test("Commands are completed word by word")
    func commands() {
        #expect(words("de") == ["describe", "delete"])
        #expect(Set(words("backup ")) == ["prune", "verify", "drill", "key"])
        #expect(
            question("backup ").source == .records(EtcdBackup.kind)
                || question("backup ").source == .records(EtcdCluster.kind))
        #expect(words("backup key ") == ["new"])
        #expect(words("migrate a").contains("approve"))
        #expect(words("help snapshot d") == ["diff"])
        #expect(words("nonsense ").isEmpty)
        #expect(words("").contains("help") && words("").count == Set(words("")).count)
    }

    @Test("Options are completed by the list the parser reads, those given already left out")
    func options() {
        #expect(words("get --o") == ["--output"])
        #expect(words("get -o json --o").isEmpty)
        #expect(words("get -ojson --o").isEmpty)
        #expect(words("get --output=json --o").isEmpty)
        #expect(words("apply -f a --fil") == ["--filename"])
        #expect(words("get -- -").isEmpty)
        #expect(words("report --c").contains("--color") && words("report --c").contains("--context"))
        for command in Program.clientCommands { everyOption(command) }
    }

    private func everyOption<Root: Command>(_ command: Root.Type) {
        let offered = words("\(Root.name) --")
        for option in Root.options { #expect(offered.contains("--\(option.name)"), "\(Root.name) --\(option.name)") }
    }

    @Test("Values are completed after a space, after an equals sign and after a comma")
    func values() {
        #expect(words("get -o j") == ["json"])
        #expect(words("get --output=y") == ["yaml"])
        #expect(question("get --output=y").lead == "--output=")
        #expect(question("report --cluster a,b").lead == "a,")
        #expect(question("report --cluster a,b").source == .records(EtcdCluster.kind))
        #expect(question("apply -f x").source == .files)
        #expect(question("apply --filename=x").source == .files)
        #expect(question("backup o --context ").source == .contexts)
        #expect(question("get ec -n ").source == .namespaces)
        #expect(words("migrate --method C") == ["Copy"])
        #expect(words("migrate --wait=f") == ["false"])
        #expect(question("migrate --wait ").source == .records(EtcdCluster.kind))
    }

    @Test("Records are completed in all the ways in which they are named")
    func targets() {
        #expect(question("get ").source == .kinds)
        #expect(question("get ec,e").lead == "ec,")
        #expect(question("get ec ").source == .records(EtcdCluster.kind))
        #expect(question("get eb a ").source == .records(EtcdBackup.kind))
        #expect(question("get ec/o").source == .records(EtcdCluster.kind))
        #expect(question("get ec/o").lead == "ec/" && question("get ec/o").typed == "o")
        #expect(question("get ec/a ").source == .kinds)
        #expect(question("get nonsense/").source == .nothing)
        #expect(question("backup orders ").source == .nothing)
        #expect(question("migrate orders ").source == .records(EtcdCluster.kind))
    }

    @Test("The controller is found as the line says")
    func connection() {
        let question = question("get ec --context=prod -n blue --kubeconfig k ")
        #expect(question.connection.context == "prod")
        #expect(question.connection.namespace == "blue")
        #expect(question.connection.kubeconfig == "k")
        #expect(self.question("get ec ").connection.namespace == "red")
        #expect(self.question("get ec -nblue ").connection.namespace == "blue")
    }

    @Test("Fields are completed step by step")
    func fields() {
        #expect(FieldWords.after("ec.spec.rest").contains("ec.spec.restore"))
        #expect(FieldWords.after("e").contains("etcdclusters"))
        #expect(FieldWords.after("nonsense.a").isEmpty)
    }
}
