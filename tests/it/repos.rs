//! Repositories, refs, commits and any call of the API, through the library: what they do, what they refuse before
//! anything is sent, and what becomes of them when answers are lost.

use hfx::client::{Client, Hooks, Job, Output};
use hfx::error::{Error, Kind, Result};
use hfx::hub::{ApiReply, CommitInfo};
use hfx::options::Options;
use hfx::repo::{RepoId, RepoKind};
use serde_json::{Value, json};

use crate::support::client::{job, repo};
use crate::support::{Hub, Lab, wait_for};

fn lab(arguments: &[&str]) -> Lab {
    Lab { hub: Hub::with(arguments), cache: tempfile::tempdir().unwrap() }
}

fn reply(job: Result<Job>) -> Result<ApiReply> {
    match job?.join()? {
        Output::Reply(reply) => Ok(reply),
        other => panic!("{other:?}"),
    }
}

/// The body's JSON.
fn told(reply: Result<ApiReply>) -> Value {
    serde_json::from_str(&reply.unwrap().body).unwrap()
}

fn exists(job: Result<Job>) -> bool {
    match job.unwrap().join().unwrap() {
        Output::Exists(yes) => yes,
        other => panic!("{other:?}"),
    }
}

fn commits(job: Result<Job>) -> Vec<CommitInfo> {
    match job.unwrap().join().unwrap() {
        Output::Commits(commits) => commits,
        other => panic!("{other:?}"),
    }
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> Kind {
    result.unwrap_err().kind()
}

fn none() -> Options {
    Options::new()
}

fn hooks() -> Hooks {
    Hooks::default()
}

fn create(client: &Client, id: &str, more: &[(&str, &str)]) -> Result<ApiReply> {
    reply(client.create_repo(&repo(id), &job(more), hooks()))
}

fn delete(client: &Client, id: &str, more: &[(&str, &str)]) -> Result<ApiReply> {
    reply(client.delete_repo(&repo(id), &job(more), hooks()))
}

/// How often a request was made.
fn asked(hub: &Hub, method: &str, path: &str) -> usize {
    hub.requests().iter().filter(|r| r.method == method && r.path.starts_with(path)).count()
}

fn lost(error: &Error) -> bool {
    error.to_string().contains("lost")
}

#[test]
fn repositories_are_made_and_deleted() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_any")]);
    let made = told(create(&client, "o/n", &[]));
    assert_eq!(made, json!({"url": format!("{}/o/n", lab.hub.endpoint), "created": true}));
    let error = create(&client, "o/n", &[]).unwrap_err();
    assert_eq!((error.kind(), error.http_status(), lost(&error)), (Kind::Conflict, 409, false));
    let there = told(create(&client, "o/n", &[("exist_ok", "true")]));
    assert_eq!((&there["created"], &there["url"]), (&json!(false), &made["url"]));

    // Not every server says what a 404 means.
    lab.hub.fault(json!({"path": "/api/*", "times": 0}), json!({"status": 404}));
    assert!(!exists(client.repo_exists(&repo("o/n"), None, &none(), hooks())));
    assert!(!exists(client.repo_exists(&repo("o/n"), Some("v1"), &none(), hooks())));
    assert_eq!(kind(delete(&client, "o/n", &[])), Kind::RepoNotFound);
    delete(&client, "o/n", &[("missing_ok", "true")]).unwrap();
    lab.hub.faults(&json!([]));

    // A name without an owner is one of the token's.
    let own = format!("{}/local/mine", lab.hub.endpoint);
    assert_eq!(told(create(&client, "mine", &[]))["url"], own);
    assert_eq!(told(create(&client, "mine", &[("exist_ok", "true")]))["url"], own);

    assert_eq!(delete(&client, "o/n", &[]).unwrap().status, 200);
    assert_eq!(kind(delete(&client, "o/n", &[])), Kind::RepoNotFound);
    assert_eq!(delete(&client, "o/n", &[("missing_ok", "true")]).unwrap().status, 404);

    let space = RepoId::new(RepoKind::Space, "o/app").unwrap();
    reply(client.create_repo(&space, &job(&[("space_sdk", "gradio"), ("visibility", "private")]), hooks()))
        .unwrap();
    let hidden = lab.client(&[]);
    assert!(exists(client.repo_exists(&space, None, &none(), hooks())));
    assert!(!exists(hidden.repo_exists(&space, None, &none(), hooks())));
    let info = told(reply(client.call("GET", "/api/spaces/o/app", None, 1, &none(), hooks())));
    assert_eq!((&info["sdk"], &info["private"]), (&json!("gradio"), &json!(true)));
}

