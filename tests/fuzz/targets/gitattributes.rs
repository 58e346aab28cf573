//! `.gitattributes` and `.gitignore` of the local Hub: the rules, a NUL, then paths to try them on.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../src/bin/hfx/serve/attributes.rs"]
mod attributes;
#[path = "../../../src/bin/hfx/serve/glob.rs"]
mod glob;
#[path = "../../../src/bin/hfx/serve/ignore.rs"]
mod ignore;

fuzz_target!(|data: &[u8]| {
    // Few and short ones: each match may burn all of its fuel.
    let text = String::from_utf8_lossy(&data[..data.len().min(512)]);
    let (rules, paths) = text.split_once('\0').unwrap_or((&text, "model.bin"));
    let (attributes, ignore) = (attributes::Attributes::parse(rules), ignore::Ignore::parse(rules));
    for path in paths.lines().take(4) {
        let _ = (attributes.is_lfs(path), ignore.takes(path));
    }
    for line in rules.lines().take(4) {
        assert!(glob::matches("**", line, glob::Slash::Stops));
        assert!(!line.is_empty() || !glob::matches("?", line, glob::Slash::Passes));
    }
});
