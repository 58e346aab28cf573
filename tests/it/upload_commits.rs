//! Lost answers and commits by somebody else: each commit is made once, and a conflict is told with the head.

use hfx::client::{Client, Draft, Hooks, Input, Job};
use hfx::error::Kind;
use serde_json::{Value, json};

use crate::support::client::{job, model};
use crate::support::files::random;
use crate::support::push::{commit, draft, folder, head, held, history, lab, listed, made, push, write};
use crate::support::{Lab, wait_for};
use crate::upload::opened_and_published;
use crate::upload_faults::push_through;

/// Starts a commit of `a.txt` that the server is slow about, and waits until it has come to `path`.
fn slowly(lab: &Lab, client: &Client, rules: &Value, path: &str) -> Job {
    slowly_of(lab, client, &draft(&[("a.txt", b"ours")]), rules, path)
}

/// The same, of any draft.
fn slowly_of(lab: &Lab, client: &Client, draft: &Draft, rules: &Value, path: &str) -> Job {
    lab.hub.forget();
    lab.hub.faults(rules);
    let options =
        job(&[("commit_message", "Ours"), ("head_timeout_ms", "10000"), ("work_timeout_ms", "10000")]);
    let running = client.commit(&model(), None, draft, &options, Hooks::default()).unwrap();
    let seen = || lab.hub.requests().iter().any(|request| request.path.contains(path));
    wait_for("the request", || seen() || running.has_ended());
    assert!(!running.has_ended(), "{:?}", running.error());
    running
}

#[test]
fn a_commit_whose_answer_is_lost_is_made_once() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    for fault in [
        json!({"lose_answer": true}),
        json!({"perform": true, "status": 500}),
        json!({"perform": true, "status": 504}),
        json!({"perform": true, "status": 502, "body": "<html>"}),
        json!({"drop_request_after": 100}),
        json!({"refuse": true}),
    ] {
        push_through(&lab, &client, &json!([{"match": {"path": "/commit/"}, "do": fault}]));
    }
    // Deletes and copies are recognised as well.
    let all = draft(&[("b.txt", b"b"), ("c/d.txt", b"d")]);
    all.copy(None, None, "f.bin", "copy.bin").unwrap();
    all.delete_file("f.bin").unwrap();
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    let first = commit(&client, &all, &[]).unwrap();
    let second = draft(&[]);
    second.delete_folder("c").unwrap();
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    let second = commit(&client, &second, &[]).unwrap();
    let ids: Vec<_> = history(&client, None).into_iter().take(2).map(|commit| commit.id).collect();
    assert_eq!(ids, [second.oid.unwrap(), first.oid.unwrap()]);
    assert_eq!(listed(&client, None), ["b.txt", "copy.bin"]);
    // In a pull request, which is opened once.
    lab.hub.forget();
    lab.hub.fault(json!({"path": "/commit/"}), json!({"lose_answer": true}));
    let opened = push(&client, "p.txt", b"p", &[("create_pr", "true")]).unwrap();
    assert_eq!(opened_and_published(&lab), (1, 1));
    assert_eq!(history(&client, Some("refs/pr/1"))[0].id, opened.oid.unwrap());
    lab.hub.fault(json!({"path": "/discussions"}), json!({"lose_answer": true}));
    let error = push(&client, "p.txt", b"q", &[("create_pr", "true")]).unwrap_err();
    assert!(error.to_string().contains("may have been done"), "{error}");
    assert_eq!(opened_and_published(&lab), (2, 1));
}