#[test]
fn repositories_move_and_change() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_any")]);
    create(&client, "o/n", &[]).unwrap();
    create(&client, "o/other", &[]).unwrap();
    let moved = told(reply(client.move_repo(&repo("o/n"), &repo("p/m"), &none(), hooks())));
    assert_eq!(moved["url"], format!("{}/p/m", lab.hub.endpoint));
    assert!(exists(client.repo_exists(&repo("p/m"), None, &none(), hooks())));
    assert!(!exists(client.repo_exists(&repo("o/n"), None, &none(), hooks())));
    lab.hub.forget();
    assert_eq!(
        kind(reply(client.move_repo(&repo("o/none"), &repo("p/x"), &none(), hooks()))),
        Kind::RepoNotFound
    );
    assert_eq!(asked(&lab.hub, "POST", "/"), 0, "what is not there is not asked to move");
    assert_eq!(
        kind(reply(client.move_repo(&repo("p/m"), &repo("o/other"), &none(), hooks()))),
        Kind::Conflict
    );

    let change = |more: &[(&str, &str)]| reply(client.change_repo(&repo("p/m"), &job(more), hooks()));
    let info = || told(reply(client.call("GET", "/api/models/p/m", None, 1, &none(), hooks())));
    change(&[("visibility", "private"), ("gated", "manual")]).unwrap();
    assert_eq!((&info()["private"], &info()["gated"]), (&json!(true), &json!("manual")));
    change(&[("gated", "false")]).unwrap();
    assert_eq!((&info()["private"], &info()["gated"]), (&json!(true), &json!(false)));
    assert_eq!(
        kind(reply(client.change_repo(&repo("o/none"), &job(&[("gated", "auto")]), hooks()))),
        Kind::RepoNotFound
    );
}

