//! `hfx repo` and `hfx api` as a user or a script meets them: what they print where, their exit codes, their flags.

use serde_json::{Value, json};

use crate::cli::{Shell, ran};
use crate::oracle::{ask, python, variables};

fn object(text: &str) -> Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

fn json(shell: &Shell, line: &[&str]) -> Value {
    object(&shell.ok(&[line, &["--json"]].concat()))
}

#[test]
fn a_repository_s_life() {
    let shell = Shell::new();
    let url = |path: &str| format!("{}/{path}", shell.hub.endpoint);
    let made = shell.run(&["repo", "create", "o/n"]);
    assert_eq!((made.code, made.out), (0, format!("{}\n", url("o/n"))));
    assert!(made.err.contains("model o/n created"), "{}", made.err);
    let again = shell.fails(1, &["repo", "create", "o/n"]);
    assert!(again.contains("--exist-ok"), "{again}");
    let there = json(&shell, &["repos", "create", "hf://o/n", "--exist-ok"]);
    assert_eq!(there, json!({"repo": "o/n", "repo_type": "model", "url": url("o/n"), "created": false}));
    let space = ["repo", "create", "o/s", "--type", "space", "-q"];
    shell.fails(2, &space);
    assert_eq!(
        shell.ok(&[&space[..], &["--space-sdk", "docker"]].concat()),
        format!("{}\n", url("spaces/o/s"))
    );

    shell.ok(&["repo", "settings", "o/n", "--gated", "auto"]);
    let changed = json(&shell, &["repo", "settings", "o/n", "--public", "--gated", "false"]);
    assert_eq!(changed, json!({"repo": "o/n", "repo_type": "model", "visibility": "public", "gated": false}));
    shell.fails(2, &["repo", "settings", "o/n"]);
    shell.fails(2, &["repo", "settings", "o/n", "--public", "--private"]);

    let moved = shell.run(&["repo", "move", "o/n", "o/m"]);
    assert_eq!((moved.code, moved.out), (0, format!("{}\n", url("o/m"))));
    shell.fails(3, &["repo", "move", "o/n", "o/m"]);

    let asked = shell.fails(2, &["repo", "delete", "o/m"]);
    assert!(asked.contains("--yes"), "{asked}");
    assert_eq!(shell.ok(&["repo", "exists", "o/m"]), "yes\n");
    let gone = shell.run(&["repo", "delete", "o/m", "-y"]);
    assert_eq!((gone.code, gone.out), (0, String::new()));
    shell.fails(3, &["repo", "delete", "o/m", "-y"]);
    assert_eq!(json(&shell, &["repo", "delete", "o/m", "-y", "--missing-ok"])["deleted"], false);
    let failed = shell.run(&["repo", "delete", "o/m", "-y", "--json"]);
    assert_eq!((failed.code, &object(&failed.out)["kind"]), (3, &json!("REPO_NOT_FOUND")));
}

