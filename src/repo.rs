//! Names: repositories, revisions, files. Pure values, checked where they enter.
//!
//! A name becomes a folder, a file or a piece of a URL, so nothing that came from outside (an argument, a tree
//! answer, an `ETag`) reaches a path before one of the `check_` functions has seen it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Kind, Result};

/// The revision meant when none is given.
pub const DEFAULT_REVISION: &str = "main";

/// The public Hub's hosts: their web addresses name repositories.
pub const HUB_HOSTS: [&str; 3] = ["huggingface.co", "hf.co", "hub-ci.huggingface.co"];

/// What Python's `quote` leaves as it is.
const REVISION: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');
const PATH: &AsciiSet = &REVISION.remove(b'/');

/// The kind of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum RepoKind {
    /// A model, the kind meant when none is given.
    #[default]
    Model,
    /// A dataset.
    Dataset,
    /// A Space.
    Space,
    /// A compute kernel.
    Kernel,
}

impl RepoKind {
    /// Every kind.
    pub const ALL: [RepoKind; 4] = [Self::Model, Self::Dataset, Self::Space, Self::Kernel];

    /// The singular: `model`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Space => "space",
            Self::Kernel => "kernel",
        }
    }

    /// The plural, a segment of API addresses and of folder names: `models`.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
            Self::Kernel => "kernels",
        }
    }

    /// What stands before the id in the address of a file: nothing for a model, else `datasets/` and so on.
    pub const fn url_prefix(self) -> &'static str {
        match self {
            Self::Model => "",
            Self::Dataset => "datasets/",
            Self::Space => "spaces/",
            Self::Kernel => "kernels/",
        }
    }

    /// The kind with this plural.
    pub fn from_plural(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == text)
    }

    /// Reads the singular or the plural.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text || kind.plural() == text).ok_or_else(|| {
            Error::invalid(format!(
                "'{text}' is no repository type; there are model, dataset, space and kernel"
            ))
        })
    }
}

impl fmt::Display for RepoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A repository: its kind and its checked id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoId {
    kind: RepoKind,
    id: String,
}

impl RepoId {
    /// Checks `id`: `name` or `namespace/name`.
    pub fn new(kind: RepoKind, id: &str) -> Result<Self> {
        let refuse = |why: &str| Err(Error::invalid(format!("'{id}' is no repository id: {why}")));
        let segments: Vec<&str> = id.split('/').collect();
        if segments.len() > 2 {
            if let Some(kind) = RepoKind::from_plural(segments[0]).filter(|_| segments.len() == 3) {
                let rest = &id[segments[0].len() + 1..];
                return refuse(&format!(
                    "give the type apart, as --repo-type {kind} {rest}, or write hf://{id}"
                ));
            }
            return refuse("it is 'name' or 'owner/name'");
        }
        for segment in &segments {
            let fine = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
            let (Some(&first), Some(&last)) = (segment.as_bytes().first(), segment.as_bytes().last()) else {
                return refuse("a part of it is empty");
            };
            if segment.len() > 96 {
                return refuse("a part of it is longer than 96 characters");
            }
            if !segment.bytes().all(|c| fine(c) || matches!(c, b'.' | b'-')) {
                return refuse("only letters, digits, '-', '_' and '.' may be in it");
            }
            if !fine(first) || !fine(last) {
                return refuse("no part of it may start or end with '-' or '.'");
            }
        }
        if id.contains("--") || id.contains("..") {
            return refuse("neither '--' nor '..' may be in it");
        }
        // Only a lower-case `.git` is refused by the Hub.
        if id.as_bytes().ends_with(b".git") {
            return refuse("it may not end in '.git'");
        }
        Ok(Self { kind, id: id.to_owned() })
    }

    /// Its kind.
    pub fn kind(&self) -> RepoKind {
        self.kind
    }

    /// `name` or `namespace/name`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Namespace, where it has one, and name.
    pub fn parts(&self) -> (Option<&str>, &str) {
        self.id.split_once('/').map_or((None, &self.id), |(owner, name)| (Some(owner), name))
    }
}

impl fmt::Display for RepoId {
    /// `owner/name`, with `datasets/` and so on before it when it is no model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.url_prefix(), self.id)
    }
}