#[test]
fn branches_tags_and_commits() {
    let lab = lab(&["--page-size", "2"]);
    let client = lab.client(&[("token", "hf_any")]);
    create(&client, "o/n", &[]).unwrap();
    let model = repo("o/n");
    let body = |n: u32| {
        format!(
            "{}\n{}\n",
            json!({"key": "header", "value": {"summary": format!("commit {n}")}}),
            json!({"key": "file", "value": {"path": "n.txt", "content": n.to_string(), "encoding": "utf-8"}})
        )
    };
    for n in 1..=4 {
        let (head, _) = crate::support::hub::http(
            &lab.hub.endpoint,
            "POST",
            "/api/models/o/n/commit/main",
            &[("Content-Type", "application/x-ndjson"), ("Authorization", "Bearer hf_any")],
            body(n).as_bytes(),
        );
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    }
    let history = commits(client.commits(&model, None, 0, &none(), hooks()));
    let titles: Vec<_> = history.iter().map(|commit| commit.title.as_str()).collect();
    assert_eq!(titles, ["commit 4", "commit 3", "commit 2", "commit 1", "initial commit"]);
    assert_eq!((&history[0].authors[..], &history[0].date[4..5]), (&["local".to_owned()][..], "-"));
    assert_eq!(commits(client.commits(&model, None, 3, &none(), hooks())), history[..3]);
    assert_eq!(
        commits(client.commits(&model, Some(history[3].id.as_str()), 0, &none(), hooks())),
        history[3..]
    );

    let branch = |name: &str, start: Option<&str>, more: &[(&str, &str)]| {
        reply(client.create_branch(&model, name, start, &job(more), hooks()))
    };
    branch("feature/x", Some(&history[2].id), &[]).unwrap();
    assert_eq!(commits(client.commits(&model, Some("feature/x"), 0, &none(), hooks())), history[2..]);
    assert_eq!(kind(branch("feature/x", None, &[])), Kind::Conflict);
    assert_eq!(branch("feature/x", None, &[("exist_ok", "true")]).unwrap().status, 409);
    assert_eq!(kind(branch("y", Some("none"), &[])), Kind::RevisionNotFound);
    let tag = |name: &str, revision: Option<&str>, more: &[(&str, &str)]| {
        reply(client.create_tag(&model, name, revision, Some("a message"), &job(more), hooks()))
    };
    tag("v1", Some("feature/x"), &[]).unwrap();
    assert_eq!(kind(tag("v1", None, &[])), Kind::Conflict);
    assert_eq!(tag("v1", None, &[("exist_ok", "true")]).unwrap().status, 409);
    let Output::Refs(refs) = client.refs(&model, false, &none(), hooks()).unwrap().join().unwrap() else {
        panic!("no refs")
    };
    assert_eq!(refs.tags[0].target_commit, history[2].id);

    let there = |revision: &str| exists(client.repo_exists(&model, Some(revision), &none(), hooks()));
    assert!(there("v1") && there("feature/x") && there(&history[4].id) && !there("v2"));
    let file = |path: &str, revision: Option<&str>| {
        exists(client.file_exists(&model, revision, path, &none(), hooks()))
    };
    assert!(file("n.txt", None) && !file("n.txt", Some(&history[4].id)));
    assert!(!file("none.txt", None) && !file("n.txt", Some("none")));
    assert!(!exists(client.file_exists(&repo("o/none"), None, "n.txt", &none(), hooks())));

    let remove =
        |name: &str, more: &[(&str, &str)]| reply(client.delete_branch(&model, name, &job(more), hooks()));
    remove("feature/x", &[]).unwrap();
    assert_eq!(kind(remove("feature/x", &[])), Kind::RevisionNotFound);
    assert_eq!(remove("feature/x", &[("missing_ok", "true")]).unwrap().status, 404);
    assert_eq!(kind(remove("main", &[("missing_ok", "true")])), Kind::Forbidden);
    reply(client.delete_tag(&model, "v1", &none(), hooks())).unwrap();
    assert_eq!(kind(reply(client.delete_tag(&model, "v1", &none(), hooks()))), Kind::RevisionNotFound);
    reply(client.delete_tag(&model, "v1", &job(&[("missing_ok", "true")]), hooks())).unwrap();
}

