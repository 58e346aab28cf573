//! Notes on disk, a line each: what was written tells whether it is whole, and appends of several processes do not mix.

use std::fs::{self, File, OpenOptions};
use std::hash::Hasher as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde::Serialize;
use twox_hash::XxHash3_64;

/// A line that is as it was written.
pub(super) fn read_line<T: serde::de::DeserializeOwned>(line: &str) -> Option<T> {
    let (sum, text) = line.split_once(' ')?;
    (u64::from_str_radix(sum, 16) == Ok(sum_of(text))).then(|| serde_json::from_str(text).ok())?
}

fn sum_of(text: &str) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(text.as_bytes());
    hash.finish()
}

/// The lines that can be read, up to one that a crash tore.
pub(super) fn read_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Vec<T> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let lines = BufReader::new(file).lines().map_while(std::result::Result::ok);
    lines.filter_map(|line| read_line(&line)).collect()
}

/// Puts a new file in the place of the old one, and leaves it open for more.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> std::io::Result<()>,
) -> std::io::Result<File> {
    make_folder(path)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    // A leftover of a process that had the same number.
    let _ = fs::remove_file(&fresh);
    let mut file = private(OpenOptions::new().create_new(true).append(true)).open(&fresh)?;
    write(&mut file)?;
    fs::rename(&fresh, path)?;
    Ok(file)
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

pub(super) fn append(path: &Path) -> std::io::Result<File> {
    make_folder(path)?;
    let mut file = private(OpenOptions::new().create(true).append(true)).open(path)?;
    // A line that a crash tore ends here.
    if file.metadata()?.len() > 0 {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// One write for the whole line: appends of several processes do not mix.
pub(super) fn write_line<T: Serialize>(file: &mut File, line: &T) -> std::io::Result<()> {
    let text = serde_json::to_string(line)?;
    file.write_all(format!("{:016x} {text}\n", sum_of(&text)).as_bytes())
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}
