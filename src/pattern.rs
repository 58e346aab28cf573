//! Allow and ignore patterns with the meaning that the Python client gives them: `fnmatch.fnmatchcase`.
//!
//! `*` matches any text, slashes too; `?` one character; `[seq]` and `[!seq]` a character in or not in a set, with
//! ranges. Case counts, backslashes are slashes, and a pattern that ends in `/` means all below that folder.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What a job takes of a repository's files.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    allow: Vec<Pattern>,
    ignore: Vec<Pattern>,
    files: BTreeSet<String>,
}

impl Filter {
    /// A file passes when it matches a pattern of `allow` (an empty list allows all) and none of `ignore`.
    pub fn new(allow: &[String], ignore: &[String]) -> Self {
        let compile = |texts: &[String]| texts.iter().map(|text| Pattern::new(text)).collect();
        Self { allow: compile(allow), ignore: compile(ignore), files: BTreeSet::new() }
    }

    /// Lets these paths through as well, as they are written: patterns of `allow` are then not needed.
    #[must_use]
    pub fn and_files(mut self, files: &[String]) -> Self {
        self.files = files.iter().cloned().collect();
        self
    }

    /// The first of the exact paths that is none of these.
    pub fn first_lacking<'a>(&self, mut paths: impl Iterator<Item = &'a str>) -> Option<&str> {
        let mut left: BTreeSet<&str> = self.files.iter().map(String::as_str).collect();
        while !left.is_empty()
            && let Some(path) = paths.next()
        {
            left.remove(path);
        }
        left.first().copied()
    }

    /// Whether `path` passes.
    pub fn matches(&self, path: &str) -> bool {
        let exact = self.files.contains(path);
        let path: Vec<char> = normal(path).chars().collect();
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&path));
        let all = self.allow.is_empty() && self.files.is_empty();
        (all || exact || any(&self.allow)) && !any(&self.ignore)
    }

    /// Whether every path passes.
    pub fn is_open(&self) -> bool {
        self.allow.is_empty() && self.ignore.is_empty() && self.files.is_empty()
    }
}

fn normal(text: &str) -> String {
    text.replace('\\', "/")
}

#[derive(Debug, Clone)]
struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Star,
    One,
    Literal(char),
    Set { not: bool, ranges: Vec<RangeInclusive<char>> },
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::One => true,
            Self::Literal(own) => *own == c,
            Self::Set { not, ranges } => ranges.iter().any(|range| range.contains(&c)) != *not,
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Self {
        let mut text = normal(text);
        if text.ends_with('/') {
            text.push('*');
        }
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&c) = chars.get(at) {
            at += 1;
            match c {
                '*' if tokens.last() == Some(&Token::Star) => {}
                '*' => tokens.push(Token::Star),
                '?' => tokens.push(Token::One),
                '[' => match set_end(&chars, at) {
                    Some(end) => {
                        tokens.push(read_set(&chars[at..end]));
                        at = end + 1;
                    }
                    None => tokens.push(Token::Literal('[')),
                },
                c => tokens.push(Token::Literal(c)),
            }
        }
        Self(tokens)
    }

    /// Greedy with one step back to the last star: linear in practice, never exponential.
    fn matches(&self, path: &[char]) -> bool {
        let tokens = &self.0;
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while at < path.len() {
            match tokens.get(token) {
                Some(Token::Star) => {
                    star = Some((token, at));
                    token += 1;
                }
                Some(one) if one.takes(path[at]) => {
                    token += 1;
                    at += 1;
                }
                _ => {
                    let Some((back, from)) = star else { return false };
                    star = Some((back, from + 1));
                    (token, at) = (back + 1, from + 1);
                }
            }
        }
        tokens[token..].iter().all(|token| *token == Token::Star)
    }
}

/// Where the set that was opened before `start` closes: a `]` right at its start (or after `!`) is a member.
fn set_end(chars: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    at += usize::from(chars.get(at) == Some(&'!'));
    at += usize::from(chars.get(at) == Some(&']'));
    chars.get(at..)?.iter().position(|c| *c == ']').map(|found| at + found)
}

