//! The C ABI as C sees it: the header, the symbols, and C programs against the shared and the static library.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::support::{Hub, skip};

/// The programs of `tests/c` that make up `c_api`.
const SOURCES: &[&str] = &[
    "test",
    "api",
    "hostile",
    "callbacks",
    "control",
    "events",
    "threads",
    "fork",
    "guest",
    "memory",
    "upload",
    "repos",
    "growth",
];

/// What `c_api` can be asked to run.
const SCENARIOS: &[&str] = &[
    "api",
    "hostile",
    "callbacks",
    "control",
    "uploads",
    "events",
    "threads",
    "close_leaves_nothing",
    "forked",
    "guest",
    "memory_is_let_go",
    "repos",
    "cycles",
    "crowd",
    "small_stacks",
    "few_descriptors",
];

/// glibc keeps memory for each thread: to see what grows, it must not.
const NO_CACHES: [(&str, &str); 2] =
    [("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0"), ("MALLOC_ARENA_MAX", "1")];

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

#[derive(Clone, Copy, PartialEq)]
enum Link {
    Shared,
    Static,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where Cargo put the libraries that this test was built with.
fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    assert!(folder.join("libhfx.so").exists(), "no libhfx.so in {}", folder.display());
    folder
}

/// Whether a program can be run; says so where it can't.
fn have(program: &str, test: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    if !found {
        skip(test, &format!("no {program} here"));
    }
    found
}

fn succeed(command: &mut Command) -> Output {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        out.status.success(),
        "{command:?}: {}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    out
}

fn compile(compiler: &str, link: Link, sources: &[PathBuf], more: &[&str], to: &Path) {
    let mut command = Command::new(compiler);
    command.args(["-std=c11", "-D_GNU_SOURCE", "-g", "-O1"]).args(WARNINGS).args(more);
    command.arg("-I").arg(root().join("include")).args(sources).arg("-o").arg(to);
    match link {
        Link::Shared => {
            let folder = libraries();
            command.arg("-L").arg(&folder).arg("-lhfx");
            // Before LD_LIBRARY_PATH, which cargo sets and which may name an older build of the library.
            command.arg(format!("-Wl,--disable-new-dtags,-rpath,{}", folder.display()));
        }
        Link::Static => {
            command.arg(libraries().join("libhfx.a")).args(["-lm", "-ldl"]);
        }
    }
    succeed(command.arg("-pthread"));
}

/// `c_api`, built in that way.
fn build(compiler: &str, link: Link, more: &[&str], dir: &TempDir) -> PathBuf {
    let sources: Vec<_> = SOURCES.iter().map(|name| root().join(format!("tests/c/{name}.c"))).collect();
    let program = dir.path().join("c_api");
    compile(compiler, link, &sources, more, &program);
    program
}

