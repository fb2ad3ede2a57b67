import Client
import Glibc

/// The one executable: the controller service and the client commands.
///
/// The main thread does nothing but wait for signals, which it blocked before any other thread was there: the first
/// SIGINT or SIGTERM cancels the command, which ends in its own order, the second ends the process at once.
@main
struct Lodestone {
    /// The commands that work on the data of the service itself.
    private static let serviceCommands: [any Command.Type] = [
        ControllerCommand.self, SecretsKeyRotateCommand.self, SecretsKeyListCommand.self, SecretsKeyPruneCommand.self,
    ]

    static func main() {
        // A reader or a server that goes away is told by the write that fails.
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        // Not on the main actor, whose thread is the one that waits.
        let arguments = Array(CommandLine.arguments.dropFirst())
        let work = Task { @concurrent in
            let code = await Program(adding: Self.serviceCommands).run(arguments, in: .process())
            // Not `exit`: it would take OpenSSL down under the threads that still close connections.
            fflush(nil)
            _exit(code.rawValue)
        }
        var received: CInt = 0
        while sigwait(&signals, &received) != 0 {}
        work.cancel()
        while sigwait(&signals, &received) != 0 {}
        _exit(128 + received)
    }
}
