//! The Python client as the judge, both ways: the scripts of `tests/oracle`, and what needs the library beside it.
//!
//! Its environment is made once, by `tests/oracle/setup.sh`. Where it can't be (no Python, no package index), these tests say
//! so and pass; in CI they fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use hfx::cache::{Cache, Lookup, assets};
use hfx::options::{Opt, Options};
use serde_json::{Value, json};

use crate::support::client::model;
use crate::support::{Lab, skip};

/// What the oracle's Python is, or why there is none.
static PYTHON: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Command::new(home.join("tests/oracle/setup.sh")).output().map_err(|e| e.to_string())?;
    if made.status.success() {
        return Ok(home.join("build/oracle-venv/bin/python"));
    }
    Err(String::from_utf8_lossy(&[made.stdout, made.stderr].concat()).trim().to_owned())
});

/// The Python, or a skip that people see.
pub fn python(test: &str) -> Option<&'static Path> {
    match &*PYTHON {
        Ok(path) => Some(path),
        Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("no Python oracle: {why}"),
        Err(why) => {
            skip(test, &format!("no Python oracle: {why}"));
            None
        }
    }
}

/// Runs `tests/oracle/{name}.py` with the Python client.
fn script(name: &str) {
    if let Some(python) = python(&format!("oracle::{name}")) {
        run(python, name);
    }
}

/// Runs `tests/oracle/{name}.py`, for which any Python will do.
fn plain(name: &str) {
    match Command::new("python3").arg("--version").output() {
        Ok(_) => run(Path::new("python3"), name),
        Err(why) => skip(&format!("oracle::{name}"), &format!("no python3: {why}")),
    }
}

/// Runs a script, which ends with 77 where it lacks a tool.
fn run(python: &Path, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle").join(name).with_extension("py");
    let ran =
        Command::new(python).arg("-B").arg(path).env("HFX", env!("CARGO_BIN_EXE_hfx")).output().unwrap();
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    if ran.status.code() == Some(77) {
        return skip(&format!("oracle::{name}"), said.trim());
    }
    assert!(ran.status.success(), "{name}.py ended with {}:\n{said}", ran.status);
}

/// Runs code in a Python that knows `given` and nothing but these variables; what its last line says, as JSON.
pub fn ask(python: &Path, code: &str, given: &Value, variables: &BTreeMap<String, String>) -> Value {
    let code = format!("import json, sys\ngiven = json.loads(sys.argv[1])\n{code}");
    let ran = Command::new(python)
        .args(["-B", "-c", &code, &given.to_string()])
        .env_clear()
        .envs(variables)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let last = said.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| {
        panic!("Python said {said:?} ({e}), and {}", String::from_utf8_lossy(&ran.stderr))
    })
}

pub fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn serve() {
    script("serve");
}

#[test]
fn write() {
    script("write");
}

#[test]
fn wire() {
    plain("wire");
}

#[test]
fn faults() {
    plain("faults");
}

#[test]
fn crowds() {
    plain("crowds");
}

#[test]
fn kill() {
    plain("kill");
}

#[test]
fn git() {
    plain("git");
}

#[test]
fn ours() {
    script("ours");
}

#[test]
fn pushed() {
    script("pushed");
}

#[test]
fn theirs() {
    script("theirs");
}

#[test]
fn evict() {
    script("evict");
}

#[test]
fn mirror() {
    script("mirror");
}

#[test]
fn race() {
    script("race");
}

