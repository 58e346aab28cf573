//! The map of the house: which room may use which. Arrows point down only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Values and the runtime: everybody may use them, and they use only each other and what is named here.
const VALUES: &[&str] =
    &["cancel", "digest", "error", "event", "log", "options", "pattern", "repo", "runtime", "secret"];

/// Each room with the rooms below it (besides the values).
const ROOMS: &[(&str, &[&str])] = &[
    ("sys", &[]),
    ("net", &[]),
    ("transfer", &["net", "sys"]),
    ("cache", &["sys"]),
    ("hub", &["net"]),
    ("client", &["hub", "cache", "transfer", "net", "sys"]),
    ("ffi", &["client", "cache", "hub", "sys"]),
];

/// Files that know neither tokio nor the file system.
const PURE: &[&str] = &[
    "transfer/plan.rs",
    "transfer/window.rs",
    "net/classify.rs",
    "net/retry.rs",
    "net/redirect.rs",
    "net/url.rs",
    "cache/layout.rs",
    "cache/tree.rs",
    "pattern.rs",
    "repo.rs",
];

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (file, uses) in uses() {
        let room = room_of(&file);
        let below = ROOMS.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, below)| below);
        for used in uses {
            let value = VALUES.contains(&used.as_str());
            // The digest is a value over the platform's hash.
            let digest = room == "digest" && used == "sys";
            if used != room && !value && !digest && !below.contains(&used.as_str()) {
                wrong.push(format!("{file} uses crate::{used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "against the map:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_on_the_map() {
    let rooms: BTreeSet<String> = uses().keys().map(|file| room_of(file).to_owned()).collect();
    for room in rooms {
        let known =
            room == "lib" || VALUES.contains(&room.as_str()) || ROOMS.iter().any(|(name, _)| *name == room);
        assert!(known, "src/{room} is not on the map");
    }
}

#[test]
fn the_tool_uses_the_library_by_its_front_door() {
    for file in sources(&root().join("src/bin")) {
        let text = fs::read_to_string(&file).unwrap();
        for inner in ["hfx::net::", "hfx::transfer::", "hfx::ffi::"] {
            assert!(!text.contains(inner), "{} uses {inner}", file.display());
        }
    }
}

#[test]
fn unsafe_code_has_its_two_places() {
    let source = root().join("src");
    for file in sources(&source) {
        let name = file.strip_prefix(&source).unwrap();
        let home = name.starts_with("sys") || name == Path::new("ffi/convert.rs");
        let text = fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|_| !home) {
            let made = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait"]
                .into_iter()
                .find(|word| line.contains(word));
            assert!(made.is_none(), "{}: {line}", name.display());
        }
    }
}

#[test]
fn pure_files_are_pure() {
    for name in PURE {
        let text =
            fs::read_to_string(root().join("src").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let code = text.split("#[cfg(test)]").next().unwrap();
        for impure in ["tokio", "std::fs", "std::env", "SystemTime::now", "Instant::now"] {
            assert!(!code.contains(impure), "{name} uses {impure}");
        }
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for file in sources(&root().join("src")) {
        let name = file.strip_prefix(root().join("src")).unwrap().to_owned();
        if name.starts_with("bin") || name == Path::new("options/env.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for call in ["env::var", "env::vars", "env::temp_dir", "env::home_dir"] {
            assert!(!text.contains(call), "{} reads the environment", name.display());
        }
        for print in ["println!", "eprintln!", "dbg!("] {
            assert!(!text.contains(print), "{} prints", name.display());
        }
    }
}

/// The `crate::` names that each library file uses.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let source = root().join("src");
    let mut all = BTreeMap::new();
    for file in sources(&source) {
        let name = file.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        if name.starts_with("bin/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let mut used = BTreeSet::new();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for after in line.split("crate::").skip(1) {
                let word: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !word.is_empty() {
                    used.insert(word);
                } else if let Some(list) = after.strip_prefix('{') {
                    used.extend(
                        list.split(['}', ',']).map(|w| w.trim().split("::").next().unwrap().to_owned()),
                    );
                }
            }
        }
        used.remove("");
        all.insert(name, used);
    }
    assert!(all.len() > 30, "the sources were not found");
    all
}

fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