/// What one argument names: a repository, and perhaps a revision and a path in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoSpec {
    /// The repository.
    pub repo: RepoId,
    /// The revision, decoded.
    pub revision: Option<String>,
    /// The path of a file or folder.
    pub path: Option<String>,
}

impl RepoSpec {
    /// Reads `owner/name`, `datasets/owner/name` (as the Python client's tool takes it), `hf://[models|datasets|spaces|kernels/]owner/name[@revision][/path]`, or a web address
    /// of a repository, file or folder on the public Hub or on one of `endpoints`.
    ///
    /// `kind` is what the caller said apart from the text (`--repo-type`); a text that says otherwise is refused.
    pub fn parse(text: &str, kind: Option<RepoKind>, endpoints: &[&str]) -> Result<Self> {
        let spec = if let Some(body) = text.strip_prefix("hf://") {
            parse_uri(text, body)?
        } else if let Some(route) = hub_route(text, endpoints) {
            parse_route(text, route)?
        } else if text.contains("://") {
            return Err(Error::invalid(format!(
                "'{text}' is no address of a Hub that is known here; write owner/name or hf://owner/name"
            )));
        } else if let Some((kind, id)) = with_kind(text) {
            Self { repo: RepoId::new(kind, id)?, revision: None, path: None }
        } else {
            let repo = RepoId::new(kind.unwrap_or_default(), text)?;
            return Ok(Self { repo, revision: None, path: None });
        };
        match kind {
            Some(kind) if kind != spec.repo.kind => Err(Error::invalid(format!(
                "'{text}' names a {}, but the repository type was given as {kind}",
                spec.repo.kind
            ))),
            _ => Ok(spec),
        }
    }
}

/// The type and the id of `datasets/owner/name`.
fn with_kind(text: &str) -> Option<(RepoKind, &str)> {
    let (first, id) = text.split_once('/')?;
    let kind = RepoKind::from_plural(first)?;
    (id.matches('/').count() == 1).then_some((kind, id))
}

/// The body of an `hf://` URI: `[type/]owner/name[@revision][/path]`.
fn parse_uri(text: &str, body: &str) -> Result<RepoSpec> {
    let refuse = |why: String| Err(Error::invalid(format!("can't read '{text}': {why}")));
    let (first, rest) = body.split_once('/').unwrap_or((body, ""));
    if first == "buckets" {
        return Err(Error::new(
            Kind::Unsupported,
            format!("'{text}' is a bucket; buckets are not supported"),
        ));
    }
    if let Some(kind) = RepoKind::ALL.into_iter().find(|kind| kind.name() == first) {
        return refuse(format!("the type is written in the plural, hf://{}/{rest}", kind.plural()));
    }
    let (kind, location) = RepoKind::from_plural(first).map_or((RepoKind::Model, body), |kind| (kind, rest));
    let location = location.trim_matches('/');

    // The first '@' ends the id; one further right (in a file name) is literal.
    let at = location.find('@').filter(|at| location[..*at].matches('/').count() <= 1);
    let (id, revision, path) = if let Some(at) = at {
        let (revision, path) = split_revision(&location[at + 1..]);
        (&location[..at], Some(decode(text, revision)?), path)
    } else {
        let end = location.match_indices('/').nth(1).map_or(location.len(), |(slash, _)| slash);
        (&location[..end], None, location[end..].strip_prefix('/').unwrap_or_default())
    };
    if id.matches('/').count() != 1 {
        return refuse("it is hf://[datasets|spaces|kernels/]owner/name[@revision][/path]".into());
    }
    finish(text, kind, id, revision, (!path.is_empty()).then(|| path.to_owned()))
}