/// The library's look-up has three answers; on Python's cache it gives Python's.
#[test]
fn lookup() {
    let Some(python) = python("oracle::lookup") else { return };
    let lab = Lab::with_file("deep/a b.txt", b"content");
    let code = "
from huggingface_hub import hf_hub_download, try_to_load_from_cache, _CACHED_NO_EXIST
from huggingface_hub.errors import RemoteEntryNotFoundError
hf_hub_download('o/n', 'deep/a b.txt')
try: hf_hub_download('o/n', 'none.txt')
except RemoteEntryNotFoundError: pass
def look(name, revision):
    found = try_to_load_from_cache('o/n', name, revision=revision)
    return 'missing' if found is _CACHED_NO_EXIST else found
print(json.dumps([look(name, revision) for name, revision in given]))";
    let questions = json!([
        ["deep/a b.txt", "main"],
        ["none.txt", "main"],
        ["other.txt", "main"],
        ["deep/a b.txt", "dev"],
        ["deep/a b.txt", "0123456789012345678901234567890123456789"],
    ]);
    let cache = lab.cache().to_str().unwrap();
    let known = variables(&[("HF_ENDPOINT", &lab.hub.endpoint), ("HF_HUB_CACHE", cache), ("HOME", cache)]);
    let theirs = ask(python, code, &questions, &known);
    assert_eq!(theirs[1], "missing", "{theirs}");
    lab.hub.forget();
    let client = lab.client(&[]);
    for (question, want) in questions.as_array().unwrap().iter().zip(theirs.as_array().unwrap()) {
        let (name, revision) = (question[0].as_str().unwrap(), question[1].as_str().unwrap());
        let got = match client.lookup(&model(), Some(revision), name, &Options::new()).unwrap() {
            Lookup::Found(path) => json!(path),
            Lookup::Missing => json!("missing"),
            Lookup::Unknown => Value::Null,
        };
        assert_eq!(&got, want, "{question}");
    }
    assert!(lab.hub.requests().is_empty());
    assert!(Cache::new(lab.cache(), true).commit_of(&model(), "main").is_some());
}

/// `assets_path` is `cached_assets_path`.
#[test]
fn assets_folders() {
    let Some(python) = python("oracle::assets_folders") else { return };
    let code = "
from huggingface_hub import cached_assets_path
def path(library, namespace, subfolder):
    more = {k: v for k, v in (('namespace', namespace), ('subfolder', subfolder)) if v is not None}
    return str(cached_assets_path(library, assets_dir=given[0], **more))
print(json.dumps([path(*names) for names in given[1]]))";
    let names = [
        ("datasets", Some("SQuAD"), Some("download")),
        ("datasets", None, Some("extracted")),
        ("datasets", Some("Helsinki-NLP/tatoeba_mt"), None),
        ("a library", Some("b\\c"), Some("d e/f")),
        ("ünï", Some("文"), None),
    ];
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let given = json!([theirs.path(), names]);
    let home = variables(&[("HOME", theirs.path().to_str().unwrap())]);
    let answers = ask(python, code, &given, &home);
    for (names, theirs_path) in names.iter().zip(answers.as_array().unwrap()) {
        let path = assets::assets_path(ours.path(), names.0, names.1, names.2).unwrap();
        let theirs_path = Path::new(theirs_path.as_str().unwrap()).strip_prefix(theirs.path()).unwrap();
        assert_eq!(path.strip_prefix(ours.path()).unwrap(), theirs_path, "{names:?}");
        assert!(path.is_dir());
    }
}

