//! `.gitattributes`: which files are kept in large file storage.

use super::glob::{Slash, matches};

/// The rules of one `.gitattributes`, in their order.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    rules: Vec<(String, bool)>,
}

impl Attributes {
    pub(super) fn parse(text: &str) -> Attributes {
        let rules = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let pattern = words.next().filter(|pattern| !pattern.starts_with('#'))?;
            let lfs = words.rev().find_map(|word| match word {
                "filter=lfs" => Some(true),
                "-filter" | "!filter" => Some(false),
                other => other.starts_with("filter=").then_some(false),
            })?;
            // Spaces in a pattern are written as a class, a leading slash anchors.
            Some((pattern.trim_matches('"').replace("[[:space:]]", " "), lfs))
        });
        Attributes { rules: rules.collect() }
    }

    /// Whether the file at that path is stored in LFS; the last rule that names it decides.
    pub(super) fn is_lfs(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let named = |pattern: &str| match pattern.strip_prefix('/') {
            Some(anchored) => matches(anchored, path, Slash::Stops),
            None if pattern.contains('/') => matches(pattern, path, Slash::Stops),
            None => matches(pattern, name, Slash::Stops),
        };
        self.rules.iter().rev().find(|(pattern, _)| named(pattern)).is_some_and(|(_, lfs)| *lfs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_decides() {
        let rules = Attributes::parse(
            "# large files\n*.bin filter=lfs diff=lfs merge=lfs -text\nsaved/**/* filter=lfs\nsmall.bin -filter\n\
             *.txt text\n/top.dat filter=lfs\na[[:space:]]b.x filter=lfs\n",
        );
        assert!(rules.is_lfs("deep/er/model.bin"));
        assert!(!rules.is_lfs("small.bin"));
        assert!(rules.is_lfs("saved/x/y"));
        assert!(!rules.is_lfs("notes.txt"));
        assert!(rules.is_lfs("top.dat") && !rules.is_lfs("sub/top.dat"));
        assert!(rules.is_lfs("a b.x"));
        assert!(!Attributes::parse("").is_lfs("model.bin"));
    }
}