/// The Hub does what is asked, and its answer never comes.
#[test]
fn a_lost_answer_is_not_taken_for_another() {
    let lab = lab(&[]);
    // A client each: on a kept connection the loss may be told apart from one that was closed before.
    let client = || lab.client(&[("token", "hf_any")]);
    let lose = |method: &str, path: &str| {
        lab.hub.fault(json!({"method": method, "path": path}), json!({"lose_answer": true}));
        lab.hub.forget();
    };
    lose("POST", "/api/repos/create");
    let error = create(&client(), "o/n", &[]).unwrap_err();
    assert_eq!((error.kind(), lost(&error)), (Kind::Conflict, true), "{error}");
    assert_eq!(asked(&lab.hub, "POST", "/api/repos/create"), 2);
    lose("POST", "/api/repos/create");
    assert_eq!(told(create(&client(), "o/m", &[("exist_ok", "true")]))["created"], false);
    assert!(exists(client().repo_exists(&repo("o/m"), None, &none(), hooks())));

    lose("POST", "/api/models/o/n/branch/dev");
    let error = reply(client().create_branch(&repo("o/n"), "dev", None, &none(), hooks())).unwrap_err();
    assert_eq!((error.kind(), lost(&error)), (Kind::Conflict, true), "{error}");
    lose("DELETE", "/api/models/o/n/branch/dev");
    reply(client().delete_branch(&repo("o/n"), "dev", &job(&[("missing_ok", "true")]), hooks())).unwrap();

    lose("PUT", "/settings");
    reply(client().change_repo(&repo("o/n"), &job(&[("gated", "auto")]), hooks())).unwrap();
    assert_eq!(asked(&lab.hub, "PUT", "/api/"), 2, "once more is as good as once");

    lose("POST", "/api/repos/move");
    let moved = told(reply(client().move_repo(&repo("o/n"), &repo("o/new"), &none(), hooks())));
    assert_eq!(moved["url"], format!("{}/o/new", lab.hub.endpoint));
    assert_eq!(asked(&lab.hub, "POST", "/api/repos/move"), 1, "it was seen to have moved");
    // Lost on the way there: nothing was done, and that is seen as well.
    lab.hub.fault(json!({"method": "POST", "path": "/api/repos/move"}), json!({"refuse": true}));
    reply(client().move_repo(&repo("o/new"), &repo("o/newer"), &none(), hooks())).unwrap();

    lose("DELETE", "/api/repos/delete");
    let error = delete(&client(), "o/newer", &[]).unwrap_err();
    assert_eq!((error.kind(), lost(&error)), (Kind::RepoNotFound, true), "{error}");
    lose("DELETE", "/api/repos/delete");
    delete(&client(), "o/m", &[("missing_ok", "true")]).unwrap();
}

#[test]
fn a_pull_request_is_opened_once() {
    let lab = Lab::with_file("a.txt", b"a");
    let client = || lab.client(&[("token", "hf_any")]);
    let open = |title: &str| reply(client().open_pull_request(&repo("o/n"), title, None, &none(), hooks()));
    let opened = told(open("One"));
    let page = format!("{}/o/n/discussions/1", lab.hub.endpoint);
    assert_eq!(opened, json!({"num": 1, "ref": "refs/pr/1", "url": page}));
    assert!(exists(client().repo_exists(&repo("o/n"), Some("refs/pr/1"), &none(), hooks())));

    lab.hub.fault(json!({"method": "POST"}), json!({"lose_answer": true}));
    lab.hub.forget();
    let error = open("Two").unwrap_err();
    assert!(lost(&error) && !error.is_retryable(), "{error}");
    assert_eq!(asked(&lab.hub, "POST", "/"), 1);
    // Nor on a connection that was kept, where it might have been closed before.
    let kept = client();
    reply(kept.whoami(&none(), hooks())).unwrap();
    lab.hub.fault(json!({"method": "POST"}), json!({"lose_answer": true}));
    lab.hub.forget();
    let error = reply(kept.open_pull_request(&repo("o/n"), "Again", None, &none(), hooks())).unwrap_err();
    assert!(lost(&error) && asked(&lab.hub, "POST", "/") == 1, "{error}");
    // What was put off was not done: that is asked again.
    lab.hub.faults(&json!([
        {"match": {"method": "POST"}, "do": {"status": 429, "headers": {"Retry-After": "1"}}},
        {"match": {"method": "POST", "skip": 1}, "do": {"status": 503, "headers": {"Retry-After": "1"}}},
    ]));
    lab.hub.forget();
    assert_eq!(told(open("Three"))["num"], 4, "three were opened before");
    let log: Vec<_> = lab.hub.requests().into_iter().filter(|r| r.method == "POST").collect();
    assert_eq!(log.iter().map(|r| r.status).collect::<Vec<_>>(), [429, 503, 200]);
    assert!(log[1].at_ms - log[0].at_ms >= 1000, "as long as it asked for");
    // The answer breaks off: it was done, though nobody can say which number it has.
    lab.hub.fault(json!({"method": "POST"}), json!({"truncate": 3}));
    let error = open("Cut").unwrap_err();
    assert!(lost(&error) && !error.is_retryable(), "{error}");
    // A gateway's error says nothing about it: that is not asked again.
    for status in [500, 502, 503, 504] {
        lab.hub.fault(json!({"method": "POST"}), json!({"status": status}));
        lab.hub.forget();
        let error = open("Four").unwrap_err();
        assert_eq!((error.http_status(), lost(&error), asked(&lab.hub, "POST", "/")), (status, true, 1));
    }
    assert_eq!(
        kind(reply(client().open_pull_request(&repo("o/x"), "One", None, &none(), hooks()))),
        Kind::RepoNotFound
    );
}

