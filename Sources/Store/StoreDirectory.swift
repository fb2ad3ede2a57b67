import Glibc

/// The directory of a store, as the file system sees it.
enum StoreDirectory {
    /// Makes the directory of a file, and those above it, where they are missing.
    static func prepare(_ directory: String, for file: String) throws(StoreError) {
        var path = directory.hasPrefix("/") ? "" : "."
        for component in directory.split(separator: "/") {
            path += "/\(component)"
            guard mkdir(path, 0o700) != 0, errno != EEXIST else { continue }
            throw errno == ENOSPC
                ? .full(path: file)
                : .unavailable(
                    path: file, reason: "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    /// The size of a file in bytes; 0 when there is none.
    static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }
}