#[test]
fn somebody_elses_commit_behind_a_lost_answer_changes_nothing() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    let before = history(&client, None).len();
    let rules = json!([
        {"match": {"path": "/commit/"}, "do": {"lose_answer": true}},
        {"match": {"path": "/commits/"}, "do": {"delay_ms": 1500}}
    ]);
    let running = slowly(&lab, &client, &rules, "/commits/");
    // The same first line and the same path: content tells them apart.
    let theirs = push(&other, "a.txt", b"theirs", &[("commit_message", "Ours")]).unwrap();
    let ours = made(running.join()).unwrap();
    let ids: Vec<_> = history(&client, None).into_iter().map(|commit| commit.id).collect();
    assert_eq!(ids.len(), before + 2);
    assert_eq!(ids[..2], [theirs.oid.unwrap(), ours.oid.unwrap()]);
    assert_eq!(lab.hub.count("POST", "/commit/"), 2, "nothing was sent again");
    // The answer is lost, and so was the request: theirs is not taken for ours.
    lab.hub.faults(&json!([]));
    let rules = json!([
        {"match": {"path": "/commit/"}, "do": {"refuse": true}},
        {"match": {"path": "/commits/"}, "do": {"delay_ms": 1500}}
    ]);
    let running = slowly(&lab, &client, &rules, "/commits/");
    let theirs = push(&other, "a.txt", b"other", &[("commit_message", "Ours")]).unwrap().oid.unwrap();
    let error = running.join().unwrap_err();
    assert_eq!((error.kind(), error.commit_text()), (Kind::Conflict, Some(theirs.as_str())), "{error}");
    assert_eq!(held(&client, "a.txt", None).unwrap(), b"other");
}

#[test]
fn a_commit_in_between_is_a_conflict_that_names_the_head() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    for status in [412, 409] {
        let rules = json!([
            {"match": {"path": "/preupload/"}, "do": {"delay_ms": 1000}},
            {"match": {"path": "/commit/"}, "do": {"instead_of": 412, "status": status}}
        ]);
        let rules = if status == 412 { json!([rules[0]]) } else { rules };
        let running = slowly(&lab, &client, &rules, "/preupload/");
        let theirs = push(&other, "a.txt", &random(63, 10), &[]).unwrap().oid;
        let theirs = theirs.unwrap();
        let error = running.join().unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (Kind::Conflict, status), "{error}");
        assert_eq!((error.commit_text(), head(&client)), (Some(theirs.as_str()), theirs.clone()), "{error}");
        assert!(error.to_string().contains(&theirs), "{error}");
        assert_eq!(lab.hub.count("POST", "/commit/"), 2, "theirs, and ours once");
        push(&other, "a.txt", b"reset", &[]).unwrap();
    }
}

#[test]
fn a_commit_in_between_that_leaves_ours_alone_is_followed() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    commit(&client, &draft(&[("c/d.txt", b"d"), ("c/e.txt", b"e"), ("z.txt", b"z")]), &[]).unwrap();
    let rules = json!([{"match": {"path": "/preupload/", "times": 1}, "do": {"delay_ms": 1000}}]);
    let running = slowly(&lab, &client, &rules, "/preupload/");
    let theirs = push(&other, "b.txt", b"theirs", &[]).unwrap().oid.unwrap();
    let ours = made(running.join()).unwrap().oid.unwrap();
    let ids: Vec<_> = history(&client, None).into_iter().map(|commit| commit.id).collect();
    assert_eq!(ids[..2], [ours, theirs]);
    assert_eq!(held(&client, "a.txt", None).unwrap(), b"ours");
    assert_eq!(held(&client, "b.txt", None).unwrap(), b"theirs");
    // So with what is deleted: a folder in which they have put something is a conflict.
    let gone = draft(&[("n.txt", b"n")]);
    gone.delete_file("z.txt").unwrap();
    gone.delete_folder("c").unwrap();
    let running = slowly_of(&lab, &client, &gone, &rules, "/preupload/");
    push(&other, "b.txt", b"again", &[]).unwrap();
    made(running.join()).unwrap();
    assert_eq!(listed(&client, None), ["a.txt", "b.txt", "n.txt"]);
    commit(&client, &draft(&[("c/d.txt", b"d")]), &[]).unwrap();
    let gone = draft(&[("n.txt", b"m")]);
    gone.delete_folder("c").unwrap();
    let running = slowly_of(&lab, &client, &gone, &rules, "/preupload/");
    push(&other, "c/new.txt", b"new", &[]).unwrap();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Conflict);
    // A pull request is opened against the branch as it is then.
    lab.hub.forget();
    lab.hub.faults(&rules);
    let options = job(&[("create_pr", "true"), ("work_timeout_ms", "10000"), ("head_timeout_ms", "10000")]);
    let running =
        client.commit(&model(), None, &draft(&[("a.txt", b"in the pr")]), &options, Hooks::default());
    let running = running.unwrap();
    wait_for("the question", || lab.hub.count("POST", "/preupload/") > 0);
    push(&other, "b.txt", b"third", &[]).unwrap();
    made(running.join()).unwrap();
    assert_eq!(held(&client, "b.txt", Some("refs/pr/1")).unwrap(), b"third");
    // Whoever names the parent wants to know.
    let tip = head(&client);
    push(&other, "b.txt", b"fourth", &[]).unwrap();
    let error = push(&client, "a.txt", b"pinned", &[("parent_commit", &tip)]).unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
}

