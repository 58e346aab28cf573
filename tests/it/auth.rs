//! `hfx auth`: tokens where the Python client keeps them, for their owner's eyes only, and never on a screen.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cli::{Ran, Shell, ran};
use crate::oracle::{ask, python, variables};
use crate::support::{Hub, skip};

const TOKEN: &str = "hf_abcdefghijklmnopqrstuvwxyz0123";

fn shell(tokens: &[&str]) -> Shell {
    let mut shell = Shell::new();
    let arguments: Vec<&str> = tokens.iter().flat_map(|token| ["--token", *token]).collect();
    shell.hub = Hub::with(&arguments);
    shell
}

/// Runs it with this on stdin.
fn piped(shell: &Shell, line: &[&str], text: &str) -> Ran {
    let file = PathBuf::from(shell.path("stdin"));
    fs::write(&file, text).unwrap();
    ran(shell.command(line).stdin(fs::File::open(&file).unwrap()))
}

fn read(shell: &Shell, name: &str) -> Option<String> {
    fs::read_to_string(shell.path(name)).ok()
}

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

#[test]
fn a_login_is_kept_and_used() {
    let shell = shell(&[TOKEN, "hf_other:read"]);
    shell.hub.put("models/o/n/a.txt", b"a");
    shell.hub.put("models/o/n/.hfx/repo.json", br#"{"private": true}"#);
    let said = shell.fails(4, &["auth", "whoami"]);
    assert!(said.contains("hfx auth login"), "{said}");
    assert!(shell.hub.requests().is_empty());

    let login = shell.run(&["auth", "login", "--token", TOKEN]);
    assert!(
        login.code == 0 && login.err.contains("logged in as local") && login.err.contains("write"),
        "{login:?}"
    );
    assert_eq!(read(&shell, "token").as_deref(), Some(TOKEN));
    assert_eq!(read(&shell, "stored_tokens"), Some(format!("[local]\nhf_token = {TOKEN}\n\n")));
    for name in ["token", "stored_tokens"] {
        let mode = fs::metadata(shell.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(shell.ok(&["auth", "whoami"]), "local\n");
    assert_eq!(
        object(&shell.ok(&["auth", "whoami", "--json"])),
        json!({"user": "local", "orgs": [], "endpoint": shell.hub.endpoint, "token_name": "local", "role": "write"})
    );
    shell.ok(&["download", "o/n", "-q"]);
    assert!(shell.ok(&["env"]).contains("token file"));

    // Logged in already; with another token, or asked for, it goes on.
    let again = piped(&shell, &["auth", "login"], "");
    assert!(again.code == 0 && again.err.contains("--force"), "{again:?}");
    let other = piped(&shell, &["auth", "login", "--json"], "hf_other\n");
    let told = object(&other.out);
    assert_eq!(
        (&told["user"], &told["role"], &told["environment_wins"]),
        (&json!("local"), &json!("read"), &json!(false))
    );
    assert_eq!(read(&shell, "token").as_deref(), Some("hf_other"));

    assert_eq!(shell.ok(&["auth", "logout", "-q"]), "");
    assert_eq!((read(&shell, "token"), read(&shell, "stored_tokens")), (None, None));
    let nothing = shell.run(&["auth", "logout"]);
    assert!(nothing.code == 0 && nothing.err.contains("no token was stored"), "{nothing:?}");
}

#[test]
fn a_token_that_is_none_is_not_kept() {
    let shell = shell(&[TOKEN]);
    let wrong = shell.fails(4, &["auth", "login", "--token", "hf_wrong"]);
    assert!(wrong.contains("/settings/tokens"), "{wrong}");
    shell.hub.forget();
    shell.fails(2, &["auth", "login", "--token", "api_org_x"]);
    shell.fails(2, &["auth", "login", "--token", " "]);
    assert_eq!(piped(&shell, &["auth", "login"], "\n").code, 2);
    assert_eq!(piped(&shell, &["auth", "login"], "two\u{7}words\n").code, 2);
    assert!(shell.hub.requests().is_empty());
    let nobody = ["--endpoint", "http://127.0.0.1:1", "-o", "retry_timeout_ms=100"];
    shell.fails(5, &[&["auth", "login", "--token", TOKEN][..], &nobody].concat());
    assert_eq!((read(&shell, "token"), read(&shell, "stored_tokens")), (None, None));

    // What can't be read is no reason to write over it.
    fs::write(shell.path("stored_tokens"), "what is this").unwrap();
    let said = shell.fails(6, &["auth", "login", "--token", TOKEN]);
    assert!(said.contains("stored_tokens: line 1"), "{said}");
    shell.fails(6, &["auth", "list"]);
    assert_eq!(
        (read(&shell, "token"), read(&shell, "stored_tokens").as_deref()),
        (None, Some("what is this"))
    );
}

#[test]
fn stored_tokens_are_listed_switched_and_dropped() {
    let shell = shell(&["hf_one", "hf_two"]);
    let stored = "[browser]\nhf_token = hf_one\nrefresh_token = hf_refresh\nexpires_at = 4102444800\n\n[work place]\nhf_token = hf_two\n\n";
    fs::write(shell.path("stored_tokens"), stored).unwrap();
    let list = shell.run(&["auth", "ls"]);
    assert!(
        list.out.contains("browser") && list.out.contains("work place") && !list.out.contains('*'),
        "{list:?}"
    );
    assert!(list.err.contains("auth switch"), "{list:?}");
    shell.ok(&["auth", "switch", "--token-name", "work place"]);
    assert_eq!(read(&shell, "token").as_deref(), Some("hf_two"));
    assert_eq!(
        object(&shell.ok(&["auth", "list", "--json"])),
        json!({"environment": null, "tokens": [
            {"name": "browser", "active": false, "expires_at": 4_102_444_800_u64},
            {"name": "work place", "active": true, "expires_at": null},
        ]})
    );
    assert_eq!(shell.ok(&["auth", "list", "-q"]), "browser\nwork place\n");
    shell.fails(3, &["auth", "switch", "--token-name", "none"]);
    shell.fails(2, &["auth", "switch"]);
    shell.fails(3, &["auth", "logout", "--token-name", "none"]);
    let gone = shell.run(&["auth", "logout", "--token-name", "work place"]);
    assert!(gone.code == 0 && gone.err.contains("it was the one in use"), "{gone:?}");
    assert_eq!(read(&shell, "token"), None);
    let kept = read(&shell, "stored_tokens").unwrap();
    assert_eq!(kept, stored.split("[work").next().unwrap());
}

#[test]
fn the_environment_comes_first_and_that_is_said() {
    let shell = shell(&["hf_one", "hf_two"]);
    let with = |line: &[&str]| ran(shell.command(line).env("HF_TOKEN", "hf_two"));
    let login = with(&["auth", "login", "--token", "hf_one"]);
    assert!(login.code == 0 && login.err.contains("HF_TOKEN is set to another token"), "{login:?}");
    let login = object(&with(&["auth", "login", "--token", "hf_one", "--json"]).out);
    assert_eq!(login["environment_wins"], true);
    assert_eq!(read(&shell, "token").as_deref(), Some("hf_one"));
    let list = with(&["auth", "list"]);
    assert!(!list.out.contains('*') && list.err.contains("HF_TOKEN"), "{list:?}");
    let switch = with(&["auth", "switch", "--token-name", "local"]);
    assert!(switch.code == 0 && switch.err.contains("HF_TOKEN"), "{switch:?}");
    let logout = with(&["auth", "logout"]);
    assert!(logout.code == 0 && logout.err.contains("HF_TOKEN is set, and still logs you in"), "{logout:?}");

    let elsewhere = shell.path("secrets/mine");
    let moved = ran(shell.command(&["auth", "login", "--token", "hf_one"]).env("HF_TOKEN_PATH", &elsewhere));
    assert_eq!(moved.code, 0, "{moved:?}");
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "hf_one");
    assert!(Path::new(&shell.path("secrets/stored_tokens")).exists() && read(&shell, "token").is_none());
    let mode = fs::metadata(shell.path("secrets")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn what_is_typed_is_not_shown() {
    let trial = Command::new("script").args(["-qec", "true", "/dev/null"]).stdin(Stdio::null()).output();
    if !trial.is_ok_and(|trial| trial.status.success()) {
        return skip("auth::what_is_typed_is_not_shown", "no script(1) to make a terminal");
    }
    let shell = shell(&[TOKEN]);
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{} auth login; stty -a", env!("CARGO_BIN_EXE_hfx")), "/dev/null"]);
    script.env("HF_HOME", shell.home.path()).env("HF_ENDPOINT", &shell.hub.endpoint).env_remove("HF_TOKEN");
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut byte) = (Vec::new(), [0]);
    while !shown.ends_with(b"not shown): ") {
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    keyboard.write_all(format!("{TOKEN}\n").as_bytes()).unwrap();
    screen.read_to_end(&mut shown).unwrap();
    drop(keyboard);
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("logged in as local") && !shown.contains("hf_abc"), "{shown}");
    assert!(shown.contains(" echo ") && !shown.contains("-echo "), "the terminal is as it was: {shown}");
    assert_eq!(read(&shell, "token").as_deref(), Some(TOKEN));
}

#[test]
fn git_is_given_the_token_when_asked() {
    if !Command::new("git").arg("--version").output().is_ok_and(|out| out.status.success()) {
        return skip("auth::git_is_given_the_token_when_asked", "no git");
    }
    let shell = shell(&[TOKEN]);
    let line = ["auth", "login", "--token", TOKEN, "--add-to-git-credential"];
    let none = shell.run(&line);
    assert!(none.code == 0 && none.err.contains("credential.helper store"), "{none:?}");
    fs::write(shell.path(".gitconfig"), "[credential]\n\thelper = store\n").unwrap();
    let told = object(&shell.ok(&[&line[..], &["--json"]].concat()));
    assert_eq!(told["git_credential"], true);
    let kept = read(&shell, ".git-credentials").unwrap();
    assert!(kept.starts_with(&format!("http://hf_user:{TOKEN}@127.0.0.1")), "{kept}");
    shell.ok(&["auth", "logout"]);
    assert_eq!(read(&shell, ".git-credentials").as_deref(), Some(""));
}

#[test]
fn no_token_is_ever_shown() {
    let shell = shell(&[TOKEN]);
    let mut all = String::new();
    for line in [
        &["auth", "login", "--token", TOKEN][..],
        &["auth", "login", "--token", TOKEN, "--json"],
        &["auth", "list"],
        &["auth", "list", "--json"],
        &["auth", "whoami", "--json"],
        &["auth", "switch", "--token-name", "local"],
        &["repo", "create", "o/n", "--json"],
        &["repo", "create", "o/n", "--json"],
        &["repo", "delete", "o/none", "-y", "--token", TOKEN],
        &["api", "GET", "/api/none", "--token", TOKEN],
        &["api", "GET", "/api/whoami-v2"],
        &["auth", "whoami", "--token", "hf_abcdefghijk"],
        &["auth", "login", "--token", "hf_abcdefghijk"],
        &["auth", "logout"],
        &["env"],
    ] {
        let ran = shell.run(line);
        all.extend([&*ran.out, "\n", &*ran.err, "\n"]);
    }
    assert!(!all.contains("hf_abc"), "{all}");
}

/// What one tool writes, the other reads, to the byte.
#[test]
fn python_keeps_the_same_tokens() {
    let Some(python) = python("auth::python_keeps_the_same_tokens") else { return };
    let shell = shell(&["hf_one", "hf_two"]);
    let home = shell.home.path().to_str().unwrap();
    let set: BTreeMap<String, String> = variables(&[
        ("HF_HOME", home),
        ("HOME", home),
        ("HF_ENDPOINT", &shell.hub.endpoint),
        ("PATH", &std::env::var("PATH").unwrap_or_default()),
    ]);
    let ask = |code: &str, given: Value| ask(python, code, &given, &set);

    shell.ok(&["auth", "login", "--token", "hf_one"]);
    let code = "
from huggingface_hub import get_token
from huggingface_hub.utils import get_stored_tokens
print(json.dumps([get_token(), get_stored_tokens()]))";
    assert_eq!(ask(code, Value::Null), json!(["hf_one", {"local": "hf_one"}]));

    // The same tokens, written by it.
    let ours = read(&shell, "stored_tokens").unwrap();
    let code = "
from pathlib import Path
from huggingface_hub import constants, login, auth_switch
from huggingface_hub.utils._auth import _save_token
Path(constants.HF_STORED_TOKENS_PATH).unlink()
login(token='hf_one')
same = Path(constants.HF_STORED_TOKENS_PATH).read_text()
_save_token('hf_two', 'Arbeit: 50% ]=#; \u{e9}', refresh_token='r', expires_at=4102444800)
_save_token('hf_%(x)s', 'odd')
auth_switch('Arbeit: 50% ]=#; \u{e9}')
print(json.dumps(same))";
    assert_eq!(ask(code, Value::Null), json!(ours));
    let theirs = read(&shell, "stored_tokens").unwrap();
    let listed = object(&shell.ok(&["auth", "list", "--json"]));
    let odd = "Arbeit: 50% ]=#; \u{e9}";
    assert_eq!(
        listed["tokens"],
        json!([
            {"name": odd, "active": true, "expires_at": 4_102_444_800_u64},
            {"name": "local", "active": false, "expires_at": null},
            {"name": "odd", "active": false, "expires_at": null},
        ])
    );
    // Written again by us, it is the same to the byte.
    shell.ok(&["auth", "login", "--token", "hf_one"]);
    assert_eq!(read(&shell, "stored_tokens"), Some(theirs));
    shell.ok(&["auth", "switch", "--token-name", odd]);
    shell.ok(&["auth", "logout", "--token-name", "local"]);
    let code = "
from huggingface_hub import get_token, whoami
from huggingface_hub.utils import get_stored_tokens
from huggingface_hub.utils._auth import _read_stored_tokens_full
print(json.dumps([get_token(), whoami()['name'], get_stored_tokens(), _read_stored_tokens_full()[given]['refresh_token']]))";
    assert_eq!(ask(code, json!(odd)), json!(["hf_two", "local", {odd: "hf_two", "odd": "hf_%(x)s"}, "r"]));
}
