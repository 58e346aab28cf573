//! Access tokens on this machine, kept as the Python client 2.4.0 keeps them (`utils/_auth.py`): the active one in
//! `$HF_HOME/token` (or `HF_TOKEN_PATH`), the named ones beside it in `stored_tokens`.
//!
//! Files are readable for their owner alone and replaced whole, by rename; fields that are not ours are kept. A file
//! that can't be read is an error and stays as it is. Between processes, `stored_tokens.lock` is held while the file is
//! read and written, as the Python client does it.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hfx::error::{Error, Kind, Result};
use hfx::secret::Secret;
use hfx::sys::lock::{Attempt, FileLock};

use crate::ini::{self, Sections};

/// The field of a token in its section.
const FIELD: &str = "hf_token";
/// Longest wait for another process that changes tokens.
const WAIT: Duration = Duration::from_secs(30);

/// Where tokens are kept.
pub(crate) struct Store {
    token: PathBuf,
    stored: PathBuf,
}

/// A token by its name.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) token: Secret,
    /// When it ends, in seconds since 1970, for those that a browser login made.
    pub(crate) expires_at: Option<i64>,
}

impl Store {
    /// Where the environment says.
    pub(crate) fn here() -> Result<Self> {
        let token = hfx::options::token_path().ok_or_else(|| {
            Error::invalid("no place for tokens: neither HF_TOKEN_PATH, HF_HOME nor HOME is set")
        })?;
        Ok(Self::at(token))
    }

    fn at(token: PathBuf) -> Self {
        let stored = token.with_file_name("stored_tokens");
        Self { token, stored }
    }

    /// The file of the active token.
    pub(crate) fn token_path(&self) -> &Path {
        &self.token
    }

    /// The file of the named ones.
    pub(crate) fn stored_path(&self) -> &Path {
        &self.stored
    }

    /// The active one.
    pub(crate) fn active(&self) -> Result<Option<Secret>> {
        let text = read(&self.token)?.unwrap_or_default();
        Ok(Some(Secret::new(text.replace(['\r', '\n'], ""))).filter(|token| !token.is_empty()))
    }

    /// The named ones, by their names.
    pub(crate) fn named(&self) -> Result<Vec<Named>> {
        let field = |keys: &[(String, String)], wanted: &str| {
            keys.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone())
        };
        let named = self.sections()?.into_iter().map(|(name, keys)| Named {
            name,
            token: Secret::new(field(&keys, FIELD).unwrap_or_default()),
            expires_at: field(&keys, "expires_at").and_then(|text| text.parse().ok()),
        });
        Ok(named.collect())
    }

    /// The token of a name.
    pub(crate) fn find(&self, name: &str) -> Result<Secret> {
        let found = self.named()?.into_iter().find(|one| one.name == name && !one.token.is_empty());
        found.map(|one| one.token).ok_or_else(|| self.unknown(name))
    }

    /// Keeps a token under a name, in place of what was there, and makes it the active one.
    pub(crate) fn add(&self, name: &str, token: &Secret) -> Result<()> {
        if !ini::is_name(name) {
            return Err(Error::invalid(format!(
                "'{}' can't be the name of a token: rename it on the Hub",
                name.escape_debug()
            )));
        }
        self.change(|sections| {
            sections.insert(name.to_owned(), vec![(FIELD.to_owned(), token.expose().to_owned())]);
            Ok(())
        })?;
        self.activate(token)
    }

    /// Makes a token the active one.
    pub(crate) fn activate(&self, token: &Secret) -> Result<()> {
        write(&self.token, token.expose())
    }

    /// Forgets a named token; true when it was the active one, which is forgotten as well.
    pub(crate) fn remove(&self, name: &str) -> Result<bool> {
        let token = self.named()?.into_iter().find(|one| one.name == name).map(|one| one.token);
        self.change(|sections| sections.remove(name).map(|_| ()).ok_or_else(|| self.unknown(name)))?;
        let was_active = token.is_some() && token == self.active()?;
        if was_active {
            delete(&self.token)?;
        }
        Ok(was_active)
    }

    /// Forgets all; false when there were none.
    pub(crate) fn clear(&self) -> Result<bool> {
        let (active, named) = (delete(&self.token)?, delete(&self.stored)?);
        Ok(active || named)
    }

    fn sections(&self) -> Result<Sections> {
        let text = read(&self.stored)?.unwrap_or_default();
        ini::parse(&text).map_err(|why| {
            Error::new(Kind::Io, format!("can't make sense of {}: {why}", self.stored.display()))
        })
    }

    fn change(&self, change: impl FnOnce(&mut Sections) -> Result<()>) -> Result<()> {
        make_folder(&self.stored)?;
        let lock = self.stored.with_file_name("stored_tokens.lock");
        let _held = match FileLock::acquire(&lock, WAIT, &mut || true) {
            Ok(Attempt::Busy) => {
                let text = format!("another process has held {} for {} s", lock.display(), WAIT.as_secs());
                return Err(Error::new(Kind::Locked, text).retryable(true));
            }
            // Without locks, the rename alone keeps the file whole.
            Ok(held) => Some(held),
            Err(_) => None,
        };
        let mut sections = self.sections()?;
        change(&mut sections)?;
        write(&self.stored, &ini::format(&sections))
    }

    fn unknown(&self, name: &str) -> Error {
        let text = format!("no token is named '{}' in {}", name.escape_debug(), self.stored.display());
        Error::new(Kind::EntryNotFound, text)
    }
}

