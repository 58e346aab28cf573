import CHfx

/// What concerns the cache alone, without network.
extension Client {
    /// What the cache knows of a file at the repository's revision.
    public func lookup(_ path: String, of repo: Repo, options: Options = Options()) throws -> Lookup {
        let repo = try repo.handle()
        let options = try options.handle()
        var state: Int32 = 0
        var file: OpaquePointer?
        try check { try hfx_client_lookup(handle.pointer, repo.pointer, whole(path), options.pointer, &state, &file, $0) }
        defer { hfx_file_free(file) }
        switch state {
        case HFX_LOOKUP_FOUND: return .found(File(file))
        case HFX_LOOKUP_MISSING: return .missing
        default: return .unknown
        }
    }

    /// Looks the cache over.
    public func scanCache(options: Options = Options()) async throws -> Cache {
        try await run(.scanCache(options: options))
    }

    /// Does what was planned, and gives the bytes that were freed; done again, it finds nothing left to do.
    @discardableResult
    public func delete(_ deletion: Deletion, options: Options = Options()) async throws -> UInt64 {
        try await run(.delete(deletion, options: options))
    }

    public func verify(_ repo: Repo, options: Options = Options()) async throws -> Verification {
        try await run(.verify(repo, options: options))
    }

    /// Makes and names the folder where a library may keep its own assets beside the cache; nil parts become "default".
    public func assetsPath(library: String, namespace: String? = nil, subfolder: String? = nil) throws -> String {
        let path = try withText(namespace) { namespace in
            try withText(subfolder) { subfolder in
                try Handle(hfx_string_free) {
                    try hfx_client_assets_path(handle.pointer, whole(library), namespace, subfolder, $0, $1)
                }
            }
        }
        return text(hfx_string_text(path.pointer)) ?? ""
    }
}