/// The Hub that `test.h` describes.
fn hub() -> Hub {
    let hub = Hub::with(&["--token", "hf_c_tests", "--multipart-from", "1M", "--chunk-size", "512K"]);
    hub.put("models/acme/tiny/config.json", b"{\"model_type\": \"tiny\"}\n");
    hub.put("models/acme/tiny/sub/dir/note.txt", b"a note\n");
    hub.put("models/acme/tiny/empty.txt", b"");
    hub.put("models/acme/tiny/odd name [1]^|%41 \u{fc}.txt", b"odd\n");
    let big: Vec<u8> = (0..24_u64 << 20).map(|at| (at * 31 + (at >> 12) * 7 + (at >> 20)) as u8).collect();
    hub.put("models/acme/big/model.bin", &big);
    hub.put("models/acme/big/small.txt", b"s");
    for number in 0..50 {
        let letter = b'a' + number % 26;
        hub.put(&format!("models/acme/many/file_{number:02}.txt"), &vec![letter; 20_000]);
    }
    hub.put("models/acme/secret/secret.txt", b"psst\n");
    hub.put("models/acme/secret/.hfx/repo.json", br#"{"private": true}"#);
    hub.put("datasets/acme/rows/train.csv", b"a,b\n1,2\n");
    hub
}

/// Runs scenarios one after the other, each in a folder of its own; `before` is put before the program.
fn run(program: &Path, before: &[&str], scenarios: &[&str]) {
    // They measure time, and each takes all there is: one at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let hub = hub();
    for scenario in scenarios {
        let folder = tempfile::tempdir().unwrap();
        let words: Vec<_> = before.iter().map(Into::into).chain([program.as_os_str().to_owned()]).collect();
        let mut command = Command::new(&words[0]);
        // Cargo's comes before the rpath, and leads to the library of an older build.
        command.env_remove("LD_LIBRARY_PATH");
        if *scenario == "cycles" {
            command.envs(NO_CACHES);
        }
        command.args(&words[1..]).arg(&hub.endpoint).arg(folder.path()).arg(scenario);
        let out = succeed(&mut command);
        assert!(out.stdout.is_empty() && out.stderr.is_empty(), "{scenario} said {out:?}");
    }
}

fn programs(compiler: &str, link: Link, test: &str, scenarios: &[&str]) {
    if have(compiler, test) {
        let dir = tempfile::tempdir().unwrap();
        run(&build(compiler, link, &[], &dir), &[], scenarios);
    }
}

#[test]
fn c_programs_with_gcc_and_the_shared_library() {
    programs("gcc", Link::Shared, "c_programs_with_gcc_and_the_shared_library", SCENARIOS);
}

#[test]
fn c_programs_with_clang_and_the_static_library() {
    programs("clang", Link::Static, "c_programs_with_clang_and_the_static_library", SCENARIOS);
}

#[test]
fn c_programs_with_clang_and_the_shared_library() {
    let some = &["api", "events", "close_leaves_nothing"];
    programs("clang", Link::Shared, "c_programs_with_clang_and_the_shared_library", some);
}

#[test]
fn c_programs_with_gcc_and_the_static_library() {
    let some = &["api", "events", "forked"];
    programs("gcc", Link::Static, "c_programs_with_gcc_and_the_static_library", some);
}

/// Leaks of the library are seen too: it takes its memory from the same allocator.
#[test]
fn c_programs_leak_nothing_under_asan() {
    if have("gcc", "c_programs_leak_nothing_under_asan") {
        let dir = tempfile::tempdir().unwrap();
        let more = &["-fsanitize=address", "-fno-omit-frame-pointer"];
        run(&build("gcc", Link::Shared, more, &dir), &[], SCENARIOS);
    }
}

#[test]
fn c_programs_are_clean_under_valgrind() {
    const TEST: &str = "c_programs_are_clean_under_valgrind";
    if have("gcc", TEST) && have("valgrind", TEST) {
        let dir = tempfile::tempdir().unwrap();
        // What Rust's hash tables keep in statics is only "possibly" lost, by a pointer into its middle.
        let valgrind = &[
            "valgrind",
            "--quiet",
            "--leak-check=full",
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
            "--error-exitcode=9",
        ];
        // The others take minutes: `make sanitize` runs them.
        let all = std::env::var_os("HFX_TEST_VALGRIND").is_some();
        let some = ["api", "hostile", "uploads", "repos", "few_descriptors"];
        run(&build("gcc", Link::Shared, &[], &dir), valgrind, if all { &some } else { &some[..1] });
    }
}

/// A program that somebody has built in a way of their own: see tests/sanitize.sh.
#[test]
fn programs_that_were_built_elsewhere() {
    let words = |name: &str| std::env::var(name).unwrap_or_default();
    let (program, some) = (words("HFX_TEST_C_API"), words("HFX_TEST_C_SCENARIOS"));
    if !program.is_empty() {
        let some: Vec<&str> = some.split_whitespace().collect();
        run(Path::new(&program), &[], if some.is_empty() { SCENARIOS } else { &some });
    }
}

/// A plug-in that brings the library and takes it away again, 100 times.
#[test]
fn the_library_is_loaded_and_unloaded() {
    if !have("gcc", "the_library_is_loaded_and_unloaded") {
        return;
    }
    let (hub, dir) = (hub(), tempfile::tempdir().unwrap());
    let program = dir.path().join("unload");
    let mut command = Command::new("gcc");
    command.args(["-std=c11", "-D_GNU_SOURCE", "-g"]).args(WARNINGS).arg("-I").arg(root().join("include"));
    succeed(command.arg(root().join("tests/c/unload.c")).arg("-o").arg(&program).arg("-ldl"));
    let mut command = Command::new(program);
    let cache = dir.path().join("cache");
    command.envs(NO_CACHES);
    let out = succeed(command.arg(libraries().join("libhfx.so")).arg(&hub.endpoint).arg(cache));
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.starts_with("100 lives: 0 threads, 0 descriptors"), "{told}");
}