/// A file's text; none when there is no file.
fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path, &error)),
    }
}

/// Replaces a file whole, for its owner's eyes only. A link stays one: its target is replaced.
fn write(path: &Path, text: &str) -> Result<()> {
    make_folder(path)?;
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temp = path.with_file_name(format!(".{name}.{:08x}", fastrand::u32(..)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&temp).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temp, path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&temp);
        Error::io("write", path, &error)
    })
}

/// Makes the folder of a file; a new one is for its owner alone, one that is there keeps its rights.
fn make_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Error::io("make", folder, &error))
}

/// Deletes a file; false when there was none.
fn delete(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("delete", path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(store: &Store) -> Vec<String> {
        store.named().unwrap().into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn tokens_come_and_go() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path().join("new/token"));
        let (one, two) = (Secret::new("hf_one"), Secret::new("hf_two"));
        assert!(store.active().unwrap().is_none() && names(&store).is_empty());
        store.add("b", &two).unwrap();
        store.add("a", &one).unwrap();
        assert_eq!((names(&store), store.active().unwrap()), (vec!["a".into(), "b".into()], Some(one)));
        store.activate(&store.find("b").unwrap()).unwrap();
        assert_eq!(store.active().unwrap(), Some(two));
        assert_eq!(store.find("none").unwrap_err().kind(), Kind::EntryNotFound);
        assert!(!store.remove("a").unwrap() && store.remove("b").unwrap());
        assert!(store.active().unwrap().is_none());
        assert!(store.remove("b").is_err() && store.add("DEFAULT", &Secret::new("x")).is_err());
        store.activate(&Secret::new("hf_x")).unwrap();
        assert!(store.clear().unwrap() && !store.clear().unwrap());
        let left: Vec<_> =
            fs::read_dir(home.path().join("new")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["stored_tokens.lock"], "no temporary file is left");
    }

    #[test]
    fn nobody_s_change_is_lost() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let store = Store::at(path.clone());
                scope
                    .spawn(move || store.add(&format!("name {n}"), &Secret::new(format!("hf_{n}"))).unwrap());
            }
        });
        assert_eq!(names(&Store::at(path)).len(), 8);
    }

    #[test]
    fn what_is_not_ours_stays() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path().join("token"));
        fs::write(&store.stored, "[browser]\nhf_token = hf_b\nrefresh_token = r\nexpires_at = 17\n").unwrap();
        store.add("a", &Secret::new("hf_a")).unwrap();
        let text = fs::read_to_string(&store.stored).unwrap();
        assert!(text.contains("refresh_token = r\nexpires_at = 17\n"), "{text}");
        assert_eq!(store.named().unwrap()[1].expires_at, Some(17));

        fs::write(&store.stored, "no ini at all").unwrap();
        assert!(store.named().is_err() && store.add("c", &Secret::new("hf_c")).is_err());
        assert_eq!(fs::read_to_string(&store.stored).unwrap(), "no ini at all");
    }

    #[cfg(unix)]
    #[test]
    fn only_their_owner_reads_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let store = Store::at(home.path().join("made/token"));
        store.add("a", &Secret::new("hf_a")).unwrap();
        assert_eq!((mode(&store.token), mode(&store.stored)), (0o600, 0o600));
        assert_eq!(mode(&home.path().join("made")), 0o700);
        fs::set_permissions(&store.token, fs::Permissions::from_mode(0o644)).unwrap();
        store.activate(&Secret::new("hf_b")).unwrap();
        assert_eq!(mode(&store.token), 0o600);

        let link = home.path().join("link");
        std::os::unix::fs::symlink(&store.token, &link).unwrap();
        Store::at(link.clone()).activate(&Secret::new("hf_c")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(store.active().unwrap(), Some(Secret::new("hf_c")));
    }
}
