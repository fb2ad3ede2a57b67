import Glibc
import TestSupport
import Testing

/// Real shells that complete command lines of the real executable.
@Suite(.timeLimit(.minutes(5)))
struct ShellCompletionTests {
    /// Lines as typed, and what the shell makes of the last word, sorted.
    private static let lines: [(line: String, candidates: [String])] = [
        ("lodestone desc", ["describe"]), ("lodestone backup ver", ["verify"]), ("lodestone get -o js", ["json"]),
        ("lodestone get --outp", ["--output"]), ("lodestone get etcdcl", ["etcdclusters"]),
        ("lodestone get ns d", ["default"]), ("lodestone describe ns/d", ["ns/default"]),
        ("lodestone get ec --context lode", ["lodestone"]), ("lodestone get ec -n def", ["default"]),
        ("lodestone apply -f file-", ["file-one.yaml", "file-two.yaml"]), ("lodestone get nonsense ", []),
    ]

    /// Runs a script of a shell beside a controller, in a directory with two files.
    private static func run(
        _ shell: String, _ arguments: [String], script: (String) -> String
    ) async throws -> [String] {
        try await withTemporaryDirectory { directory in
            for name in ["file-one.yaml", "file-two.yaml"] { try writeTextFile("\(directory)/\(name)", "") }
            guard symlink(ControllerFixture.executable, "\(directory)/lodestone") == 0 else {
                throw TestSupportError("cannot link the executable")
            }
            var ended: ChildProcess.Output?
            try await ControllerFixture.run { controller, _ in
                let path = "\(directory)/script"
                try writeTextFile(path, "cd \(directory) || exit\n" + script(directory))
                ended = try await ChildProcess.run(
                    shell, arguments + [path],
                    environment: [
                        "PATH": "\(directory):/usr/bin:/bin", "HOME": directory, "TERM": "xterm",
                        "LODESTONE_KUBECONFIG": controller.data + "/kubeconfig",
                    ])
            }
            let output = try #require(ended)
            #expect(output.errors.isEmpty, "\(output.errors)")
            // One line for each line of the table: what it could become, with spaces between.
            return output.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func check(_ answers: [String], _ lines: [(line: String, candidates: [String])] = Self.lines) {
        for (index, (line, candidates)) in lines.enumerated() {
            guard answers.indices.contains(index) else {
                Issue.record("nothing was said of \(line)")
                continue
            }
            let words = answers[index].split(separator: " ").map(String.init).sorted()
            #expect(words == candidates, "\(line): \(answers[index])")
        }
    }

    @Test(
        "bash completes commands, options, values, names and files", .enabled(if: isInstalled("bash"), "no bash here"))
    func bash() async throws {
        // At = readline begins another word, so that only what is behind it is to be completed.
        let further = [
            ("lodestone get --output=js", ["json"]), ("lodestone apply --filename=file-t", ["file-two.yaml"]),
        ]
        let answers = try await Self.run("/usr/bin/bash", ["--norc"]) { _ in
            """
            source <(lodestone completion bash)
            compopt() { :; }
            ask() {
                COMP_LINE=$1 COMP_POINT=${#1}
                COMPREPLY=()
                _lodestone
                echo "${COMPREPLY[@]}"
            }
            complete -p lodestone >/dev/null || exit

            """ + (Self.lines + further).map { "ask '\($0.0)'" }.joined(separator: "\n")
        }
        check(answers, Self.lines + further)
    }

    @Test(
        "fish completes commands, options, values, names and files", .enabled(if: isInstalled("fish"), "no fish here"))
    func fish() async throws {
        let further = [("lodestone get --output=js", ["--output=json"])]
        let answers = try await Self.run("/usr/bin/fish", ["--no-config"]) { _ in
            "lodestone completion fish | source\n"
                + (Self.lines + further).map {
                    "echo (complete -C '\($0.0)' | string replace -r '\\t.*' '')"
                }.joined(separator: "\n")
        }
        check(answers, Self.lines + further)
    }

    @Test("zsh completes commands, options, values, names and files", .enabled(if: isInstalled("zsh"), "no zsh here"))
    func zsh() async throws {
        // A terminal of its own for zsh, since its completion is part of its line editor; compadd tells what it is
        // given, and the line is thrown away.
        let answers = try await Self.run("/usr/bin/zsh", ["-f"]) { directory in
            try? writeTextFile(
                "\(directory)/.zshrc",
                """
                PROMPT='' RPROMPT='' PS2=''
                unset zle_bracketed_paste
                autoload -Uz compinit && compinit -u -D
                source <(lodestone completion zsh)
                tell() {
                    local -a found
                    builtin compadd -O found "$@"
                    print -rn -- "${found[*]} " >> \(directory)/found
                    builtin compadd "$@"
                }
                compadd() {
                    if [[ ${@[(i)-[OAD]]} -le $# ]]; then builtin compadd "$@"; else tell "$@"; fi
                }
                ask() { zle complete-word; BUFFER=''; print '' >> \(directory)/found }
                zle -N ask
                bindkey '^I' ask
                zle-line-init() { : > \(directory)/ready }
                zle -N zle-line-init
                """)
            return """
                zmodload zsh/zpty
                : > \(directory)/found
                zpty -b shell "ZDOTDIR=\(directory) zsh -i"
                until [[ -e \(directory)/ready ]]; do zpty -r -t shell out || sleep 0.02; done
                n=0
                for line in \(Self.lines.map { "'\($0.line)'" }.joined(separator: " ")); do
                    zpty -w -n shell "$line"$'\\t'
                    while [[ $(wc -l < \(directory)/found) -le $n ]]; do
                        zpty -r -t shell out || sleep 0.02
                    done
                    (( n++ ))
                done
                zpty -d shell
                cat \(directory)/found
                """
        }
        check(answers)
    }

    private static func isInstalled(_ shell: String) -> Bool { access("/usr/bin/\(shell)", X_OK) == 0 }
}
