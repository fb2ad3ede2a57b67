import Etcd
import TestSupport
import Testing
import Transport

/// The engine that all tests of this module share.
let sharedEngine = HTTPEngine(name: "etcd-tests")

extension RealEtcd {
    /// A client of one member.
    func client(
        _ index: Int = 0, _ credentials: EtcdCredentials? = nil, timeout: Duration = .seconds(8)
    ) throws -> EtcdClient {
        EtcdClient(
            engine: sharedEngine, endpoint: try Endpoint(url: endpoints[index]), credentials: credentials,
            timeout: timeout)
    }
}

/// The bytes of a text, for keys and values.
func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

/// The code of the error that a call throws, nil if it throws none.
func code<Result>(_ call: () async throws -> Result) async -> EtcdError.Code? {
    do {
        _ = try await call()
        return nil
    } catch let error as EtcdError {
        return error.code
    } catch {
        Issue.record("Not an error of the client: \(error)")
        return nil
    }
}
