//! Which entries `hfx cache ls` shows, and in which order: `--filter`, `--sort` and `--limit` mean of repositories what they
//! mean to `hf`. Where each revision is shown, filters choose among those, and order and number are still of repositories.
//!
//! Source: `huggingface_hub` 2.4.0, `cli/cache.py`. Sizes are powers of 1024 here.

use std::cmp::Ordering;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use hfx::cache::scan::{CacheInfo, RepoInfo, RevisionInfo};
use hfx::options::parse_size;

/// Whether an ordering is as an operator wants it.
type Holds = fn(Ordering) -> bool;

/// Comparisons, the longer ones first.
const OPERATORS: [(&str, Holds); 6] = [
    (">=", Ordering::is_ge),
    ("<=", Ordering::is_le),
    ("!=", Ordering::is_ne),
    (">", Ordering::is_gt),
    ("<", Ordering::is_lt),
    ("=", Ordering::is_eq),
];

/// One condition on an entry.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    key: Key,
    holds: Holds,
}

#[derive(Debug, Clone)]
enum Key {
    Size(u64),
    Accessed(Duration),
    Modified(Duration),
    Type(String),
    Ref(String),
}

/// An order of entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sort {
    by: By,
    descending: bool,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Accessed,
    Modified,
    Name,
    Size,
}

/// Leaves what all filters let through: revisions where each is shown, else repositories.
pub(super) fn select(
    info: &mut CacheInfo,
    filters: &[Filter],
    sort: Option<Sort>,
    limit: Option<usize>,
    each_revision: bool,
) {
    let now = SystemTime::now();
    let all = |repo: &RepoInfo, revision: Option<&RevisionInfo>| {
        filters.iter().all(|filter| filter.lets(repo, revision, now))
    };
    if each_revision && !filters.is_empty() {
        for repo in &mut info.repos {
            let revisions = std::mem::take(&mut repo.revisions);
            repo.revisions = revisions.into_iter().filter(|revision| all(repo, Some(revision))).collect();
        }
        info.repos.retain(|repo| !repo.revisions.is_empty());
    } else if !each_revision {
        info.repos.retain(|repo| all(repo, None));
    }
    if let Some(sort) = sort {
        sort.apply(&mut info.repos);
    }
    info.repos.truncate(limit.unwrap_or(usize::MAX));
    if !filters.is_empty() || limit.is_some() {
        let revisions = |repo: &RepoInfo| repo.revisions.iter().map(|revision| revision.size).sum::<u64>();
        info.size =
            info.repos.iter().map(|repo| if each_revision { revisions(repo) } else { repo.size }).sum();
    }
}

impl Filter {
    fn lets(&self, repo: &RepoInfo, revision: Option<&RevisionInfo>, now: SystemTime) -> bool {
        let age = |then| now.duration_since(then).unwrap_or_default();
        let ordering = match &self.key {
            Key::Size(size) => revision.map_or(repo.size, |revision| revision.size).cmp(size),
            Key::Accessed(time) => age(repo.last_accessed).cmp(time),
            Key::Modified(time) => {
                age(revision.map_or(repo.last_modified, |revision| revision.last_modified)).cmp(time)
            }
            Key::Type(kind) => return repo.kind.name() == kind,
            Key::Ref(name) => {
                let has =
                    |revision: &RevisionInfo| revision.refs.iter().any(|own| own.eq_ignore_ascii_case(name));
                return revision.map_or_else(|| repo.revisions.iter().any(has), has);
            }
        };
        (self.holds)(ordering)
    }
}

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = |what: &str| {
            Err(format!("{what}: say size>1G, accessed>30d, modified<1w, type=model or refs=main"))
        };
        let Some(at) = text.find(['=', '!', '<', '>']) else { return bad("no comparison") };
        let (key, rest) = (text[..at].trim(), &text[at..]);
        let Some((operator, holds)) = OPERATORS.into_iter().find(|(operator, _)| rest.starts_with(operator))
        else {
            return bad("no such comparison");
        };
        let value = rest[operator.len()..].trim();
        let equals = operator == "=";
        let key = match key.to_ascii_lowercase().as_str() {
            "size" => parse_size(value).and_then(|size| u64::try_from(size).ok()).map(Key::Size),
            "accessed" => duration(value).map(Key::Accessed),
            "modified" => duration(value).map(Key::Modified),
            "type" if equals => Some(Key::Type(value.to_ascii_lowercase())),
            "refs" if equals => Some(Key::Ref(value.to_owned())),
            "type" | "refs" => return bad("only = compares types and refs"),
            _ => return bad("no such key"),
        };
        key.map_or_else(|| bad("no such value"), |key| Ok(Self { key, holds }))
    }
}

/// `30d`, or a number of seconds.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let seconds: u64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        "mo" => 2_592_000,
        "y" => 31_536_000,
        _ => return None,
    };
    Some(Duration::from_secs(text[..digits].parse::<u64>().ok()?.checked_mul(seconds)?))
}

impl Sort {
    fn apply(self, repos: &mut [RepoInfo]) {
        match self.by {
            By::Accessed => repos.sort_by_key(|repo| repo.last_accessed),
            By::Modified => repos.sort_by_key(|repo| repo.last_modified),
            By::Name => repos.sort_by_key(|repo| (repo.kind.name(), repo.id.to_ascii_lowercase())),
            By::Size => repos.sort_by_key(|repo| repo.size),
        }
        if self.descending {
            repos.reverse();
        }
    }
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, order) = text.split_once(':').map_or((text, None), |(key, order)| (key, Some(order)));
        let by = match key {
            "accessed" => Some(By::Accessed),
            "modified" => Some(By::Modified),
            "name" => Some(By::Name),
            "size" => Some(By::Size),
            _ => None,
        };
        let descending = match order {
            None => Some(key != "name"),
            Some("desc") => Some(true),
            Some("asc") => Some(false),
            Some(_) => None,
        };
        match (by, descending) {
            (Some(by), Some(descending)) => Ok(Self { by, descending }),
            _ => Err("say accessed, modified, name or size, and :asc or :desc behind it".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_orders_are_read() {
        for good in
            ["size>1G", "size <= 20MB", "accessed>30d", "modified!=2mo", "type=model", "refs = refs/pr/1"]
        {
            assert!(good.parse::<Filter>().is_ok(), "{good}");
        }
        for bad in ["", "size", "size~1", "size>x", "accessed>1q", "type>model", "name=a", "!size"] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
        assert_eq!(duration("2h"), Some(Duration::from_hours(2)));
        assert_eq!(duration("90"), Some(Duration::from_secs(90)));
        for bad in ["size:up", "refs", ""] {
            assert!(bad.parse::<Sort>().is_err(), "{bad}");
        }
        assert!("size".parse::<Sort>().unwrap().descending && !"name".parse::<Sort>().unwrap().descending);
        assert!(!"size:asc".parse::<Sort>().unwrap().descending);
    }
}
