//! Allow and ignore patterns: as Python's fnmatch, by a slow and obvious matcher beside it.
#![no_main]

use hfx::pattern::Filter;
use libfuzzer_sys::fuzz_target;

// A pattern, a NUL, a path.
fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let Some((pattern, path)) = text.split_once('\0') else { return };
    if pattern.len() > 200 || path.len() > 200 {
        return;
    }
    let one = [pattern.to_owned()];
    let taken = Filter::new(&one, &[]).matches(path);
    assert_eq!(taken, slow(pattern, path), "{pattern:?} {path:?}");
    assert_eq!(Filter::new(&[], &one).matches(path), !taken);
    assert!(Filter::default().matches(path));
});

fn slow(pattern: &str, path: &str) -> bool {
    let mut pattern: Vec<char> = pattern.replace('\\', "/").chars().collect();
    if pattern.last() == Some(&'/') {
        pattern.push('*');
    }
    let path: Vec<char> = path.replace('\\', "/").chars().collect();
    // Which beginnings of the path the pattern has taken so far.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let c = pattern[at];
        at += 1;
        if c == '*' {
            let first = reached.iter().position(|r| *r).unwrap_or(reached.len());
            reached[first..].fill(true);
            continue;
        }
        let mut set = None;
        if c == '[' {
            let mut end = at;
            end += usize::from(pattern.get(end) == Some(&'!'));
            end += usize::from(pattern.get(end) == Some(&']'));
            while pattern.get(end).is_some_and(|c| *c != ']') {
                end += 1;
            }
            if end < pattern.len() {
                set = Some(pattern[at..end].to_vec());
                at = end + 1;
            }
        }
        let takes = |p: char| match &set {
            Some(set) => in_set(set, p),
            None => c == '?' || c == p,
        };
        for end in (0..path.len()).rev() {
            reached[end + 1] = reached[end] && takes(path[end]);
        }
        reached[0] = false;
    }
    reached[path.len()]
}

fn in_set(set: &[char], c: char) -> bool {
    let (not, mut set) = if set.first() == Some(&'!') { (true, &set[1..]) } else { (false, set) };
    let mut inside = false;
    while let Some(&low) = set.first() {
        if set.len() > 2 && set[1] == '-' {
            inside |= low <= c && c <= set[2];
            set = &set[3..];
        } else {
            inside |= low == c;
            set = &set[1..];
        }
    }
    inside != not
}