/// What was found unchanged counts as well, and so do the parts that come later.
#[test]
fn what_others_changed_of_ours_is_a_conflict_wherever_it_comes() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    commit(&client, &draft(&[("a.txt", b"a"), ("same.txt", b"same")]), &[]).unwrap();
    let ours = draft(&[("a.txt", b"ours"), ("same.txt", b"same")]);
    let slow = json!([{"match": {"path": "/commit/", "times": 1}, "do": {"delay_ms": 1000}}]);
    let running = slowly_of(&lab, &client, &ours, &slow, "/commit/");
    push(&other, "same.txt", b"theirs", &[]).unwrap();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Conflict);
    let dir = tempfile::tempdir().unwrap();
    for n in 0..250 {
        write(dir.path(), &[(&format!("f{n:03}.txt"), format!("{n}").as_bytes())]);
    }
    for theirs in ["f240.txt", "old.txt"] {
        push(&other, "old.txt", b"old", &[]).unwrap();
        lab.hub.forget();
        lab.hub.faults(&slow);
        let options = job(&[("commits", "paced"), ("delete", "*"), ("work_timeout_ms", "10000")]);
        let running =
            client.upload_folder(&model(), None, dir.path(), "", &options, Hooks::default()).unwrap();
        wait_for("the first part", || lab.hub.count("POST", "/commit/") > 0 || running.has_ended());
        // Not of the first part, which follows it.
        let theirs = push(&other, theirs, b"theirs", &[]).unwrap().oid.unwrap();
        let error = running.join().unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{error}");
        assert!(history(&client, None).iter().any(|commit| commit.id == theirs));
        assert_eq!(held(&client, "f000.txt", None).unwrap(), b"0", "the first part is there");
        for path in listed(&client, None).iter().filter(|path| path.starts_with('f')) {
            let gone = draft(&[]);
            gone.delete_file(path).unwrap();
            commit(&other, &gone, &[]).unwrap();
        }
    }
    assert_eq!(held(&client, "old.txt", None).unwrap(), b"theirs");
}