#[test]
fn refs_files_and_commits() {
    let shell = Shell::new();
    shell.hub.put("datasets/o/d/a.txt", b"a");
    shell.hub.put("datasets/o/d/sub/b c.txt", &[0; 2048]);
    let name = "hf://datasets/o/d";
    shell.ok(&["repo", "branch", "create", name, "dev"]);
    shell.fails(1, &["repo", "branch", "create", name, "dev"]);
    let made = json(&shell, &["repo", "branch", "create", name, "dev", "--exist-ok"]);
    assert_eq!(made, json!({"repo": "o/d", "repo_type": "dataset", "branch": "dev", "created": false}));
    shell.ok(&["repo", "tag", "create", "hf://datasets/o/d@dev", "v1", "-m", "First"]);
    shell.fails(3, &["repo", "tag", "create", name, "v2", "--revision", "none"]);
    shell.fails(2, &["repo", "tag", "create", "hf://datasets/o/d@dev", "v2", "--revision", "main"]);
    shell.fails(2, &["repo", "branch", "create", name, "a..b"]);

    assert_eq!(shell.ok(&["repo", "branch", "list", name, "-q"]), "dev\nmain\n");
    assert_eq!(shell.ok(&["repo", "tag", "ls", "o/d", "--repo-type", "dataset", "-q"]), "v1\n");
    let refs = shell.ok(&["repo", "refs", name]);
    assert!(refs.starts_with("NAME  KIND    COMMIT\n") && refs.contains("\nv1    tag     "), "{refs}");
    let refs = json(&shell, &["repo", "refs", name, "--include-prs"]);
    assert_eq!((&refs["tags"][0]["ref"], &refs["pull_requests"]), (&json!("refs/tags/v1"), &json!([])));
    assert_eq!(refs["tags"][0]["target_commit"], refs["branches"][0]["target_commit"]);

    assert_eq!(shell.ok(&["repo", "files", name, "sub", "-q", "--revision", "v1"]), "sub/b c.txt\n");
    let files = shell.ok(&["repo", "files", name]);
    assert!(files.contains("SIZE") && files.contains("2.0 KiB  sub/b c.txt"), "{files}");
    let files = json(&shell, &["repo", "files", "hf://datasets/o/d@v1"]);
    assert_eq!((&files["files"][0]["path"], &files["files"][1]["size"]), (&json!("a.txt"), &json!(2048)));
    let commits = json(&shell, &["repo", "commits", name]);
    let id = commits["commits"][0]["id"].as_str().unwrap();
    assert_eq!(shell.ok(&["repo", "commits", name, "-q", "--limit", "1"]), format!("{id}\n"));
    assert!(shell.ok(&["repo", "commits", name]).contains(id));

    for (line, yes) in [
        (&["repo", "exists", name][..], true),
        (&["repo", "exists", name, "--revision", "v1"], true),
        (&["repo", "exists", name, "a.txt"], true),
        (&["repo", "exists", name, "no.txt"], false),
        (&["repo", "exists", name, "a.txt", "--revision", "none"], false),
        (&["repo", "exists", "o/d"], false),
    ] {
        let answer = shell.run(line);
        let want = if yes { (0, "yes\n") } else { (3, "no\n") };
        assert_eq!((answer.code, answer.out.as_str(), answer.err.as_str()), (want.0, want.1, ""), "{line:?}");
        let answer = shell.run(&[line, &["--json"]].concat());
        assert_eq!((answer.code, &object(&answer.out)["exists"]), (want.0, &json!(yes)));
    }
    shell.ok(&["repo", "branch", "delete", name, "dev"]);
    let missing = shell.fails(3, &["repo", "branch", "delete", name, "dev"]);
    assert!(missing.contains("--missing-ok"), "{missing}");
    shell.ok(&["repo", "branch", "delete", name, "dev", "--missing-ok"]);
    shell.fails(2, &["repo", "tag", "delete", name, "v1"]);
    assert_eq!(json(&shell, &["repo", "tag", "delete", name, "v1", "-y"])["deleted"], true);
}