/// The segments after the host when `text` is an address on a known Hub.
fn hub_route<'a>(text: &'a str, endpoints: &[&str]) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| lower.starts_with(scheme));
    let bare = &text[scheme.map_or(0, str::len)..];
    let end = bare.find(['/', '?', '#']).unwrap_or(bare.len());
    let (host, path) = bare.split_at(end);
    if scheme.is_none() && path.is_empty() {
        return None;
    }
    let host = plain_host(host);
    let known = endpoints.iter().find_map(|endpoint| {
        let (_, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let (own, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        (plain_host(own) == host).then(|| prefix.trim_end_matches('/').len()).filter(|cut| {
            path.get(..*cut) == Some(&prefix[..*cut])
                && matches!(path.as_bytes().get(*cut), None | Some(b'/'))
        })
    });
    let cut = known.or_else(|| HUB_HOSTS.contains(&host.as_str()).then_some(0))?;
    let path = &path[cut..];
    Some(&path[..path.find(['?', '#']).unwrap_or(path.len())])
}

/// The host as it is compared: lower case, without user information or a default port.
fn plain_host(authority: &str) -> String {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_ascii_lowercase();
    let short = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"));
    short.map_or_else(|| host.clone(), str::to_owned)
}

/// The path of a web address: `/[type/]owner/name[/(resolve|blob|raw|tree|blame)/revision[/path]]`.
fn parse_route(text: &str, route: &str) -> Result<RepoSpec> {
    let refuse = |why: &str| Err(Error::invalid(format!("can't read '{text}': {why}")));
    let mut segments: Vec<&str> = route.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.first() == Some(&"buckets") {
        return Err(Error::new(
            Kind::Unsupported,
            format!("'{text}' is a bucket; buckets are not supported"),
        ));
    }
    let kind = segments.first().and_then(|first| RepoKind::from_plural(first));
    if kind.is_some() {
        segments.remove(0);
    }
    let [owner, name, rest @ ..] = &segments[..] else {
        return refuse("an address of a repository has an owner and a name");
    };
    let (revision, path) = match rest {
        [action, ..] if !["resolve", "blob", "raw", "tree", "blame"].contains(action) => {
            return refuse(&format!("'/{action}/' is no page of a file or folder"));
        }
        [] | [_] => (None, None),
        [_, tail @ ..] => {
            let joined = tail.join("/");
            let (revision, path) = split_revision(&joined);
            let path = (!path.is_empty()).then(|| decode(text, path)).transpose()?;
            (Some(decode(text, revision)?), path)
        }
    };
    finish(text, kind.unwrap_or_default(), &format!("{owner}/{name}"), revision, path)
}

/// Cuts `revision/path`. `refs/pr/N` and `refs/convert/X` are one revision, others end at the first slash.
fn split_revision(text: &str) -> (&str, &str) {
    let special = text.strip_prefix("refs/").and_then(|rest| {
        let (kind, rest) = rest.split_once('/')?;
        let name = rest.split('/').next()?;
        let fine = match kind {
            "pr" => name.bytes().all(|c| c.is_ascii_digit()),
            "convert" => name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')),
            _ => false,
        };
        (fine && !name.is_empty()).then_some("refs/".len() + kind.len() + 1 + name.len())
    });
    let end = special.or_else(|| text.find('/')).unwrap_or(text.len());
    (&text[..end], text[end..].strip_prefix('/').unwrap_or_default())
}

fn decode(text: &str, part: &str) -> Result<String> {
    let decoded = percent_decode_str(part).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::invalid(format!("'{text}' is not UTF-8 when decoded")))
}

fn finish(
    text: &str,
    kind: RepoKind,
    id: &str,
    revision: Option<String>,
    path: Option<String>,
) -> Result<RepoSpec> {
    let read = || -> Result<RepoSpec> {
        let repo = RepoId::new(kind, id)?;
        revision.as_deref().map(check_revision).transpose()?;
        if let Some(why) = path.as_deref().and_then(path_fault) {
            return Err(Error::invalid(format!("its path can't be one: {why}")));
        }
        Ok(RepoSpec { repo, revision, path })
    };
    read().map_err(|error| error.context(format!("can't read '{text}'")))
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'a'..=b'f'))
}

/// Whether this is a whole commit hash: 40 lower-case hex digits. It never moves, so it needs no request.
pub fn is_commit(text: &str) -> bool {
    is_hex(text, 40)
}

/// Whether this is a SHA-256 in 64 lower-case hex digits.
pub fn is_sha256(text: &str) -> bool {
    is_hex(text, 64)
}

