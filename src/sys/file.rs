//! Positioned reads and writes, room reserved ahead, copies that share blocks.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, ErrorKind};

/// Writes all of `bytes` at `offset`.
#[cfg(unix)]
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes all of `bytes` at `offset`.
#[cfg(windows)]
pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => {
                bytes = &bytes[n..];
                offset += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One read at `offset`; 0 is the end of the file.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match read {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Fills `buffer` from `offset`; `UnexpectedEof` when the file ends before.
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let n = read_at(file, buffer, offset)?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[n..];
        offset += n as u64;
    }
    Ok(())
}

/// Reads exactly `length` bytes from `offset` on into the room that `buffer` has behind its end; `UnexpectedEof` when
/// the file ends before.
pub fn read_into(file: &File, buffer: &mut Vec<u8>, length: usize, offset: u64) -> io::Result<()> {
    let start = buffer.len();
    buffer.reserve_exact(length);
    #[cfg(unix)]
    while buffer.len() < start + length {
        let (left, at) = (start + length - buffer.len(), offset + (buffer.len() - start) as u64);
        // Without this bound a read could bring more than was asked for.
        let room = &mut buffer.spare_capacity_mut()[..left];
        let filled = match rustix::io::pread(file, room, at) {
            Ok((filled, _)) => filled.len(),
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if filled == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        // SAFETY: pread has filled that many bytes of the room behind the end.
        unsafe { buffer.set_len(buffer.len() + filled) };
    }
    #[cfg(windows)]
    {
        buffer.resize(start + length, 0);
        read_exact_at(file, &mut buffer[start..], offset)?;
    }
    Ok(())
}

/// Reserves blocks for the first `len` bytes, so that a full disk shows before the first byte is fetched.
/// The file grows to that length. False when the file system can't; a full disk is an error.
pub fn preallocate(file: &File, len: u64) -> io::Result<bool> {
    if len == 0 {
        return Ok(true);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        loop {
            match fallocate(file, FallocateFlags::empty(), 0, len) {
                Ok(()) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = file;
        Ok(false)
    }
}

/// Copies a range between files, sharing blocks where the file system can (btrfs, XFS), else inside the kernel,
/// else through memory. `UnexpectedEof` when `from` ends before.
pub fn copy_range(from: &File, from_offset: u64, to: &File, to_offset: u64, len: u64) -> io::Result<()> {
    let mut done = 0;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    while done < len {
        let (mut source, mut target) = (from_offset + done, to_offset + done);
        let step = usize::try_from(len - done).unwrap_or(usize::MAX).min(1 << 30);
        match rustix::fs::copy_file_range(from, Some(&mut source), to, Some(&mut target), step) {
            // Also what some file systems answer that can't do it: the plain copy below tells an end for sure.
            Ok(0) => break,
            Ok(n) => done += n as u64,
            Err(rustix::io::Errno::INTR) => {}
            Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => return Err(error.into()),
            Err(_) => break,
        }
    }
    let mut buffer = vec![0; (len - done).min(1 << 20) as usize];
    while done < len {
        let step = (len - done).min(buffer.len() as u64) as usize;
        read_exact_at(from, &mut buffer[..step], from_offset + done)?;
        write_all_at(to, &buffer[..step], to_offset + done)?;
        done += step as u64;
    }
    Ok(())
}

/// What tells this run of the system from the one before; data in the page cache does not outlive it.
pub fn boot_id() -> Option<[u8; 16]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    let mut id = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(id)
}

/// How many descriptors this process may have open; None when there is no limit.
pub fn fd_limit() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

/// Whether the file lies in memory (tmpfs), where reserving space costs as much as writing it.
#[cfg(target_os = "linux")]
pub fn is_in_memory(file: &File) -> bool {
    // The field's type differs between architectures.
    const TMPFS_MAGIC: i128 = 0x0102_1994;
    rustix::fs::fstatfs(file).is_ok_and(|stat| i128::from(stat.f_type) == TMPFS_MAGIC)
}

/// Whether the file lies in memory: unknown here.
#[cfg(not(target_os = "linux"))]
pub fn is_in_memory(_: &File) -> bool {
    false
}

/// Brings everything that was written to the file system of `file` to disk.
#[cfg(target_os = "linux")]
pub fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(file)?)
}

/// Brings everything that was written to the file system of `file` to disk: not to be had here.
#[cfg(not(target_os = "linux"))]
pub fn sync_file_system(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn filled(len: usize) -> (File, Vec<u8>) {
        let bytes: Vec<u8> = (0..len).map(|n| (n * 7 % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        (file, bytes)
    }

    #[test]
    fn reads_and_writes_where_told() {
        let file = tempfile::tempfile().unwrap();
        write_all_at(&file, b"world", 6).unwrap();
        write_all_at(&file, b"hello ", 0).unwrap();
        let mut all = [0; 11];
        read_exact_at(&file, &mut all, 0).unwrap();
        assert_eq!(&all, b"hello world");
        assert_eq!(read_at(&file, &mut all, 11).unwrap(), 0);
        assert_eq!(read_exact_at(&file, &mut all, 6).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn reserved_room_sets_the_length() {
        let file = tempfile::tempfile().unwrap();
        if preallocate(&file, 1 << 20).unwrap() {
            assert_eq!(file.metadata().unwrap().len(), 1 << 20);
        }
        assert!(preallocate(&file, 0).unwrap());
        assert!(preallocate(&file, 1 << 60).is_err(), "more than any disk has");
    }

    #[test]
    fn copies_ranges() {
        let (from, bytes) = filled(3_000_000);
        let to = tempfile::tempfile().unwrap();
        copy_range(&from, 1000, &to, 10, 2_500_000).unwrap();
        let mut got = vec![0; 2_500_000];
        read_exact_at(&to, &mut got, 10).unwrap();
        assert_eq!(got, bytes[1000..2_501_000]);
        assert_eq!(copy_range(&from, 0, &to, 0, 3_000_001).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn knows_the_system() {
        assert_eq!(boot_id(), boot_id());
        assert!(boot_id().is_some() && fd_limit().is_none_or(|limit| limit > 2));
    }
}