/// A killed run's commit may land, or another writer's of the same, after the head was read.
#[test]
fn what_is_there_by_now_is_told_with_the_head_that_holds_it() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    let rules = json!([{"match": {"path": "/preupload/", "times": 1}, "do": {"delay_ms": 1000}}]);
    let both = draft(&[("a.txt", b"a"), ("same.txt", b"same")]);
    let running = slowly_of(&lab, &client, &both, &rules, "/preupload/");
    let theirs = push(&other, "same.txt", b"same", &[]).unwrap().oid.unwrap();
    let ours = made(running.join()).unwrap();
    let ids: Vec<_> = history(&client, None).into_iter().map(|commit| commit.id).collect();
    assert_eq!(ids[..2], [ours.oid.clone().unwrap(), theirs], "no conflict with what is the same");
    let again = draft(&[("n.txt", b"n")]);
    let running = slowly_of(&lab, &client, &again, &rules, "/preupload/");
    let theirs = push(&other, "n.txt", b"n", &[]).unwrap().oid;
    let nothing = made(running.join()).unwrap();
    assert_eq!((nothing.commits, nothing.oid), (0, theirs), "the head that holds it");
    // A folder in parts as well.
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("p.txt", b"p")]);
    lab.hub.forget();
    lab.hub.faults(&rules);
    let options = job(&[("commits", "paced"), ("head_timeout_ms", "10000")]);
    let running = client.upload_folder(&model(), None, dir.path(), "", &options, Hooks::default()).unwrap();
    wait_for("the question", || lab.hub.count("POST", "/preupload/") > 0 || running.has_ended());
    let theirs = push(&other, "p.txt", b"p", &[]).unwrap().oid;
    let nothing = made(running.join()).unwrap();
    assert_eq!((nothing.commits, nothing.oid), (0, theirs));
    // A twin's commit that holds what is changed, and another version of what was left out, is not ours.
    let ours = draft(&[("q.txt", b"q"), ("same.txt", b"same")]);
    let slow = json!([{"match": {"path": "/commit/", "times": 1}, "do": {"delay_ms": 1000}}]);
    let running = slowly_of(&lab, &client, &ours, &slow, "/commit/");
    let twin = draft(&[("q.txt", b"q"), ("same.txt", b"other")]);
    commit(&other, &twin, &[("commit_message", "Ours")]).unwrap();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Conflict);
}

