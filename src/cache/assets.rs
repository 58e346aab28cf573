//! Folders for what a library derives from files (extracted, preprocessed): `<assets>/<library>/<namespace>/<subfolder>`.

use std::path::{Path, PathBuf};

use crate::cache::guard::make_dirs;
use crate::error::{Error, Result};

/// Makes and returns the folder. Names are made plain as the Python client does: a space or a slash becomes `--`;
/// without a namespace or subfolder it is `default`.
pub fn assets_path(
    root: &Path,
    library: &str,
    namespace: Option<&str>,
    subfolder: Option<&str>,
) -> Result<PathBuf> {
    let path = [library, namespace.unwrap_or("default"), subfolder.unwrap_or("default")]
        .into_iter()
        .try_fold(root.to_owned(), |path, name| Ok(path.join(plain(name)?)))?;
    make_dirs(root, &path)?;
    Ok(path)
}

fn plain(name: &str) -> Result<String> {
    let plain = name.replace([' ', '/', '\\'], "--");
    let drive = plain.chars().nth(1) == Some(':');
    if plain.is_empty() || plain == "." || plain == ".." || plain.contains('\0') || drive {
        return Err(Error::invalid(format!("'{}' can't be a part of an assets folder", name.escape_debug())));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_names_them() {
        let root = tempfile::tempdir().unwrap();
        // As `cached_assets_path` of huggingface_hub 2.4.0 answers.
        for (library, namespace, subfolder, want) in [
            ("datasets", Some("SQuAD"), Some("download"), "datasets/SQuAD/download"),
            ("datasets", Some("Helsinki-NLP/tatoeba_mt"), None, "datasets/Helsinki-NLP--tatoeba_mt/default"),
            ("a b\\c", None, Some("/x"), "a--b--c/default/--x"),
            ("..a", None, None, "..a/default/default"),
        ] {
            let path = assets_path(root.path(), library, namespace, subfolder).unwrap();
            assert_eq!(path, root.path().join(want));
            assert!(path.is_dir());
        }
        for library in ["", "..", ".", "a\0", "C:"] {
            assert!(assets_path(root.path(), library, None, None).is_err(), "{library:?}");
        }
    }
}