/// What people are shown first must work.
#[test]
fn the_examples_run() {
    if !have("gcc", "the_examples_run") {
        return;
    }
    let hub = hub();
    let header = br#"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   "#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header);
    file.extend_from_slice(&[0x42, 7]);
    hub.put("models/acme/tensors/model.safetensors", &file);
    let home = tempfile::tempdir().unwrap();
    let example = |name: &str, arguments: &[&str]| {
        let program = home.path().join(name);
        let source = root().join(format!("bindings/c/examples/{name}.c"));
        compile("gcc", Link::Shared, &[source], &[], &program);
        let mut command = Command::new(program);
        command.args(arguments).env("HF_ENDPOINT", &hub.endpoint).env("HF_HOME", home.path());
        command.env("HF_TOKEN", "hf_c_tests").env_remove("LD_LIBRARY_PATH");
        String::from_utf8(succeed(&mut command).stdout).unwrap()
    };
    let path = example("download", &["acme/tiny", "config.json"]);
    assert_eq!(fs::read(path.trim()).unwrap(), b"{\"model_type\": \"tiny\"}\n");
    let path = example("progress", &["acme/big"]);
    assert!(Path::new(path.trim()).join("model.bin").exists(), "{path}");
    let paths = example("poll", &["acme/many", "file_01.txt", "file_02.txt", "file_03.txt"]);
    assert_eq!(paths.lines().filter(|path| Path::new(path).exists()).count(), 3, "{paths}");
    let text = example("read_header", &["acme/tensors", "model.safetensors"]);
    assert_eq!(text.trim_end().as_bytes(), header.trim_ascii_end());
    for _ in 0..2 {
        let text = example("repository", &["local/example", "v1"]);
        assert!(text.starts_with(&format!("{}/local/example\nlocal\n[", hub.endpoint)), "{text}");
    }
    let out = home.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("a.txt"), "a").unwrap();
    let url = example("upload", &["local/example", out.to_str().unwrap()]);
    assert!(url.starts_with(&format!("{}/local/example/commit/", hub.endpoint)), "{url}");
    assert_eq!(example("upload", &["local/example", out.to_str().unwrap()]), url, "nothing had changed");
    let url = example("commit", &["local/example", "2"]);
    assert!(url.starts_with(&format!("{}/local/example/commit/", hub.endpoint)), "{url}");
    let path = example("download", &["local/example", "shard-2-of-2.bin"]);
    assert_eq!(fs::metadata(path.trim()).unwrap().len(), 12 << 20);
    let text = example("map", &["acme/tensors", "model.safetensors"]);
    assert!(text.starts_with(&format!("{} bytes at ", file.len())), "{text}");
}

#[test]
fn the_header_stands_alone() {
    let source = root().join("tests/c/header.c");
    for (compiler, language) in [("gcc", "c99"), ("clang", "c99"), ("g++", "c++17"), ("clang++", "c++17")] {
        if have(compiler, "the_header_stands_alone") {
            let kind = if language.starts_with("c++") { "c++" } else { "c" };
            let mut command = Command::new(compiler);
            command.args([&format!("-std={language}"), "-x", kind, "-fsyntax-only"]).args(WARNINGS);
            succeed(command.arg("-I").arg(root().join("include")).arg(&source));
        }
    }
}

#[test]
fn the_header_is_what_the_source_says() {
    let own = root().join("build/tools/bin/cbindgen");
    let cbindgen = if own.exists() { own } else { PathBuf::from("cbindgen") };
    if !have(cbindgen.to_str().unwrap(), "the_header_is_what_the_source_says") {
        return;
    }
    let version = succeed(Command::new(&cbindgen).arg("--version")).stdout;
    let wanted = fs::read_to_string(root().join("Makefile")).unwrap();
    let wanted = wanted.lines().find_map(|line| line.strip_prefix("CBINDGEN_VERSION := ")).unwrap();
    if !String::from_utf8_lossy(&version).contains(wanted) {
        skip("the_header_is_what_the_source_says", "cbindgen of another version");
        return;
    }
    let mut command = Command::new(cbindgen);
    command.current_dir(root()).args(["--config", "include/cbindgen.toml", "--quiet", "src/ffi/mod.rs"]);
    let made = String::from_utf8(succeed(&mut command).stdout).unwrap();
    let kept = fs::read_to_string(root().join("include/hfx.h")).unwrap();
    assert!(made == kept, "include/hfx.h is not what src/ffi says: run `make header`");
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(root().join("include/hfx.h")).unwrap();
    let code = header.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with('*') && !line.starts_with("typedef")
    });
    let code = code.collect::<Vec<_>>().join("\n");
    let names = code.match_indices("hfx_").filter_map(|(start, _)| {
        let name: String =
            code[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        code[start + name.len()..].starts_with('(').then_some(name)
    });
    names.collect()
}

