import CHfx

/// What concerns the cache alone, without network.
extension Client {
    /// What the cache knows of a file at the repository's revision.
    public func lookup(_ path: String, of repo: Repo) throws -> Lookup {
        let repo = try repo.handle()
        var state: Int32 = 0
        var file: OpaquePointer?
        try check { hfx_client_lookup(handle.pointer, repo.pointer, path, &state, &file, $0) }
        defer { hfx_file_free(file) }
        switch state {
        case HFX_LOOKUP_FOUND: return .found(File(file))
        case HFX_LOOKUP_MISSING: return .missing
        default: return .unknown
        }
    }

    /// Looks the cache over.
    public func scanCache() async throws -> Cache {
        try await blocking { [handle] in
            Cache(handle: try Handle(hfx_cache_free) { hfx_cache_scan(handle.pointer, $0, $1) })
        }
    }

    public func verify(_ repo: Repo, options: Options = Options()) async throws -> Verification {
        try await run(.verify(repo, options: options))
    }

    /// Makes and names the folder where a library may keep its own assets beside the cache; nil parts become "default".
    public func assetsPath(library: String, namespace: String? = nil, subfolder: String? = nil) throws -> String {
        let path = try withText(namespace) { namespace in
            try withText(subfolder) { subfolder in
                try Handle(hfx_string_free) {
                    hfx_client_assets_path(handle.pointer, library, namespace, subfolder, $0, $1)
                }
            }
        }
        return text(hfx_string_text(path.pointer)) ?? ""
    }
}
