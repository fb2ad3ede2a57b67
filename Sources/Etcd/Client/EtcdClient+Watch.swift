extension EtcdClient {
    /// Lends `body` a stream of watches of this member, which ends with it.
    ///
    /// ```
    /// try await client.withWatchStream { stream in
    ///     for try await batch in stream.watch(.prefix("/registry/"), from: revision + 1) { … }
    /// }
    /// ```
    ///
    /// - Throws: what `body` throws.
    public func withWatchStream<Result>(
        options: WatchStream.Options = WatchStream.Options(), _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        try await EtcdEndpoints(self).withWatchStream(options: options, body)
    }
}

extension EtcdEndpoints {
    /// Lends `body` a stream of watches of any of these members, which ends with it.
    ///
    /// - Throws: what `body` throws.
    public func withWatchStream<Result>(
        options: WatchStream.Options = WatchStream.Options(), _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        let stream = WatchStream(self, options: options)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await stream.run() }
            defer { group.cancelAll() }
            return try await body(stream)
        }
    }
}