/// The symbols of an object that `nm` lists with these flags.
fn symbols(flags: &[&str], object: &Path) -> BTreeSet<String> {
    let out = succeed(Command::new("nm").args(flags).arg(object)).stdout;
    let text = String::from_utf8(out).unwrap();
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names.map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect()
}

/// Once a symbol has shipped it stays: the ledger says which there are and since when.
#[test]
fn header_ledger_and_library_have_the_same_symbols() {
    let ledger = fs::read_to_string(root().join("include/hfx.symbols")).unwrap();
    let number =
        |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let mut known = BTreeSet::new();
    for line in ledger.lines() {
        let (name, version) = line.split_once(' ').unwrap_or_else(|| panic!("not `name version`: {line}"));
        assert!(number(version) <= number(env!("CARGO_PKG_VERSION")), "{line} is from the future");
        assert!(known.insert(name.to_owned()), "{name} is there twice");
    }
    assert!(ledger.lines().is_sorted(), "include/hfx.symbols is not sorted");
    let declared = declared();
    let missing: Vec<_> = declared.difference(&known).collect();
    let gone: Vec<_> = known.difference(&declared).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "include/hfx.symbols lacks {missing:?}, and the header lacks {gone:?}"
    );
    if have("nm", "header_ledger_and_library_have_the_same_symbols") {
        let exported = symbols(&["--dynamic", "--defined-only"], &libraries().join("libhfx.so"));
        assert_eq!(exported, known, "libhfx.so exports what the ledger says, and nothing else");
    }
}

/// Beside `hfx_*`: names that carry Rust's hash or aws-lc's version, and the compiler's own, which libgcc has as well. So
/// it clashes with nothing but another copy of itself or of the same Rust (bindings/README.md says what to do then).
#[test]
fn the_static_library_keeps_to_its_names() {
    if have("nm", "the_static_library_keeps_to_its_names") {
        let known = ["hfx_", "_R", "_ZN", "aws_lc_", "__", "mldsa_", "sha3_keccak", "anon."];
        let library = libraries().join("libhfx.a");
        let out = succeed(Command::new("nm").args(["--defined-only", "--extern-only"]).arg(library)).stdout;
        let text = String::from_utf8_lossy(&out);
        // "address kind name"; of the kind V any number may be defined.
        let all = text.lines().filter_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            [_, kind, name] if kind.len() == 1 && !kind.eq_ignore_ascii_case("v") => Some(name),
            _ => None,
        });
        let all: BTreeSet<_> = all.collect();
        let strange: Vec<_> =
            all.iter().filter(|name| !known.iter().any(|known| name.starts_with(known))).collect();
        assert!(all.len() > 1000 && strange.is_empty(), "libhfx.a defines {strange:?}");
    }
}

/// The macros of the header.
fn macros() -> Vec<String> {
    let header = fs::read_to_string(root().join("include/hfx.h")).unwrap();
    let macros = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    macros.map(|(name, _)| name.to_owned()).filter(|name| name.starts_with("HFX_")).collect()
}

/// Options and statuses by their names, which the library tells; all others are met in the C programs.
#[test]
fn every_macro_is_tested() {
    const TEST: &str = "every_macro_is_tested";
    if !have("gcc", TEST) {
        return;
    }
    let programs = SOURCES.iter().filter(|name| **name != "hostile");
    let text: String =
        programs.map(|name| fs::read_to_string(root().join(format!("tests/c/{name}.c"))).unwrap()).collect();
    let words: BTreeSet<_> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let mut checks = Vec::new();
    let mut unmet = Vec::new();
    for name in macros() {
        if let Some(option) = name.strip_prefix("HFX_OPT_") {
            let option = option.to_lowercase();
            checks.push(format!(
                "if (hfx_option_id(hfx_option_by_name(\"{option}\")) != {name}) return {name};\n"
            ));
        } else if let Some(status) = name.strip_prefix("HFX_E_") {
            checks.push(format!("if (strcmp(hfx_status_name({name}), \"{status}\")) return {name};\n"));
        } else if !words.contains(name.as_str()) {
            unmet.push(name);
        }
    }
    assert!(unmet.is_empty(), "no C test uses {unmet:?}");
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("macros.c"), dir.path().join("macros"));
    fs::write(
        &source,
        format!(
            "#include <hfx.h>\n#include <string.h>\nint main(void) {{\n{}return 0;\n}}\n",
            checks.concat()
        ),
    )
    .unwrap();
    compile("gcc", Link::Shared, &[source], &[], &program);
    succeed(Command::new(program).env_remove("LD_LIBRARY_PATH"));
}

