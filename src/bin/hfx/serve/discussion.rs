//! Discussions and pull requests: kept with the repository, told as the Hub tells them.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::access::{Part, USER, open, open_to_write, revision_not_found};
use super::clock::{iso, unix_ms};
use super::names::{RepoName, value};
use super::reply::Reply;
use super::repos::Age;
use super::server::Call;
use super::store::{Change, Draft, Head, History, Repo};

/// Discussions on one page.
const PAGE: usize = 50;

/// Where a discussion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Draft,
    Open,
    Closed,
    Merged,
}

/// A discussion; with a pull request in it, `refs/pr/<number>` is its branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Discussion {
    title: String,
    status: Status,
    author: String,
    /// Milliseconds since 1970.
    at: u64,
    pull: Option<Pull>,
    events: Vec<Event>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pull {
    /// The full name of the ref that it is to be merged into.
    base: String,
    /// The commit that it began with.
    from: String,
    merged: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Event {
    id: String,
    at: u64,
    author: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
enum What {
    Comment { text: String },
    StatusChange { status: Status },
    Commit { subject: String, oid: String },
    TitleChange { from: String, to: String },
}

impl Event {
    fn new(what: What) -> Event {
        let id = format!("{:024x}", fastrand::u128(..) >> 32);
        Event { id, at: unix_ms(SystemTime::now()), author: USER.to_owned(), what }
    }

    fn json(&self) -> Value {
        let when = date(self.at);
        let (kind, data) = match &self.what {
            What::Comment { text } => {
                let latest =
                    json!({"raw": text, "html": text, "updatedAt": when, "author": {"name": self.author}});
                let data = json!({"edited": false, "hidden": false, "latest": latest, "history": [latest]});
                ("comment", data)
            }
            What::StatusChange { status } => ("status-change", json!({"status": status})),
            What::Commit { subject, oid } => ("commit", json!({"subject": subject, "oid": oid})),
            What::TitleChange { from, to } => ("title-change", json!({"from": from, "to": to})),
        };
        json!({"id": self.id, "type": kind, "createdAt": when, "author": {"name": self.author}, "data": data})
    }
}

impl Discussion {
    fn new(title: &str, text: &str, status: Status, pull: Option<Pull>) -> Discussion {
        let event = Event::new(What::Comment { text: text.to_owned() });
        let (title, author, at) = (title.trim().to_owned(), USER.to_owned(), event.at);
        Discussion { title, status, author, at, pull, events: vec![event] }
    }

    fn summary(&self, number: usize, name: &RepoName) -> Value {
        json!({
            "num": number,
            "title": self.title,
            "status": self.status,
            "author": {"name": self.author},
            "createdAt": date(self.at),
            "isPullRequest": self.pull.is_some(),
            "repo": {"name": name.id, "type": name.kind.singular()},
            "numComments": self.events.iter().filter(|event| matches!(event.what, What::Comment { .. })).count(),
        })
    }
}

fn date(at: u64) -> String {
    iso(UNIX_EPOCH + Duration::from_millis(at))
}

/// Opens a pull request that begins with a commit; its number.
pub(super) fn open_pull_request(
    head: &mut Head,
    title: &str,
    text: &str,
    base: &str,
    from: &str,
    status: Status,
) -> u64 {
    let pull = Pull { base: base.to_owned(), from: from.to_owned(), merged: None };
    head.discussions.push(Discussion::new(title, text, status, Some(pull)));
    let number = head.discussions.len() as u64;
    head.refs.insert(format!("refs/pr/{number}"), from.to_owned());
    number
}

/// Notes a commit on a ref, in case that is a pull request's.
pub(super) fn note_commit(head: &mut Head, full: &str, subject: &str, oid: &str) {
    let number = full.strip_prefix("refs/pr/").and_then(|number| number.parse::<usize>().ok());
    let found = number.and_then(|number| head.discussions.get_mut(number.checked_sub(1)?));
    if let Some(discussion) = found {
        let what = What::Commit { subject: subject.to_owned(), oid: oid.to_owned() };
        discussion.events.push(Event::new(what));
    }
}

/// `GET .../discussions` and `GET .../discussions/{num}`.
pub(super) async fn get(call: &Call<'_>, name: &RepoName, arguments: &[String]) -> Result<Reply, Reply> {
    let view = open(call, name, Part::Info, Age::Fresh).await?;
    let stored = call.shared.repos.find_stored(&view)?;
    let head = tokio::task::block_in_place(|| stored.as_ref().map(|repo| repo.head()).transpose())?;
    let all = head.as_ref().map(|head| head.discussions.as_slice()).unwrap_or_default();
    match (arguments, &stored, &head) {
        ([], _, _) => Ok(list(call, name, all)),
        ([number], Some(repo), Some(head)) => details(name, repo, head, number),
        ([_], _, _) => Err(no_such()),
        _ => Err(Reply::not_found()),
    }
}

fn list(call: &Call<'_>, name: &RepoName, all: &[Discussion]) -> Reply {
    let wanted = |discussion: &Discussion| {
        let open = matches!(discussion.status, Status::Open | Status::Draft);
        (match value(&call.query, "type") {
            Some("pull_request") => discussion.pull.is_some(),
            Some("discussion") => discussion.pull.is_none(),
            _ => true,
        }) && (match value(&call.query, "status") {
            Some("open") => open,
            Some("closed") => !open,
            _ => true,
        }) && value(&call.query, "author").is_none_or(|author| author == discussion.author)
    };
    let found: Vec<Value> = all
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, discussion)| wanted(discussion))
        .map(|(at, discussion)| discussion.summary(at + 1, name))
        .collect();
    let page = value(&call.query, "p").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let start = page.saturating_mul(PAGE);
    let shown: Vec<&Value> = found.iter().skip(start).take(PAGE).collect();
    Reply::json(&json!({"discussions": shown, "count": found.len(), "start": start}))
}