#[test]
fn two_writers_of_one_branch_both_come_through() {
    let lab = lab(&[]);
    let before = history(&lab.client(&[]), None).len();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let client = lab.client(&[("retry_timeout_ms", "60000")]);
            std::thread::spawn(move || {
                for n in 0..5 {
                    push(&client, &format!("w{writer}/f{n}.txt"), format!("{writer} {n}").as_bytes(), &[])
                        .unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(history(&lab.client(&[]), None).len(), before + 20);
    assert_eq!(listed(&lab.client(&[]), None).iter().filter(|path| path.starts_with('w')).count(), 20);
}

#[test]
fn a_hub_that_is_at_work_is_waited_for() {
    let lab = lab(&[]);
    let client = lab.client(&[("head_timeout_ms", "300"), ("work_timeout_ms", "60000")]);
    lab.hub.forget();
    lab.hub.faults(&json!([{"match": {"path": "/commit/"}, "do": {"delay_ms": 1500}}]));
    push(&client, "a.txt", b"slow", &[]).unwrap();
    assert_eq!(lab.hub.count("POST", "/commit/"), 1, "sent once, and waited for");
    // A request that never reached the Hub made no commit: nothing is searched for.
    lab.hub.forget();
    lab.hub.faults(
        &json!([{"match": {"path": "/commit/"}, "do": {"status": 503, "headers": {"Retry-After": "1"}}}]),
    );
    push(&client, "a.txt", b"put off", &[]).unwrap();
    assert_eq!((lab.hub.count("POST", "/commit/"), lab.hub.count("GET", "/commits/")), (2, 0));
}

#[test]
fn a_killed_runs_commit_that_lands_late_is_taken_for_ones_own() {
    let lab = lab(&[]);
    let (client, killed) = (lab.client(&[]), lab.client(&[]));
    let rules = json!([{"match": {"path": "/commit/"}, "do": {"delay_ms": 1000}}]);
    let running = slowly(&lab, &client, &rules, "/commit/");
    let theirs = push(&killed, "a.txt", b"ours", &[("commit_message", "Ours")]).unwrap();
    let before = history(&client, None).len();
    let ours = made(running.join()).unwrap();
    assert_eq!((ours.oid, history(&client, None).len()), (theirs.oid, before));
    // Whoever names the parent wants to know.
    let (tip, draft) = (head(&client), draft(&[("a.txt", b"more")]));
    lab.hub.forget();
    lab.hub.faults(&json!([{"match": {"path": "/commit/"}, "do": {"delay_ms": 1000}}]));
    let options = job(&[("parent_commit", &tip), ("work_timeout_ms", "10000")]);
    let running = client.commit(&model(), None, &draft, &options, Hooks::default()).unwrap();
    wait_for("the commit", || lab.hub.count("POST", "/commit/") > 0);
    push(&killed, "a.txt", b"more", &[("commit_message", "Upload with hfx")]).unwrap();
    assert_eq!(running.join().unwrap_err().kind(), Kind::Conflict);
}

#[test]
fn a_folder_in_several_commits_goes_on_behind_a_lost_answer() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    for n in 0..450 {
        write(dir.path(), &[(&format!("f{n:04}.txt"), format!("content {n}").as_bytes())]);
    }
    let before = history(&client, None).len();
    lab.hub.fault(json!({"path": "/commit/", "skip": 1}), json!({"lose_answer": true}));
    let made = folder(&client, dir.path(), &[("commits", "paced")]).unwrap();
    assert_eq!(history(&client, None).len(), before + made.commits as usize);
    assert!((2..=4).contains(&made.commits), "{}", made.commits);
    assert_eq!(lab.hub.count("POST", "/commit/"), made.commits as usize);
    assert_eq!(listed(&client, None).len(), 450);
    // One that fails for good tells how far it came, and the same call goes on.
    for n in 0..450 {
        write(dir.path(), &[(&format!("f{n:04}.txt"), format!("changed {n}").as_bytes())]);
    }
    lab.hub.fault(json!({"path": "/commit/", "skip": 1}), json!({"status": 403}));
    let error = folder(&client, dir.path(), &[("commits", "paced")]).unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(error.to_string().contains(&format!("the last one is {}", head(&client))), "{error}");
    let before = history(&client, None).len();
    let made = folder(&client, dir.path(), &[("commits", "paced")]).unwrap();
    let committed = made.files.iter().filter(|file| file.how == hfx::client::HowCommitted::Regular).count();
    assert_eq!((committed, history(&client, None).len()), (350, before + made.commits as usize));
    assert_eq!(held(&client, "f0449.txt", None).unwrap(), b"changed 449");
}

/// Until the new files are all there the old ones are of use.
#[test]
fn what_a_folder_in_several_commits_deletes_goes_last() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let old = draft(&[("both", b"a file where a folder comes")]);
    for n in 0..150 {
        let content = Input::Memory(format!("old {n}").into_bytes().into());
        old.add(&format!("old/{n:03}.txt"), content).unwrap();
    }
    old.add("turned/inner.txt", Input::Memory(b"a folder where a file comes".to_vec().into())).unwrap();
    commit(&client, &old, &[]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for n in 0..250 {
        write(dir.path(), &[(&format!("new/{n:03}.txt"), format!("new {n}").as_bytes())]);
    }
    write(dir.path(), &[("both/inner.txt", b"in"), ("turned", b"a file")]);
    lab.hub.fault(json!({"path": "/commit/", "skip": 1}), json!({"status": 403}));
    folder(&client, dir.path(), &[("commits", "paced"), ("delete", "*")]).unwrap_err();
    let there = listed(&client, None);
    let count = |name: &str| there.iter().filter(|path| path.starts_with(name)).count();
    assert_eq!((count("old/"), count("both/"), count("turned/")), (150, 1, 0), "{there:?}");
    assert!((90..110).contains(&count("new/")), "{}", count("new/"));
    let made = folder(&client, dir.path(), &[("commits", "paced"), ("delete", "*")]).unwrap();
    assert!((2..=4).contains(&made.commits), "{}", made.commits);
    assert_eq!(made.files.iter().filter(|file| file.how == hfx::client::HowCommitted::Deleted).count(), 150);
    assert_eq!(listed(&client, None).len(), 252);
}

#[test]
fn a_pull_request_takes_several_commits() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let dir = tempfile::tempdir().unwrap();
    for n in 0..250 {
        write(dir.path(), &[(&format!("f{n:04}.txt"), format!("content {n}").as_bytes())]);
    }
    let before = head(&client);
    lab.hub.fault(json!({"path": "/commit/", "skip": 1}), json!({"lose_answer": true}));
    let made = folder(&client, dir.path(), &[("commits", "paced"), ("create_pr", "true")]).unwrap();
    assert_eq!(made.pull_request.map(|opened| opened.number), Some(1));
    assert!((2..=3).contains(&made.commits), "{}", made.commits);
    assert_eq!((opened_and_published(&lab), head(&client)), ((1, 1), before));
    let commits = history(&client, Some("refs/pr/1"));
    assert_eq!((made.oid.as_ref(), listed(&client, Some("refs/pr/1")).len()), (Some(&commits[0].id), 250));
    // Nothing new needs no pull request.
    folder(&client, dir.path(), &[]).unwrap();
    let twice = folder(&client, dir.path(), &[("create_pr", "true")]).unwrap();
    assert_eq!((twice.commits, twice.pull_request, opened_and_published(&lab)), (0, None, (1, 1)));
}

#[test]
fn what_others_did_is_not_taken_for_a_deletion() {
    let lab = lab(&[]);
    let (client, other) = (lab.client(&[]), lab.client(&[]));
    commit(&client, &draft(&[("c/d.txt", b"d"), ("e.txt", b"e")]), &[]).unwrap();
    let gone = draft(&[]);
    gone.delete_folder("c").unwrap();
    // The request is lost, and theirs has the same first line: the folder that is still there tells them apart.
    let rules = json!([
        {"match": {"path": "/commit/"}, "do": {"refuse": true}},
        {"match": {"path": "/commits/"}, "do": {"delay_ms": 1500}}
    ]);
    let running = slowly_of(&lab, &client, &gone, &rules, "/commits/");
    let theirs = push(&other, "e.txt", b"other", &[("commit_message", "Ours")]).unwrap().oid.unwrap();
    let ours = made(running.join()).unwrap().oid.unwrap();
    let ids: Vec<_> = history(&client, None).into_iter().map(|commit| commit.id).collect();
    assert_eq!(ids[..2], [ours, theirs], "theirs is not taken for ours");
    assert_eq!(listed(&client, None), ["e.txt"]);
    // Of a hundred and more changes the last ones count as well.
    let many = |last: &[u8]| {
        let many = draft(&[("z.txt", last)]);
        for n in 0..120 {
            let content = Input::Memory(format!("{n}").into_bytes().into());
            many.add(&format!("m/{n:03}.txt"), content).unwrap();
        }
        many
    };
    let running = slowly_of(&lab, &client, &many(b"ours"), &rules, "/commits/");
    let theirs = commit(&other, &many(b"theirs"), &[("commit_message", "Ours")]).unwrap().oid.unwrap();
    let error = running.join().unwrap_err();
    assert_eq!((error.kind(), error.commit_text()), (Kind::Conflict, Some(theirs.as_str())), "{error}");
    assert_eq!(held(&client, "z.txt", None).unwrap(), b"theirs");
}

#[test]
fn a_file_that_was_sent_ahead_is_committed_whatever_came_meanwhile() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let large = random(77, 300 << 10);
    push(&client, "w.bin", &large, &[]).unwrap();
    let ahead = draft(&[("w.bin", &large), ("r.txt", b"r")]);
    made(client.preupload(&model(), None, &ahead, &job(&[]), Hooks::default()).unwrap().join()).unwrap();
    let gone = draft(&[]);
    gone.delete_file("w.bin").unwrap();
    commit(&client, &gone, &[]).unwrap();
    commit(&client, &ahead, &[]).unwrap();
    assert_eq!(listed(&client, None), ["r.txt", "w.bin"]);
    assert!(held(&client, "w.bin", None).unwrap() == large);
}

#[test]
fn a_commit_that_never_comes_through_is_given_up() {
    let lab = lab(&[]);
    let client = lab.client(&[]);
    let before = head(&client);
    lab.hub.fault(json!({"path": "/commit/", "times": 0}), json!({"drop_request_after": 100}));
    let start = std::time::Instant::now();
    let error = push(&client, "a.txt", &[b'a'; 1000], &[("retry_timeout_ms", "2000")]).unwrap_err();
    assert_eq!(error.kind(), Kind::Network, "{error}");
    // What goes out each time and gets nowhere is no progress.
    assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    lab.hub.faults(&json!([]));
    assert_eq!(head(&client), before);
}