#[test]
fn what_may_pass_is_tried_again() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_any")]);
    let busy = "Cannot create repo: another conflicting operation is in progress";
    lab.hub.faults(&json!([
        {"match": {"method": "POST", "times": 2}, "do": {"status": 500}},
        {"match": {"method": "POST", "skip": 2, "times": 2}, "do": {"status": 409, "body": json!({"error": busy}).to_string()}},
        {"match": {"method": "GET", "times": 2}, "do": {"status": 502}},
        {"match": {"method": "PUT"}, "do": {"status": 504}},
        {"match": {"method": "DELETE"}, "do": {"status": 500}},
    ]));
    assert_eq!(told(create(&client, "o/n", &[]))["created"], true);
    assert_eq!(asked(&lab.hub, "POST", "/"), 5);
    assert!(exists(client.repo_exists(&repo("o/n"), None, &none(), hooks())));
    reply(client.change_repo(&repo("o/n"), &job(&[("gated", "auto")]), hooks())).unwrap();
    delete(&client, "o/n", &[]).unwrap();
    assert_eq!(lab.hub.acted(), [2, 2, 2, 1, 1]);

    // Nobody is there: nothing was asked, and the error does not say that it may have been done.
    let nobody = lab.client(&[("endpoint", "http://127.0.0.1:1"), ("retry_timeout_ms", "300")]);
    let error = reply(nobody.call("POST", "/api/x", Some("{}"), 1, &none(), hooks())).unwrap_err();
    assert_eq!((error.kind(), lost(&error), error.is_retryable()), (Kind::Network, false, true), "{error}");
}