/// The environment means what it means to the Python client, for the library and in `hfx env`.
#[test]
fn environments() {
    let Some(python) = python("oracle::environments") else { return };
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_str().unwrap();
    for folder in [".cache/huggingface", "hf", "x/huggingface"] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        let token = format!("hf_of_{}\n", folder.replace(['/', '.'], "_"));
        std::fs::write(dir.path().join(folder).join("token"), token).unwrap();
    }
    std::fs::write(dir.path().join("own token"), " hf_own \r\n").unwrap();
    let at = |path: &str| format!("{home}/{path}");
    let (hf, x, own) = (at("hf"), at("x"), at("own token"));
    let environments: [&[(&str, &str)]; 14] = [
        &[],
        &[("HF_HOME", &hf)],
        &[("HF_HOME", "~/hf")],
        &[("HF_HOME", "$HOME/${UNSET}hf/$PART"), ("PART", "p")],
        &[("XDG_CACHE_HOME", &x)],
        &[
            ("HF_HOME", &hf),
            ("HF_HUB_CACHE", "/c"),
            ("HUGGINGFACE_HUB_CACHE", "/d"),
            ("HF_ASSETS_CACHE", "~/a"),
        ],
        &[("HUGGINGFACE_HUB_CACHE", "/d"), ("HUGGINGFACE_ASSETS_CACHE", "/e")],
        &[("HF_ENDPOINT", "http://mirror.example:8080/hf/"), ("HF_TOKEN", "hf_env")],
        &[("HF_TOKEN", " hf_env\n"), ("HUGGING_FACE_HUB_TOKEN", "hf_older"), ("HF_TOKEN_PATH", &own)],
        &[("HUGGING_FACE_HUB_TOKEN", "hf_older")],
        &[("HF_TOKEN_PATH", &own), ("HF_HUB_OFFLINE", "1")],
        &[
            ("HF_HUB_OFFLINE", "ON"),
            ("HF_HUB_DISABLE_SYMLINKS", "yes"),
            ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "true"),
        ],
        &[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1"), ("HF_HUB_DISABLE_SYMLINKS", "2")],
        &[("TRANSFORMERS_OFFLINE", "true"), ("HF_HUB_ETAG_TIMEOUT", "3"), ("HF_HUB_DOWNLOAD_TIMEOUT", "44")],
    ];
    let code = "
from huggingface_hub import constants as c, get_token
from huggingface_hub.utils import build_hf_headers
token = build_hf_headers().get('authorization', '').removeprefix('Bearer ') or None
print(json.dumps({
    'cache_dir': c.HF_HUB_CACHE, 'assets_dir': c.HF_ASSETS_CACHE, 'endpoint': c.ENDPOINT, 'token': token,
    'offline': c.HF_HUB_OFFLINE, 'symlinks': not c.HF_HUB_DISABLE_SYMLINKS,
    'head': c.HF_HUB_ETAG_TIMEOUT * 1000, 'stall': c.HF_HUB_DOWNLOAD_TIMEOUT * 1000,
}))";
    for pairs in environments {
        let mut set = variables(pairs);
        set.insert("HOME".to_owned(), home.to_owned());
        let theirs = ask(python, code, &Value::Null, &set);
        let options = Options::from_variables(&|name| set.get(name).cloned()).unwrap();
        let mut ours = json!({
            "cache_dir": options.text(Opt::CacheDir),
            "assets_dir": options.text(Opt::AssetsDir),
            "endpoint": options.text(Opt::Endpoint),
            "token": options.secret(Opt::Token).map(hfx::secret::Secret::expose),
            "offline": options.bool(Opt::Offline),
            "symlinks": options.bool(Opt::Symlinks),
            "head": theirs["head"],
            "stall": theirs["stall"],
        });
        // The defaults are our own.
        for (name, variable, id) in [
            ("head", "HF_HUB_ETAG_TIMEOUT", Opt::HeadTimeout),
            ("stall", "HF_HUB_DOWNLOAD_TIMEOUT", Opt::StallTimeout),
        ] {
            if set.contains_key(variable) {
                ours[name] = options.int(id).into();
            }
        }
        assert_eq!(ours, theirs, "{pairs:?}");

        let shown =
            Command::new(env!("CARGO_BIN_EXE_hfx")).arg("env").env_clear().envs(&set).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        for name in ["cache_dir", "assets_dir", "endpoint", "offline", "symlinks"] {
            let value = theirs[name].as_str().map_or_else(|| theirs[name].to_string(), ToOwned::to_owned);
            let line = shown.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
            assert!(line.contains(&format!(" {value} ")), "{name} is {value:?} in {line:?}, {pairs:?}");
        }
        assert!(!shown.contains("hf_o") && !shown.contains("hf_env"), "a token shows: {shown}");
    }
}
