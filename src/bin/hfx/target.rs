//! What `hfx download` is to fetch: from the words of the command line to a repository, a revision and one file or a
//! choice of files.

use hfx::error::{Error, Result};
use hfx::repo::{RepoId, RepoKind, RepoSpec, check_repo_path};

/// What is to be downloaded.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) repo: RepoId,
    /// `main` when none is given.
    pub(crate) revision: Option<String>,
    pub(crate) what: What,
}

/// Which files of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// One, by its exact name.
    File(String),
    /// All that the patterns let through.
    Snapshot {
        include: Vec<String>,
        exclude: Vec<String>,
        /// Files that were named exactly, and folders, with a slash: each must be there.
        named: Vec<String>,
    },
}

/// The words of the command line.
pub(crate) struct Words<'a> {
    pub(crate) repo: &'a str,
    pub(crate) kind: Option<RepoKind>,
    pub(crate) revision: Option<&'a str>,
    pub(crate) files: &'a [String],
    pub(crate) include: &'a [String],
    pub(crate) exclude: &'a [String],
    pub(crate) endpoint: &'a str,
}

/// Makes sense of the words.
pub(crate) fn read(words: &Words<'_>) -> Result<Target> {
    let spec = RepoSpec::parse(words.repo, words.kind, &[words.endpoint])?;
    let revision = match (spec.revision, words.revision) {
        (Some(own), Some(flag)) if own != flag => {
            return Err(Error::invalid(format!(
                "'{}' names the revision {own}, and --revision {flag}",
                words.repo
            )));
        }
        (own, flag) => own.or_else(|| flag.map(str::to_owned)),
    };
    let mut files = words.files.to_vec();
    if let Some(mut path) = spec.path {
        if !files.is_empty() {
            return Err(Error::invalid(format!(
                "'{}' names a path already; give no files beside it",
                words.repo
            )));
        }
        if words.repo.ends_with('/') || is_tree_page(words.repo) {
            path.push('/');
        }
        files.push(path);
    }
    let open = words.include.is_empty() && words.exclude.is_empty();
    if let ([file], true) = (&files[..], open)
        && !is_folder(file)
    {
        let what = What::File(check_repo_path(file)?);
        return Ok(Target { repo: spec.repo, revision, what });
    }
    let mut include = words.include.to_vec();
    let mut named = Vec::new();
    for file in &files {
        if is_folder(file) {
            let folder = file.trim_end_matches('/');
            // "./" is the whole repository.
            let folder = if folder == "." { String::new() } else { check_repo_path(folder)? + "/" };
            include.push(escape(&folder) + "*");
            if !folder.is_empty() {
                named.push(folder);
            }
        } else {
            let file = check_repo_path(file)?;
            include.push(escape(&file));
            named.push(file);
        }
    }
    let what = What::Snapshot { include, exclude: words.exclude.to_vec(), named };
    Ok(Target { repo: spec.repo, revision, what })
}

fn is_folder(name: &str) -> bool {
    name.ends_with('/')
}

/// Whether a web address is the page of a folder: `.../tree/main/folder`.
fn is_tree_page(text: &str) -> bool {
    !text.starts_with("hf://") && text.split('/').any(|part| part == "tree")
}

/// A name as a pattern that matches itself alone.
pub(crate) fn escape(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[') {
            pattern.extend(['[', c, ']']);
        } else {
            pattern.push(c);
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use hfx::pattern::Filter;

    fn words<'a>(repo: &'a str, files: &'a [String]) -> Words<'a> {
        Words {
            repo,
            kind: None,
            revision: None,
            files,
            include: &[],
            exclude: &[],
            endpoint: "http://hub:1",
        }
    }

    fn what(repo: &str, files: &[&str]) -> What {
        let files: Vec<String> = files.iter().map(ToString::to_string).collect();
        read(&words(repo, &files)).unwrap().what
    }

    #[test]
    fn escaped_names_match_themselves_alone() {
        for name in ["a[1].bin", "a*b", "?", "[!a]", "]", "[[]]", "a-b", "é [x"] {
            let filter = Filter::new(&[escape(name)], &[]);
            assert!(filter.matches(name), "{name}");
            for other in ["a1.bin", "axb", "x", "b", "a"] {
                assert!(!filter.matches(other), "{name} against {other}");
            }
        }
    }

    #[test]
    fn one_name_is_a_file_and_more_are_a_snapshot() {
        assert_eq!(what("o/n", &["a.json"]), What::File("a.json".into()));
        assert_eq!(what("hf://o/n/dir/a.json", &[]), What::File("dir/a.json".into()));
        assert_eq!(what("http://hub:1/o/n/blob/main/a.json", &[]), What::File("a.json".into()));
        let snapshot = |include: &[&str], named: &[&str]| What::Snapshot {
            include: include.iter().map(ToString::to_string).collect(),
            exclude: vec![],
            named: named.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(what("o/n", &[]), snapshot(&[], &[]));
        assert_eq!(what("o/n", &["a", "b[1]"]), snapshot(&["a", "b[[]1]"], &["a", "b[1]"]));
        assert_eq!(what("o/n", &["d/"]), snapshot(&["d/*"], &["d/"]));
        assert_eq!(what("hf://o/n/d/", &[]), snapshot(&["d/*"], &["d/"]));
        assert_eq!(what("http://hub:1/o/n/tree/main/d", &[]), snapshot(&["d/*"], &["d/"]));
        assert_eq!(what("o/n", &["./"]), snapshot(&["*"], &[]));
    }

    #[test]
    fn words_that_contradict_each_other() {
        let files = ["a".to_owned()];
        assert!(read(&words("hf://o/n/b", &files)).is_err());
        let two = Words { revision: Some("v2"), ..words("hf://o/n@v1", &[]) };
        assert!(read(&two).is_err());
        assert!(read(&words("o/n", &["../x".to_owned()])).is_err());
    }
}