/// `include/hfx.abi` holds what programs rely on; `make abi-update` writes it anew, when that is meant.
#[test]
fn an_incompatible_change_is_seen() {
    const TEST: &str = "an_incompatible_change_is_seen";
    if !have("gcc", TEST) || !have("abidiff", TEST) {
        return;
    }
    let header = fs::read_to_string(root().join("include/hfx.h")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.h");
    let compatible = |from: &str, to: &str| {
        assert!(header.contains(from), "the header has no {from:?}");
        fs::write(&other, header.replacen(from, to, 1)).unwrap();
        Command::new(root().join("tests/c/abi.sh")).arg(&other).output().unwrap().status.success()
    };
    succeed(Command::new(root().join("tests/c/abi.sh")).arg("include/hfx.h"));
    let cancel = "void hfx_job_cancel(const hfx_job *job);";
    assert!(
        compatible(cancel, &format!("{cancel}\nvoid hfx_new(void);\n#define HFX_E_NEW 99")),
        "new is fine"
    );
    assert!(!compatible(cancel, ""), "a function is gone");
    assert!(!compatible("int64_t timeout_ms", "int32_t timeout_ms"), "a parameter is narrower");
    assert!(
        !compatible("const hfx_job *job, const hfx_progress", "const hfx_progress"),
        "a callback has lost one"
    );
    assert!(!compatible("    uint64_t files_done;", "    uint32_t files_done;"), "a field is narrower");
    assert!(
        !compatible("#define HFX_E_CANCELLED 2\n", "#define HFX_E_CANCELLED 12\n"),
        "a number has changed"
    );
    assert!(!compatible("#define HFX_E_CANCELLED 2\n", ""), "a macro is gone");
}

#[test]
fn every_function_is_called_by_a_c_program() {
    const TEST: &str = "every_function_is_called_by_a_c_program";
    if have("gcc", TEST) && have("nm", TEST) {
        let dir = tempfile::tempdir().unwrap();
        let mut called = BTreeSet::new();
        // Those that are meant to go well; the hostile caller calls everything.
        for name in SOURCES.iter().filter(|name| **name != "hostile") {
            let object = dir.path().join(format!("{name}.o"));
            let mut command = Command::new("gcc");
            command.args(["-std=c11", "-D_GNU_SOURCE", "-c"]).arg("-I").arg(root().join("include"));
            succeed(command.arg(root().join(format!("tests/c/{name}.c"))).arg("-o").arg(&object));
            called.extend(symbols(&["--undefined-only"], &object));
        }
        let uncalled: Vec<_> = declared().into_iter().filter(|name| !called.contains(name)).collect();
        assert!(uncalled.is_empty(), "no C test calls {uncalled:?}");
    }
}

/// The library is a guest: it takes over no signal, prints nothing, and changes no variable. (That it reads none but
/// when asked, `tests/c/test.c` sees.)
#[test]
fn the_library_keeps_off_the_process() {
    if have("nm", "the_library_keeps_off_the_process") {
        let wanted = symbols(&["--dynamic", "--undefined-only"], &libraries().join("libhfx.so"));
        for name in
            ["signal", "sigaction", "atexit", "setenv", "putenv", "unsetenv", "printf", "puts", "exit"]
        {
            assert!(!wanted.contains(name), "libhfx.so imports {name}");
        }
    }
}

/// What `make demo` compiles, without warnings.
#[test]
fn the_demo_compiles() {
    if have("gcc", "the_demo_compiles") {
        let dir = tempfile::tempdir().unwrap();
        for name in ["demo", "demo_model"] {
            let source = root().join(format!("tests/c/{name}.c"));
            compile("gcc", Link::Shared, &[source], &[], &dir.path().join(name));
        }
    }
}