/// Why a name can't be a path below a folder, on any platform and in both slash styles.
fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.contains('\0') {
        return Some("it holds a zero byte");
    }
    if path.split(['/', '\\']).any(|segment| segment == "..") {
        return Some("it holds '..'");
    }
    path.split('/').find_map(|segment| {
        let mut chars = segment.chars();
        match (chars.next(), chars.next()) {
            (None, _) => Some("it is absolute or holds an empty part"),
            (Some('.'), None) => Some("it holds '.' as a part"),
            (Some('\\'), _) => Some("it is absolute on Windows"),
            (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => Some("it names a Windows drive"),
            // No repository holds one, and git would run what stands in it.
            _ if segment.eq_ignore_ascii_case(".git") => Some("it goes into git's own folder"),
            _ => None,
        }
    })
}

/// Checks the path of a file in a repository and returns it without a leading `/` or `./`.
///
/// Refused on every platform, since a cache may be read on another one: `..` between slashes of either style,
/// drives (`C:\`, `D:foo`), UNC (`\\host\share`) and whatever is left absolute, empty parts, zero bytes, and `.git`.
pub fn check_repo_path(path: &str) -> Result<String> {
    let mut rest = path.strip_prefix('/').unwrap_or(path);
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter;
    }
    match path_fault(rest) {
        None => Ok(rest.to_owned()),
        Some(why) => {
            Err(Error::invalid(format!("'{}' can't be a path in a repository: {why}", path.escape_debug())))
        }
    }
}

/// Whether a path from a listing or another answer is exactly what [`check_repo_path`] would return.
pub fn is_repo_path(path: &str) -> bool {
    path_fault(path).is_none()
}

/// Checks a revision, which is a path below `refs/`.
pub fn check_revision(revision: &str) -> Result<()> {
    let fault = path_fault(revision)
        .or_else(|| revision.contains('\\').then_some("it holds a backslash"))
        .or_else(|| revision.chars().any(char::is_control).then_some("it holds a control character"));
    fault.map_or(Ok(()), |why| {
        Err(Error::invalid(format!("'{}' can't be a revision: {why}", revision.escape_debug())))
    })
}

/// Checks the name of a branch or tag that is to be made, by git's rules and the Hub's; `what` is "branch" or "tag".
pub fn check_ref_name(what: &str, name: &str) -> Result<()> {
    let forbidden = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
    let fault = path_fault(name)
        .or_else(|| {
            name.contains(forbidden).then_some("none of ~^:?*[\\, spaces and control characters may be in it")
        })
        .or_else(|| name.contains("..").then_some("it holds '..'"))
        .or_else(|| (name == "@" || name.contains("@{")).then_some("'@' has a meaning of its own there"))
        .or_else(|| name.starts_with('-').then_some("it starts with '-'"))
        .or_else(|| name.ends_with('.').then_some("it ends in '.'"))
        .or_else(|| {
            let hidden = |part: &str| part.starts_with('.') || part.as_bytes().ends_with(b".lock");
            name.split('/').any(hidden).then_some("a part of it starts with '.' or ends in '.lock'")
        })
        .or_else(|| name.starts_with("refs/").then_some("give the short name, without refs/"))
        .or_else(|| is_commit(&name.to_ascii_lowercase()).then_some("it looks like a commit hash"));
    fault.map_or(Ok(()), |why| {
        Err(Error::invalid(format!("'{}' can't be the name of a {what}: {why}", name.escape_debug())))
    })
}

/// Checks an etag, the name of a blob: a hash in hex, or what else servers send that is a plain file name.
pub fn check_etag(etag: &str) -> Result<()> {
    let plain = etag.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'));
    // Room for the partial's suffix; and no blob may look like a partial.
    if plain && !etag.starts_with('.') && (1..=200).contains(&etag.len()) && !etag.ends_with(".incomplete") {
        return Ok(());
    }
    Err(Error::new(Kind::Protocol, format!("'{}' is no usable ETag", etag.escape_debug())))
}

/// Checks a commit hash.
pub fn check_commit(commit: &str) -> Result<()> {
    if is_commit(commit) {
        return Ok(());
    }
    Err(Error::new(Kind::Protocol, format!("'{}' is no commit hash (40 hex digits)", commit.escape_debug())))
}

/// Checks a Xet hash.
pub fn check_xet_hash(hash: &str) -> Result<()> {
    if is_sha256(hash) {
        return Ok(());
    }
    Err(Error::new(Kind::Protocol, format!("'{}' is no Xet hash (64 hex digits)", hash.escape_debug())))
}