#[test]
fn any_call_of_the_api() {
    let lab = lab(&["--page-size", "2", "--token", "hf_known"]);
    for name in ["a", "b", "c", "d", "e"] {
        lab.hub.put(&format!("models/o/n/{name}.txt"), b"x");
    }
    let client = lab.client(&[("token", "hf_known")]);
    let call = |method: &str, target: &str, json: Option<&str>, pages: u32| {
        reply(client.call(method, target, json, pages, &none(), hooks()))
    };
    let tree = "/api/models/o/n/tree/main";
    let one = call("get", tree, None, 1).unwrap();
    assert_eq!(one.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert!(one.status == 200 && one.request_id.is_some());
    let next = one.next.clone().unwrap();
    let paths = |body: &str| -> Vec<String> {
        let list: Vec<Value> = serde_json::from_str(body).unwrap();
        list.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths(&one.body), ["a.txt", "b.txt"]);
    let rest = call("GET", &next, None, 100).unwrap();
    assert_eq!(
        (paths(&rest.body), &rest.next),
        (vec!["c.txt".into(), "d.txt".into(), "e.txt".into()], &None)
    );
    let all = call("GET", tree, None, 100).unwrap();
    assert_eq!(paths(&all.body).len(), 5);
    let two = call("GET", tree, None, 2).unwrap();
    assert!(paths(&two.body).len() == 4 && two.next.is_some());

    let made = call("POST", "/api/repos/create", Some(r#"{"name": "m", "organization": "o"}"#), 1).unwrap();
    assert!(made.body.contains("/o/m"), "{made:?}");
    call("DELETE", "/api/repos/delete", Some(r#"{"name": "m", "organization": "o"}"#), 1).unwrap();
    assert_eq!(call("HEAD", "/api/models/o/n", None, 1).unwrap().body, "");
    assert_eq!(kind(call("GET", "/api/models/o/none", None, 1)), Kind::RepoNotFound);
    assert_eq!(kind(call("POST", "/api/nothing", Some("{}"), 1)), Kind::Http);
    lab.hub.fault(
        json!({"path": "/api/x"}),
        json!({"status": 200, "body": "<html>", "headers": {"Content-Type": "text/html"}}),
    );
    assert_eq!(kind(call("GET", "/api/x", None, 1)), Kind::Protocol);

    let plain = json!({"status": 200, "body": "OK", "headers": {"Content-Type": "text/html; charset=utf-8"}});
    lab.hub.fault(json!({"path": "/api/x"}), plain);
    assert_eq!(call("DELETE", "/api/x", None, 1).unwrap().body, "OK");

    // Nowhere but to the Hub, and with the token nowhere but home.
    lab.hub.forget();
    for (method, target, json, pages) in [
        ("GET", "http://127.0.0.1:1/api/models", None, 1),
        ("GET", "https://example.com/", None, 1),
        ("GET", "api/models", None, 1),
        ("GET", "ftp://x/", None, 1),
        ("GET", "", None, 1),
        ("CONNECT", "/", None, 1),
        ("GET", "/api/models", Some("{}"), 1),
        ("POST", "/api/models", Some("{no json"), 1),
        ("GET", "/api/models", None, 0),
    ] {
        assert_eq!(kind(call(method, target, json, pages)), Kind::InvalidArgument, "{method} {target}");
    }
    assert!(lab.hub.requests().is_empty());
    let other = Hub::start();
    let elsewhere = json!({"status": 307, "headers": {"Location": format!("{}/api/models", other.endpoint)}});
    lab.hub.fault(json!({"method": "POST"}), elsewhere);
    assert_eq!(kind(call("POST", "/api/x", Some("{}"), 1)), Kind::Protocol);
    assert!(other.requests().is_empty(), "what changes something goes to the Hub alone");
}

#[test]
fn a_call_ends_when_it_is_cancelled() {
    let lab = lab(&[]);
    let client = lab.client(&[("head_timeout_ms", "60000"), ("work_timeout_ms", "60000")]);
    lab.hub.fault(json!({"path": "/api/x"}), json!({"delay_ms": 60_000}));
    let job = client.call("GET", "/api/x", None, 1, &none(), hooks()).unwrap();
    wait_for("the request", || lab.hub.requests().iter().any(|r| r.path == "/api/x"));
    job.cancel();
    assert!(job.wait(Some(std::time::Duration::from_secs(5))).unwrap());
    assert_eq!(kind(reply(Ok(job))), Kind::Cancelled);
}

#[test]
fn accounts_and_what_they_may() {
    let lab = lab(&["--token", "hf_rw", "--token", "hf_ro:read"]);
    lab.hub.put("models/o/n/a.txt", b"a");
    lab.hub.put("models/o/gate/a.txt", b"a");
    lab.hub.put("models/o/gate/.hfx/repo.json", br#"{"gated": "manual"}"#);
    let (writer, reader, nobody) =
        (lab.client(&[("token", "hf_rw")]), lab.client(&[("token", "hf_ro")]), lab.client(&[]));
    let who = told(reply(writer.whoami(&none(), hooks())));
    assert_eq!((&who["name"], &who["auth"]["accessToken"]["role"]), (&json!("local"), &json!("write")));
    lab.hub.forget();
    assert_eq!(kind(reply(nobody.whoami(&none(), hooks()))), Kind::Unauthorized);
    assert!(lab.hub.requests().is_empty());
    assert_eq!(kind(reply(nobody.whoami(&job(&[("token", "hf_wrong")]), hooks()))), Kind::Unauthorized);

    let may = |client: &Client, id: &str, write: bool| {
        reply(client.check_access(&repo(id), write, &none(), hooks())).map_err(|error| error.kind()).err()
    };
    assert_eq!((may(&reader, "o/n", false), may(&reader, "o/gate", false)), (None, Some(Kind::Gated)));
    assert_eq!(may(&nobody, "o/none", false), Some(Kind::RepoNotFound));
    assert!(exists(reader.repo_exists(&repo("o/gate"), None, &none(), hooks())));
    let behind = reader.file_exists(&repo("o/gate"), None, "a.txt", &none(), hooks()).unwrap().join();
    assert_eq!(kind(behind), Kind::Gated);

    // Who may not write: an error, but where the wish is fulfilled already.
    assert_eq!(kind(create(&reader, "o/new", &[])), Kind::Forbidden);
    assert_eq!(kind(create(&reader, "o/new", &[("exist_ok", "true")])), Kind::Forbidden);
    assert_eq!(told(create(&reader, "o/n", &[("exist_ok", "true")]))["created"], false);
    let branch = |name: &str| {
        reply(reader.create_branch(&repo("o/n"), name, None, &job(&[("exist_ok", "true")]), hooks()))
    };
    assert_eq!((kind(branch("dev")), branch("main").unwrap().status), (Kind::Forbidden, 403));
    assert_eq!(kind(delete(&reader, "o/n", &[])), Kind::Forbidden);
    assert_eq!(kind(create(&nobody, "o/new", &[])), Kind::Unauthorized);
    let offline = lab.client(&[("offline", "true"), ("token", "hf_rw")]);
    lab.hub.forget();
    assert_eq!(kind(reply(offline.whoami(&none(), hooks()))), Kind::Offline);
    assert!(lab.hub.requests().is_empty());
}

#[test]
fn what_can_t_be_right_is_not_sent() {
    let lab = lab(&[]);
    let client = lab.client(&[("token", "hf_any")]);
    let (model, dataset) = (repo("o/n"), RepoId::new(RepoKind::Dataset, "p/n").unwrap());
    let space = RepoId::new(RepoKind::Space, "o/s").unwrap();
    let refused = |what: &str, job: Result<Job>| match job {
        Err(error) => assert_eq!(error.kind(), Kind::InvalidArgument, "{what}"),
        Ok(_) => panic!("{what} was taken"),
    };
    refused("a Space without SDK", client.create_repo(&space, &none(), hooks()));
    refused("a model with SDK", client.create_repo(&model, &job(&[("space_sdk", "static")]), hooks()));
    refused("protected", client.create_repo(&model, &job(&[("visibility", "protected")]), hooks()));
    refused("nothing to change", client.change_repo(&model, &none(), hooks()));
    refused("a move to itself", client.move_repo(&model, &model, &none(), hooks()));
    refused("a move to a kind", client.move_repo(&model, &dataset, &none(), hooks()));
    refused("a move without owner", client.move_repo(&repo("n"), &model, &none(), hooks()));
    for name in ["", "a b", "refs/heads/x", "a..b", "-x", "x.lock", "a//b", "../x", "x\n"] {
        refused(name, client.create_branch(&model, name, None, &none(), hooks()));
        refused(name, client.create_tag(&model, name, None, None, &none(), hooks()));
    }
    for revision in ["a//b", "../x", "a\\b", "x\n"] {
        refused(revision, client.create_branch(&model, "x", Some(revision), &none(), hooks()));
        refused(revision, client.create_tag(&model, "x", Some(revision), None, &none(), hooks()));
        refused(revision, client.commits(&model, Some(revision), 0, &none(), hooks()));
        refused(revision, client.repo_exists(&model, Some(revision), &none(), hooks()));
        refused(revision, client.delete_branch(&model, revision, &none(), hooks()));
    }
    refused("..", client.file_exists(&model, None, "../x", &none(), hooks()));
    refused("a short title", client.open_pull_request(&model, " x ", None, &none(), hooks()));
    refused("two lines", client.open_pull_request(&model, "a title\nand more", None, &none(), hooks()));
    assert!(lab.hub.requests().is_empty());
}
