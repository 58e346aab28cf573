import CHfx
import Foundation

/// Finished files on this machine.
public enum LocalFile {
    /// A whole file as memory, without a copy; unmapped with the last copy of the data. The data may be changed as any
    /// other: that stays in this process, and never reaches the file. Meant for files that nobody changes
    /// in place: when another program truncates it, reading the lost part ends the process. `read` is the safe twin.
    public static func map(_ path: String) throws -> Data {
        let map = try Handle(hfx_map_free) { try hfx_map_open(whole(path), HFX_MAP_COPY, $0, $1) }
        return Data(lent: hfx_map_data(map.pointer), count: Int(hfx_map_length(map.pointer)), by: map)
    }

    /// Bytes of a file from `offset` on: fewer than `length` only at its end.
    public static func read(_ path: String, offset: UInt64, length: Int) throws -> Data {
        var data = Data(count: length)
        var got = 0
        try data.withUnsafeMutableBytes { bytes in
            try check { try hfx_read_at(whole(path), offset, bytes.baseAddress, length, &got, $0) }
        }
        return data.prefix(got)
    }
}

extension File {
    /// The file as memory, see `LocalFile.map`.
    public func mapped() throws -> Data { try LocalFile.map(path) }
}