fn details(name: &RepoName, repo: &Repo, head: &Head, number: &str) -> Result<Reply, Reply> {
    let number: usize = number.parse().map_err(|_| no_such())?;
    let discussion = number.checked_sub(1).and_then(|at| head.discussions.get(at)).ok_or_else(no_such)?;
    let mut told = discussion.summary(number, name);
    told["events"] = discussion.events.iter().map(Event::json).collect();
    if let Some(pull) = &discussion.pull {
        told["changes"] = json!({"base": pull.base, "mergeCommitId": pull.merged});
        told["filesWithConflicts"] = match changes(repo, head, pull, number) {
            Ok((_, conflicts)) => json!(conflicts),
            Err(_) => json!(true),
        };
        told["diff"] = json!("");
    }
    Ok(Reply::json(&told))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    pull_request: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Update {
    comment: Option<String>,
    status: Option<Status>,
    title: Option<String>,
}

/// `POST .../discussions` and `POST .../discussions/{num}/{comment|status|title|merge}`.
pub(super) async fn post(call: &Call<'_>, name: &RepoName, arguments: &[String]) -> Result<Reply, Reply> {
    let repo = open_to_write(call, name).await?;
    let Some(number) = arguments.first() else {
        let new: New = call.intake.json().await?;
        return tokio::task::block_in_place(|| repo.change(|head| begin(call, name, head, &new)));
    };
    let number: usize = number.parse().map_err(|_| no_such())?;
    // A merge without a comment comes with the body `null`.
    let update: Option<Update> = call.intake.json().await?;
    let (update, verb) = (update.unwrap_or_default(), arguments.get(1).map_or("", String::as_str));
    tokio::task::block_in_place(|| {
        repo.change(|head| {
            let at = number.checked_sub(1).filter(|&at| at < head.discussions.len()).ok_or_else(no_such)?;
            match verb {
                "merge" => merge(&repo, head, at, update),
                _ => change(&mut head.discussions[at], verb, update),
            }
        })
    })
}

fn begin(call: &Call<'_>, name: &RepoName, head: &mut Head, new: &New) -> Result<Reply, Reply> {
    if !(3..=200).contains(&new.title.trim().chars().count()) {
        return Err(Reply::bad("\"title\" must have 3 to 200 characters"));
    }
    let number = if new.pull_request {
        let (base, status) = ("refs/heads/main", Status::Draft);
        let from = head.refs.get(base).cloned().ok_or_else(|| revision_not_found("main"))?;
        open_pull_request(head, &new.title, &new.description, base, &from, status)
    } else {
        head.discussions.push(Discussion::new(&new.title, &new.description, Status::Open, None));
        head.discussions.len() as u64
    };
    let url = format!("{}/{}/discussions/{number}", call.endpoint(), name.web());
    Ok(Reply::json(&json!({"num": number, "url": url, "pullRequest": new.pull_request})))
}

fn change(discussion: &mut Discussion, verb: &str, update: Update) -> Result<Reply, Reply> {
    let missing = |what: &str| Reply::bad(&format!("\"{what}\" is required"));
    let (name, what) = match verb {
        "comment" => {
            ("newMessage", What::Comment { text: update.comment.ok_or_else(|| missing("comment"))? })
        }
        "title" => {
            let to = update.title.ok_or_else(|| missing("title"))?;
            let from = std::mem::replace(&mut discussion.title, to.clone());
            ("newTitle", What::TitleChange { from, to })
        }
        "status" => {
            let status = update.status.filter(|status| matches!(status, Status::Open | Status::Closed));
            let status = status.ok_or_else(|| missing("status"))?;
            if discussion.status == Status::Merged {
                return Err(Reply::bad("The pull request is merged"));
            }
            if let Some(text) = update.comment {
                discussion.events.push(Event::new(What::Comment { text }));
            }
            discussion.status = status;
            ("newStatus", What::StatusChange { status })
        }
        _ => return Err(Reply::not_found()),
    };
    let event = Event::new(what);
    let told = json!({name: event.json()});
    discussion.events.push(event);
    Ok(Reply::json(&told))
}

type Changes = BTreeMap<String, Option<Change>>;

/// What a pull request does to its base as that is now, and the paths that the base changed too.
fn changes(repo: &Repo, head: &Head, pull: &Pull, number: usize) -> Result<(Changes, Vec<String>), Reply> {
    let state = |commit: Option<&String>| {
        commit.and_then(|commit| repo.history.state(commit)).ok_or_else(|| Reply::failed("no such commit"))
    };
    let (from, base) = (state(Some(&pull.from))?, state(head.refs.get(&pull.base))?);
    let tip = state(head.refs.get(&format!("refs/pr/{number}")))?;
    let (mut changes, mut conflicts) = (BTreeMap::new(), Vec::new());
    for path in from.files.keys().chain(tip.files.keys()) {
        let blob =
            |files: &BTreeMap<String, super::state::Entry>| files.get(path).map(|e| e.ids.blob.clone());
        let (was, wanted, is) = (blob(&from.files), blob(&tip.files), blob(&base.files));
        if was == wanted || changes.contains_key(path) {
            continue;
        }
        if is != was && is != wanted {
            conflicts.push(path.clone());
        }
        let refer = |entry| History::refer(entry).ok_or_else(|| Reply::failed("a file without a place"));
        changes.insert(path.clone(), tip.files.get(path).map(refer).transpose()?);
    }
    Ok((changes, conflicts))
}

/// Puts all that a pull request changes on its base, as one commit.
fn merge(repo: &Repo, head: &mut Head, at: usize, update: Update) -> Result<Reply, Reply> {
    let number = at + 1;
    let discussion = head.discussions[at].clone();
    let pull = discussion.pull.ok_or_else(|| Reply::bad("This is no pull request"))?;
    if !matches!(discussion.status, Status::Open | Status::Draft) {
        return Err(Reply::bad("The pull request is not open"));
    }
    let (changes, conflicts) = changes(repo, head, &pull, number)?;
    if !conflicts.is_empty() {
        let message = format!("These files have conflicts: {}", conflicts.join(", "));
        return Err(Reply::error(StatusCode::CONFLICT, None, &message));
    }
    let contents = repo.spool().map_err(Reply::failed)?;
    let (title, author) = (format!("{} (#{number})", discussion.title), USER.to_owned());
    let draft = Draft { title, message: String::new(), author, changes, contents };
    let merged = repo.commit(head, &pull.base, draft)?.commit.clone();
    let discussion = &mut head.discussions[at];
    if let Some(text) = update.comment {
        discussion.events.push(Event::new(What::Comment { text }));
    }
    discussion.status = Status::Merged;
    discussion.pull = Some(Pull { merged: Some(merged.clone()), ..pull });
    discussion.events.push(Event::new(What::StatusChange { status: Status::Merged }));
    Ok(Reply::json(&json!({"success": true, "mergeCommitId": merged})))
}

fn no_such() -> Reply {
    Reply::error(StatusCode::NOT_FOUND, None, "No such discussion")
}