/// What stands between the brackets, ranges as Python's `fnmatch` cuts them: at each `-` that is neither first nor
/// last nor right after another range, and a range that runs backwards is empty.
fn read_set(chars: &[char]) -> Token {
    let not = chars.first() == Some(&'!');
    let chars = if not { &chars[1..] } else { chars };
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars.get(at + 1) == Some(&'-') && at + 2 < chars.len() {
            ranges.push(chars[at]..=chars[at + 2]);
            at += 3;
        } else {
            ranges.push(chars[at]..=chars[at]);
            at += 1;
        }
    }
    Token::Set { not, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by huggingface_hub 2.4.0's `filter_repo_objects`: bit n says that PATHS[n] passes the one allow pattern.
    const PATHS: [&str; 20] = [
        "a", "b", "ab", "a/b", "a/b/c", "-", "]", "[", "!", "a-b", "^a", "ba.c", "é/a", "a\nb", "aab", "c]a",
        "a\\b", "*", "abcabc", "",
    ];
    const TABLE: [(&str, u32); 110] = [
        ("*", 0xfffff),
        ("a*", 0x5621d),
        ("*a", 0x9401),
        ("a/", 0x10018),
        ("?", 0x201e3),
        ("??", 0x404),
        ("a?b", 0x16208),
        ("[ab]", 0x3),
        ("[!ab]", 0x201e0),
        ("[]]", 0x40),
        ("[!]]", 0x201a3),
        ("[a-c]", 0x3),
        ("[!a-c]", 0x201e0),
        ("[c-a]", 0x0),
        ("[!c-a]", 0x201e3),
        ("[a-]", 0x21),
        ("[-a]", 0x21),
        ("[a", 0x0),
        ("[]", 0x0),
        ("[!]", 0x0),
        ("[^a]a", 0x400),
        ("a[/-]b", 0x10208),
        ("*[]a]*", 0x5fe5d),
        ("a\\*", 0x10018),
        ("**/b", 0x10008),
        ("*/", 0x11018),
        ("a*b*c", 0x40010),
        ("[--a]", 0xe1),
        ("[a-b-c]", 0x23),
        ("[!-a]", 0x201c2),
        ("", 0x80000),
        ("[é]/*", 0x1000),
        ("a*?c", 0x40010),
        ("**", 0xfffff),
        ("[[]", 0x80),
        ("[*]", 0x20000),
        ("]ébc-\\b", 0x0),
        ("[b[", 0x0),
        ("-\\ac", 0x0),
        ("]*\\\\[--[", 0x0),
        ("[[?c]-/*[", 0x0),
        ("]?", 0x0),
        ("*]\\", 0x0),
        ("^]/^[^é", 0x0),
        ("[][\\a", 0x0),
        ("[*[\\*\\", 0x0),
        ("[\\", 0x0),
        ("][\\]]aa-]", 0x0),
        ("**][]", 0x0),
        ("-]\\]*]", 0x0),
        ("]é/*[\\/c", 0x0),
        ("é/", 0x1000),
        ("!*", 0x100),
        ("*\\a*", 0x1000),
        ("aa", 0x0),
        ("[é]?[^/[", 0x0),
        ("*\\", 0x11018),
        ("?^c]]é", 0x0),
        ("]?]b]*]]]", 0x0),
        ("]a[b[*", 0x0),
        ("[[?", 0x0),
        ("***-[?", 0x0),
        ("a?*c]**é[", 0x0),
        ("cc]]*", 0x0),
        ("/-/a//é-", 0x0),
        ("a?*\\c", 0x10),
        ("?[b]", 0x4),
        ("a?", 0x4),
        ("*/^[]^^a*", 0x0),
        ("]c[[[?", 0x0),
        ("-c!/[!]", 0x0),
        ("?é", 0x0),
        ("[é\\", 0x0),
        ("cb*[c/\\*/", 0x0),
        ("é**[][!a?", 0x0),
        ("][é", 0x0),
        ("-c*c[-*[", 0x0),
        ("]]^-*", 0x0),
        ("a[^", 0x0),
        ("b?^-b[[", 0x0),
        ("/]b[*b[", 0x0),
        ("*\\!?c[b", 0x0),
        ("é\\*", 0x1000),
        ("!aa[*^**!", 0x0),
        ("]cb]é]a", 0x0),
        ("]*é", 0x0),
        ("!^-*^b-/*", 0x0),
        ("*]*?[c", 0x0),
        ("é[[]a", 0x0),
        ("!\\]", 0x0),
        ("a\\*?b\\", 0x0),
        ("?a*a*]-\\[", 0x0),
        ("][*?]", 0x0),
        ("??**", 0x5fe1c),
        ("é*", 0x1000),
        ("*-*^é!*", 0x0),
        ("*a*]!/aé[", 0x0),
        ("]\\-*[", 0x0),
        ("\\*-^?é]^", 0x0),
        ("*[!]c[[^", 0x0),
        ("\\**?", 0x0),
        ("[\\^*", 0x0),
        ("ébc/]]", 0x0),
        ("a[", 0x0),
        ("-**", 0x20),
        ("?*/**", 0x11018),
        ("[é/]*]\\", 0x0),
        ("-/[/?]cbé", 0x0),
        ("-!b*", 0x0),
        ("-*", 0x20),
    ];

    #[test]
    fn exact_paths_are_no_patterns() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let exact = list(&["a [1]?.txt", "b*"]);
        let only = Filter::new(&[], &[]).and_files(&exact);
        assert!(only.matches("a [1]?.txt") && only.matches("b*") && !only.is_open());
        assert!(!only.matches("a 1x.txt") && !only.matches("bc"));
        let beside = Filter::new(&list(&["*.json"]), &list(&["b*"])).and_files(&exact);
        assert!(beside.matches("x.json") && beside.matches("a [1]?.txt"));
        assert!(!beside.matches("b*") && !beside.matches("x.txt"), "what is left out stays out");
        assert_eq!(only.first_lacking(["x", "b*"].into_iter()), Some("a [1]?.txt"));
        assert_eq!(only.first_lacking(["b*", "a [1]?.txt"].into_iter()), None);
    }

    #[test]
    fn as_python_matches() {
        for (pattern, bits) in TABLE {
            let one = [pattern.to_owned()];
            let (allow, ignore) = (Filter::new(&one, &[]), Filter::new(&[], &one));
            for (n, path) in PATHS.iter().enumerate() {
                let want = bits >> n & 1 == 1;
                assert_eq!(allow.matches(path), want, "allow {pattern:?} on {path:?}");
                assert_eq!(ignore.matches(path), !want, "ignore {pattern:?} on {path:?}");
            }
        }
    }

    #[test]
    fn both_lists() {
        let filter = Filter::new(&["*.json".into(), "data/".into()], &["data/secret*".into()]);
        assert!(filter.matches("deep/config.json") && filter.matches("data/x/y"));
        assert!(!filter.matches("data/secret.json") && !filter.matches("README.md"));
        assert!(Filter::new(&[], &[]).is_open() && Filter::default().matches("x"));
    }

    proptest::proptest! {
        #[test]
        fn many_stars_stay_fast(path in "[ab/]{0,200}") {
            let filter = Filter::new(&["*a".repeat(40) + "c"], &[]);
            proptest::prop_assert!(!filter.matches(&path));
        }

        #[test]
        fn plain_text_matches_itself_alone(text in "[a-c./]{0,8}[a-c]", other in "[a-c./]{0,8}") {
            let filter = Filter::new(std::slice::from_ref(&text), &[]);
            proptest::prop_assert_eq!(filter.matches(&other), text == other);
        }
    }
}