/// A revision as one segment of a URL: `refs%2Fpr%2F1`.
pub fn encode_revision(revision: &str) -> String {
    utf8_percent_encode(revision, REVISION).to_string()
}

/// A path in a URL; slashes stay.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Result<RepoSpec> {
        RepoSpec::parse(text, None, &["http://localhost:8080/hf"])
    }

    /// `kind id revision path` of what was read.
    fn read(text: &str) -> String {
        let spec = spec(text).unwrap();
        let or = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".into());
        format!("{} {} {} {}", spec.repo.kind(), spec.repo.id(), or(&spec.revision), or(&spec.path))
    }

    #[test]
    fn ids_as_the_hub_takes_them() {
        for id in ["gpt2", "foo/bar", "Foo-BAR_foo.bar123", "_a/b_", "a/B.gitx"] {
            assert_eq!(RepoId::new(RepoKind::Model, id).unwrap().id(), id);
        }
        let long = "a".repeat(97);
        let bad = "a/b/c|a//b|/a|a/|.a|a.|-a|a-|a--b|a..b|a/b.git|a b|a\u{e9}||..|a/..|../a|a\\b|a:b|a\0b";
        for id in bad.split('|').chain([long.as_str()]) {
            assert_eq!(RepoId::new(RepoKind::Model, id).unwrap_err().kind(), Kind::InvalidArgument, "{id}");
        }
        let hint = RepoId::new(RepoKind::Model, "datasets/a/b").unwrap_err().to_string();
        assert!(hint.contains("--repo-type dataset a/b") && hint.contains("hf://datasets/a/b"), "{hint}");
    }

    #[test]
    fn uris_and_web_addresses() {
        for (text, want) in [
            ("gpt2", "model gpt2 - -"),
            ("o/n", "model o/n - -"),
            ("hf://o/n", "model o/n - -"),
            ("hf://models/o/n/a/b.txt", "model o/n - a/b.txt"),
            ("hf://datasets/o/n@v1/x", "dataset o/n v1 x"),
            ("hf://kernels/o/n@feature%2Fx/y@2", "kernel o/n feature/x y@2"),
            ("hf://o/n@refs/pr/12/a", "model o/n refs/pr/12 a"),
            ("hf://o/n@refs/convert/parquet-v2", "model o/n refs/convert/parquet-v2 -"),
            ("hf://o/n/file@1.txt", "model o/n - file@1.txt"),
            ("hf://o/n/folder/", "model o/n - folder"),
            ("https://huggingface.co/o/n", "model o/n - -"),
            ("https://hf.co/datasets/o/n/blob/main/a%20b/c.csv?x=1#L3", "dataset o/n main a b/c.csv"),
            ("huggingface.co/o/n/resolve/refs%2Fpr%2F1/x", "model o/n refs/pr/1 x"),
            ("https://huggingface.co/o/n/tree/refs/pr/1/sub", "model o/n refs/pr/1 sub"),
            ("https://huggingface.co/spaces/o/n/tree", "space o/n - -"),
            ("http://LOCALHOST:8080/hf/o/n/raw/v%252/f", "model o/n v%2 f"),
        ] {
            assert_eq!(read(text), want, "{text}");
        }
        for text in [
            "hf://",
            "hf://gpt2",
            "hf://model/o/n",
            "hf://buckets/o/n",
            "hf://o/n@",
            "hf://o@r/n",
            "hf://o/n//x",
            "hf://o/n@../x",
            "hf://o/n/../x",
            "hf://o/n/%00",
            "hf://o/n@%2e%2e/x",
            "https://evil.example/o/n",
            "https://huggingface.co/o",
            "https://huggingface.co/o/n/commit/abc",
            "http://localhost:8080/o/n/blob",
            "https://huggingface.co/o/n/blob/main/..%2F..%2Fetc",
            "https://huggingface.co.evil/o/n",
            "ftp://o/n",
            "https://huggingface.co/o/n/blob/%ff/x",
            "http://localhost:8081/hf/o/n",
        ] {
            // `%00` in an hf:// path is literal, as the Python client has it.
            assert_eq!(spec(text).is_err(), text != "hf://o/n/%00", "{text}: {:?}", spec(text));
        }
        assert!(RepoSpec::parse("hf://datasets/o/n", Some(RepoKind::Model), &[]).is_err());
        let typed = |text, kind| RepoSpec::parse(text, kind, &[]).map(|spec| spec.repo.to_string());
        assert_eq!(typed("datasets/o/n", None).unwrap(), "datasets/o/n");
        assert_eq!(typed("spaces/o/n", Some(RepoKind::Space)).unwrap(), "spaces/o/n");
        assert!(typed("datasets/o/n", Some(RepoKind::Model)).is_err());
        assert_eq!(typed("datasets/n", None).unwrap(), "datasets/n", "an owner may be called so");
        assert!(typed("datasets/o/n/f", None).is_err() && typed("other/o/n", None).is_err());
        let plain = RepoSpec::parse("o/n", Some(RepoKind::Space), &[]).unwrap();
        assert_eq!(plain.repo.to_string(), "spaces/o/n");
    }

    #[test]
    fn paths_stay_below_their_folder() {
        for (path, want) in [
            ("a", "a"),
            ("/a/b", "a/b"),
            ("./a", "a"),
            ("a b%[]^|\u{e9}.txt", "a b%[]^|\u{e9}.txt"),
            ("..a/b..", "..a/b.."),
            (".gitattributes", ".gitattributes"),
        ] {
            assert_eq!(check_repo_path(path).unwrap(), want);
        }
        let bad = "|/|.|..|a/..|../a|a/../b|..\\a|a\\..\\b|a/..\\b|//a|a//b|a/|C:\\x|C:/x|D:foo|a/D:foo|\\\\h\\s|\\a|/\\a|//h/s|a/\\b|a\0b|a/./b|./../a|.git|.git/config|a/.GIT/hooks/x";
        for path in bad.split('|') {
            assert!(check_repo_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn what_else_becomes_a_path() {
        assert!(check_etag(&"a".repeat(40)).is_ok() && check_etag("d41d8cd9-12").is_ok());
        for etag in
            ["", ".", "..", "a/b", "a\\b", "\"a\"", ".a", "a.incomplete", "a:b", "a b", &"a".repeat(201)]
        {
            assert!(check_etag(etag).is_err(), "{etag}");
        }
        assert!(check_revision("refs/pr/1").is_ok() && check_revision("feature/a b^").is_ok());
        for revision in ["", "/a", "a/", "../a", "a/../b", "a\\b", "C:a", "a\nb", "a//b"] {
            assert!(check_revision(revision).is_err(), "{revision}");
        }
        for name in ["dev", "feature/a-b", "v1.0", "\u{e9}", "a@b"] {
            assert!(check_ref_name("branch", name).is_ok(), "{name}");
        }
        let bad = "|/|a/|a//b|a b|a~1|a^|a:b|a?|a*|a[|a\\b|a..b|..|@|a@{0}|-a|a.|.a|a/.b|a.lock|a/b.lock/c|refs/pr/1|refs/heads/a|a\u{7f}|a\nb";
        for name in bad.split('|').chain(["0f".repeat(20).as_str()]) {
            assert_eq!(check_ref_name("tag", name).unwrap_err().kind(), Kind::InvalidArgument, "{name:?}");
        }
        assert!(check_commit(&"0f".repeat(20)).is_ok() && check_commit(&"0F".repeat(20)).is_err());
        assert!(check_xet_hash(&"0f".repeat(32)).is_ok() && check_xet_hash("..").is_err());
    }

    #[test]
    fn urls_encode_as_pythons_quote_does() {
        assert_eq!(encode_revision("refs/pr/1"), "refs%2Fpr%2F1");
        assert_eq!(encode_path("a b/c%[]^|~_.-+\u{e9}"), "a%20b/c%25%5B%5D%5E%7C~_.-%2B%C3%A9");
    }

    proptest::proptest! {
        #[test]
        fn no_accepted_path_escapes(path in "[a-c./\\\\:]{0,12}") {
            if let Ok(path) = check_repo_path(&path) {
                for separators in [&['/'][..], &['/', '\\'][..]] {
                    proptest::prop_assert!(path.split(separators).all(|s| s != ".." ), "{path}");
                }
                proptest::prop_assert!(std::path::Path::new("/r").join(&path).starts_with("/r"));
                proptest::prop_assert_eq!(check_repo_path(&path).unwrap(), path, "a checked path is stable");
            }
        }
    }
}
