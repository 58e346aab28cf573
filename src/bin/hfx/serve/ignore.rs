//! `.gitignore`: which files a push leaves out.

use super::glob::{Slash, matches};

/// The rules of one `.gitignore`, in their order.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: String,
    /// `!`: not ignored after all.
    again: bool,
    /// A slash at the end: folders alone.
    folder: bool,
    /// A slash elsewhere: the path from the top, not a name at any depth.
    anchored: bool,
}

impl Ignore {
    pub(super) fn parse(text: &str) -> Ignore {
        Ignore { rules: text.lines().filter_map(Rule::parse).collect() }
    }

    /// Whether a file is left out: by itself, or because a folder above it is.
    pub(super) fn takes(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders.chain([(path, false)]).any(|(path, folder)| {
            let last = self.rules.iter().rev().find(|rule| rule.takes(path, folder));
            last.is_some_and(|rule| !rule.again)
        })
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Rule> {
        // Spaces at the end count only behind a backslash.
        let mut text = line.trim_end_matches('\r').trim_end_matches(' ');
        if text.ends_with('\\') && line.len() > text.len() {
            text = &line[..=text.len()];
        }
        let (again, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (folder, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
        if text.is_empty() || (!again && line.starts_with('#')) {
            return None;
        }
        let pattern = text.strip_prefix('/').unwrap_or(text).to_owned();
        Some(Rule { anchored: text.contains('/'), pattern, again, folder })
    }

    fn takes(&self, path: &str, folder: bool) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        (folder || !self.folder)
            && matches(&self.pattern, if self.anchored { path } else { name }, Slash::Stops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_git() {
        let rules = Ignore::parse(
            "# comment\n*.log\n!keep.log\nbuild/\n/top.txt\na/**/z\n\\#odd\n\nspace\\ \ndoc/*.txt\n!build/x\n",
        );
        for path in ["x.log", "deep/x.log", "build/x", "a/build/b/c", "top.txt", "a/z", "a/b/c/z", "#odd"] {
            assert!(rules.takes(path), "{path}");
        }
        for path in
            ["keep.log", "deep/keep.log", "build", "deep/top.txt", "# comment", "doc/a/b.txt", "space"]
        {
            assert!(!rules.takes(path), "{path}");
        }
        assert!(rules.takes("space ") && rules.takes("doc/a.txt"));
        assert!(!Ignore::parse("").takes("a"));
    }
}