#[test]
fn the_api_from_the_shell() {
    let shell = Shell::new();
    for name in ["a", "b", "c"] {
        shell.hub.put(&format!("models/o/{name}/f.txt"), b"x");
    }
    let info: Value = serde_json::from_str(&shell.ok(&["api", "GET", "/api/models/o/a"])).unwrap();
    assert_eq!(info["id"], "o/a");
    let list: Value = serde_json::from_str(&shell.ok(&["api", "get", "api/models", "--paginate"])).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 3);
    std::fs::write(shell.path("body.json"), r#"{"name": "x", "organization": "o"}"#).unwrap();
    shell.ok(&["api", "POST", "/api/repos/create", "--data", "@body.json"]);
    let body = std::fs::File::open(shell.path("body.json")).unwrap();
    let gone = ran(shell.command(&["api", "DELETE", "/api/repos/delete", "-d", "-"]).stdin(body));
    assert_eq!(gone.code, 0, "{gone:?}");
    shell.ok(&["api", "PUT", "/api/models/o/a/settings", "-d", r#"{"gated": "auto"}"#]);

    shell.hub.forget();
    shell.fails(2, &["api", "GET", "https://example.com/x"]);
    shell.fails(2, &["api", "POST", "/api/x", "-d", "{not json"]);
    shell.fails(2, &["api", "BREW", "/api/x"]);
    shell.fails(6, &["api", "POST", "/api/x", "-d", "@none.json"]);
    assert!(shell.hub.requests().is_empty());
    let failed = shell.run(&["api", "GET", "/api/models/o/none", "--json"]);
    assert_eq!((failed.code, &object(&failed.out)["http_status"]), (3, &json!(401)));
}

/// What one makes, the other sees, and both tell it alike.
#[test]
fn python_sees_the_same() {
    let Some(python) = python("tool::python_sees_the_same") else { return };
    let shell = Shell::new();
    let home = shell.home.path().to_str().unwrap();
    let set = variables(&[
        ("HF_HOME", home),
        ("HOME", home),
        ("HF_ENDPOINT", &shell.hub.endpoint),
        ("HF_TOKEN", "hf_any"),
    ]);
    shell.ok(&["repo", "create", "o/ours", "--private", "--token", "hf_any"]);
    for line in [
        &["repo", "branch", "create", "o/ours", "dev"][..],
        &["repo", "tag", "create", "o/ours", "v1", "--revision", "dev", "-m", "First"],
        &["repo", "settings", "o/ours", "--gated", "manual"],
    ] {
        shell.ok(&[line, &["--token", "hf_any"]].concat());
    }
    let code = "
from huggingface_hub import HfApi
api = HfApi()
api.create_repo('o/theirs', repo_type='dataset')
api.create_branch('o/theirs', branch='dev', repo_type='dataset')
api.create_tag('o/theirs', tag='v1', repo_type='dataset')
api.move_repo('o/theirs', 'o/moved', repo_type='dataset')
def refs(list): return [{'name': one.name, 'ref': one.ref, 'target_commit': one.target_commit} for one in list]
def told(name, kind):
    all, info = api.list_repo_refs(name, repo_type=kind), api.repo_info(name, repo_type=kind)
    commits = [{'id': c.commit_id, 'title': c.title, 'message': c.message, 'authors': c.authors} for c in api.list_repo_commits(name, repo_type=kind)]
    return {'branches': refs(all.branches), 'tags': refs(all.tags), 'commits': commits, 'private': info.private,
            'gated': info.gated, 'files': api.list_repo_files(name, repo_type=kind)}
print(json.dumps([told('o/ours', 'model'), told('o/moved', 'dataset')]))";
    let told = ask(python, code, &Value::Null, &set);
    assert_eq!((&told[0]["private"], &told[0]["gated"]), (&json!(true), &json!("manual")));
    for (name, theirs) in [("o/ours", &told[0]), ("hf://datasets/o/moved", &told[1])] {
        let ask = |what: &str| json(&shell, &["repo", what, name, "--token", "hf_any"]);
        let refs = ask("refs");
        assert_eq!((&refs["branches"], &refs["tags"]), (&theirs["branches"], &theirs["tags"]));
        assert_eq!(refs["tags"][0]["name"], "v1");
        let mut commits = ask("commits")["commits"].clone();
        for commit in commits.as_array_mut().unwrap() {
            commit.as_object_mut().unwrap().remove("date").unwrap();
        }
        assert_eq!(commits, theirs["commits"]);
        let files: Vec<Value> =
            ask("files")["files"].as_array().unwrap().iter().map(|file| file["path"].clone()).collect();
        assert_eq!(json!(files), theirs["files"]);
    }
}

#[test]
fn help_teaches() {
    let shell = Shell::new();
    let network = ["--token", "--endpoint", "--ca-file", "--option"];
    let answer = ["--quiet", "--json"];
    let commands: [(&[&str], &[&str]); 17] = [
        (
            &["repo"],
            &[
                "create",
                "delete",
                "move",
                "settings",
                "branch",
                "tag",
                "files",
                "refs",
                "commits",
                "exists",
                "Examples:",
            ],
        ),
        (
            &["repo", "create"],
            &["--repo-type", "--sdk", "--private", "--public", "--protected", "--exist-ok"],
        ),
        (&["repo", "delete"], &["--missing-ok", "--yes"]),
        (&["repo", "move"], &["TO_ID"]),
        (&["repo", "settings"], &["--gated", "manual", "--private"]),
        (&["repo", "branch", "create"], &["--revision", "--exist-ok"]),
        (&["repo", "branch", "delete"], &["--missing-ok"]),
        (&["repo", "tag", "create"], &["--message", "--revision", "--exist-ok"]),
        (&["repo", "tag", "delete"], &["--yes", "--missing-ok"]),
        (&["repo", "files"], &["--revision", "FOLDER"]),
        (&["repo", "refs"], &["--include-prs"]),
        (&["repo", "commits"], &["--limit", "--revision"]),
        (&["repo", "exists"], &["--revision", "FILE"]),
        (
            &["auth"],
            &["login", "logout", "whoami", "list", "switch", "Examples:", "stored_tokens", "HF_TOKEN"],
        ),
        (&["auth", "login"], &["--add-to-git-credential", "--force"]),
        (&["auth", "switch"], &["--token-name", "--add-to-git-credential"]),
        (&["api"], &["--data", "--paginate", "Examples:", "@FILE"]),
    ];
    for (command, words) in commands {
        let help = shell.ok(&[command, &["--help"]].concat());
        let whole = matches!(command, ["repo" | "auth" | "api"] | ["auth", "switch"]);
        let more: Vec<&str> =
            if whole { Vec::new() } else { network.iter().chain(&answer).copied().collect() };
        for word in words.iter().chain(&more) {
            assert!(help.contains(word), "{command:?} --help lacks {word}:\n{help}");
        }
    }
    let root = shell.ok(&["--help"]);
    for word in ["repo", "auth", "api"] {
        assert!(root.lines().any(|line| line.trim_start().starts_with(word)), "--help lacks {word}");
    }
    assert!(shell.ok(&["completions", "bash"]).contains("add-to-git-credential"));
}
