#!/usr/bin/env python3
"""Which of the library's functions the tests of each binding reach: makes bindings/conformance.md.

    conformance.py [--library FOLDER] [--accept] [BINDING...]

Runs the tests of the bindings (all, or those named) against a libhfx.so that notes each function that is called and
goes on into the real one, which is in FOLDER with libhfx.a and hfx (default: target/release). Bindings that are not
named keep their columns, and so does one whose tests fail, or do not reach what they reached before or what is new in
the ledger (`--accept` accepts that): that is an error. Linux on x86_64.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TABLE = HERE / "conformance.md"
SYMBOLS = [line.split()[0] for line in (ROOT / "include" / "hfx.symbols").read_text().splitlines()]
# Reached in a child of fork(), where nothing of the parent may be used.
FORKED = "fork"
BINDINGS = ["C", "C++", "Go", "Swift", "Python"]
TITLE = "# What the tests of each binding reach\n"

# Each capability, and what it takes in C: each symbol of the ledger is of the first that matches.
CAPABILITIES = [
    ("Version, and the check of library and header", r"version_|status_name"),
    ("Errors: what, on what, why", r"error_"),
    ("Options set by type, read, copied", r"options_(new|free|clone|get|unset|set_(bool|int|strings?))$"),
    ("Options by name, from the environment, from variables", r"options_(set_by_name|unset_by_name|from_)"),
    ("Introspection of options", r"option_"),
    ("Log", r"options_set_log_fn"),
    ("Repositories by name and by address", r"repo_"),
    ("Open and close a client", r"client_(open|close|free)$"),
    ("Limits of a running client", r"client_set_"),
    ("One descriptor for event loops", r"client_(event_fd|next_job)"),
    ("Wait, poll, how a job ended", r"job_(wait|poll|check|free|id)$"),
    ("Completion callbacks", r"options_set_done_fn|job_on_done|job_clone"),
    ("Cancel, pause, resume", r"job_(cancel|pause|resume)"),
    ("Progress: callback, sums, each file", r"options_set_progress_fn|job_progress|progress_"),
    ("Download of a file", r"client_download_file|job_take_file|file_(?!error)"),
    ("Download of a snapshot", r"client_download_snapshot|job_take_snapshot|snapshot_"),
    ("Outcomes of a snapshot in which files failed", r"job_take_outcomes|file_error"),
    ("Download of a URL", r"client_download_url"),
    ("Range of a file, into memory of the library", r"client_read_(file|url)$|job_take_bytes|bytes_"),
    ("Range of a file, into memory of the caller", r"client_read_(file|url)_into"),
    ("Stream of a file", r"client_stream_"),
    ("Mapped view, read at an offset", r"map_|read_at"),
    ("Look-up in the cache", r"client_lookup"),
    ("Scan of the cache", r"client_scan_cache|job_take_cache|cache_(?!delete|prune)"),
    ("Deletion from the cache, clean-up", r"cache_(delete|prune)|client_delete_cached|deletion_"),
    ("Verification of the cache", r"client_verify_cache|job_take_verification|verification_"),
    ("Folder of assets", r"client_assets_path|string_"),
    ("What the Hub says of a file", r"client_get_file_meta|job_take_meta|meta_"),
    ("What the Hub says of a repository", r"client_get_repo_info|job_take_info|info_"),
    ("List of files", r"client_list_files|job_take_tree|tree_"),
    ("Branches, tags, pull requests", r"client_list_refs|job_take_refs|refs_"),
    ("History", r"client_list_commits|job_take_history|history_"),
    ("Is it there", r"client_has_|job_take_exists"),
    ("Who am I, may I", r"client_(whoami|check_access)"),
    ("Any call of the Hub's API", r"client_call|job_take_reply|reply_"),
    ("Create, delete, move, change repositories", r"client_(create|delete|move|update)_repo"),
    ("Create and delete branches and tags", r"client_(create|delete)_(branch|tag)"),
    ("Pull requests", r"client_open_pull_request"),
    ("Upload of a file", r"client_upload_file"),
    ("Upload of a folder", r"client_upload_folder"),
    ("Upload to given addresses", r"client_upload_(url|parts)|job_take_parts|parts_"),
    ("Commit of operations", r"client_commit|commit_(?!add_lfs)|job_take_committed|committed_"),
    ("Content sent ahead of its commit", r"client_preupload|commit_add_lfs"),
    ("A folder committed every so often", r"client_schedule_folder|schedule_"),
    ("A client of a child's own after fork()", FORKED),
]


def capability(symbol):
    name = symbol.removeprefix("hfx_")
    for title, pattern in CAPABILITIES:
        if re.match(pattern, name):
            return title
    sys.exit(f"{symbol} is of no capability: add it to CAPABILITIES in {__file__}")


# --- The library that notes what is called

SHIM = r"""
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *hfx_real[COUNT];
unsigned char *hfx_seen;
static const char *const names[COUNT] = {NAMES};

static unsigned char *begun;

/* The second half of the file is for children of fork(). */
static void forked(void) { hfx_seen = begun + COUNT; }

__attribute__((constructor)) static void begin(void) {
    int fd = open(SEEN, O_RDWR | O_CLOEXEC);
    void *library = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
    void *seen = mmap(0, 2 * COUNT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (library == 0 || fd < 0 || seen == MAP_FAILED) {
        fprintf(stderr, "the noting libhfx: %s\n", library == 0 ? dlerror() : SEEN);
        abort();
    }
    close(fd);
    hfx_seen = begun = seen;
    for (int at = 0; at < COUNT; at++) {
        hfx_real[at] = dlsym(library, names[at]);
    }
    pthread_atfork(0, 0, forked);
}
"""
STUB = """
.globl {name}
.type {name}, @function
{name}:
    movq hfx_seen(%rip), %r11
    movb $1, {at}(%r11)
    jmp *hfx_real+{offset}(%rip)
"""


def noting_library(real, folder):
    """Makes a folder like `real` whose libhfx.so notes calls in the file `seen`. Copies: a chroot has no more."""
    for name, to in (("libhfx.a", "libhfx.a"), ("hfx", "hfx"), ("libhfx.so", "real.so")):
        shutil.copy(real / name, folder / to)
    seen = folder / "seen"
    names = ", ".join(f'"{name}"' for name in SYMBOLS)
    define = {"COUNT": len(SYMBOLS), "NAMES": names, "SEEN": f'"{seen}"', "REAL": f'"{folder}/real.so"'}
    head = "".join(f"#define {name} {value}\n" for name, value in define.items())
    (folder / "shim.c").write_text(head + SHIM)
    stubs = "".join(STUB.format(name=name, at=at, offset=8 * at) for at, name in enumerate(SYMBOLS))
    hidden = ".hidden hfx_seen\n.hidden hfx_real\n"
    (folder / "stubs.s").write_text(hidden + stubs + '.section .note.GNU-stack,"",@progbits\n')
    line = ["gcc", "-shared", "-fPIC", "-O1", "-fvisibility=hidden", "-Wall", "-Wl,-soname,libhfx.so"]
    line += [folder / "shim.c", folder / "stubs.s", "-o", folder / "libhfx.so", "-pthread", "-ldl"]
    subprocess.run(line, check=True)


# --- The tests

def c_programs(folder, work):
    """The programs of tests/c, with this library, as Cargo's tests run them."""
    code = (ROOT / "tests" / "it" / "c_api.rs").read_text()
    sources = re.findall(r'"(\w+)"', re.search(r"const SOURCES: &\[&str\] = &\[(.*?)\];", code, re.S)[1])
    program = work / "c_api"
    line = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-rdynamic", f"-I{ROOT}/include"]
    line += [ROOT / "tests" / "c" / f"{name}.c" for name in sources]
    line += ["-o", program, f"-L{folder}", "-lhfx", f"-Wl,--disable-new-dtags,-rpath,{folder}", "-pthread"]
    subprocess.run(line, check=True)
    line = ["cargo", "test", "--locked", "--quiet", "--test", "it", "--", "c_api::programs_that_were_built_elsewhere"]
    subprocess.run(line, check=True, cwd=ROOT, env={**os.environ, "HFX_TEST_C_API": str(program)})


def run(binding, folder):
    """Runs a binding's tests; fails when they fail."""
    script = HERE / {"C": "c", "C++": "cpp"}.get(binding, binding.lower()) / "test.sh"
    subprocess.run([script, folder], check=True, cwd=ROOT)
    if binding == "C":
        with tempfile.TemporaryDirectory() as work:
            c_programs(folder, Path(work))


def reached(binding, folder):
    """The symbols that a binding's tests reach."""
    (folder / "seen").write_bytes(bytes(2 * len(SYMBOLS)))
    run(binding, folder)
    noted = (folder / "seen").read_bytes()
    found = {name for at, name in enumerate(SYMBOLS) if noted[at] or noted[at + len(SYMBOLS)]}
    if noted[len(SYMBOLS) + SYMBOLS.index("hfx_client_open")]:
        found.add(FORKED)
    return found


# --- The table

def kept():
    """What the table says now: each binding's symbols."""
    known = {*SYMBOLS, FORKED}
    if not TABLE.exists():
        return {}
    lists = re.findall(r"^- (\S+): (.*)$", TABLE.read_text(), re.M)
    return {binding: known - set(re.findall(r"`(\w+)`", missing)) for binding, missing in lists}


def table(columns):
    rows = {title: [] for title, _ in CAPABILITIES}
    for symbol in [*SYMBOLS, FORKED]:
        rows[capability(symbol)].append(symbol)
    lines = [TITLE, "By `make conformance`, which runs their tests with a library that notes each function that is"]
    lines += ["called. A tick: all functions of the capability were; else how many of them.", ""]
    names = [name for name in BINDINGS if name in columns]
    lines += ["| capability | functions | " + " | ".join(names) + " |", "| --- | --- |" + " --- |" * len(names)]
    for title, symbols in rows.items():
        cells = []
        for name in names:
            count = len(columns[name] & set(symbols))
            cells.append("✓" if count == len(symbols) else str(count) if count else "–")
        lines.append(f"| {title} | {len(symbols)} | " + " | ".join(cells) + " |")
    counts = (str(len(columns[name] - {FORKED})) for name in names)
    lines += [f"| All functions | {len(SYMBOLS)} | " + " | ".join(counts) + " |", "", "What no test reaches:", ""]
    for name in names:
        missing = [symbol for symbol in [*SYMBOLS, FORKED] if symbol not in columns[name]]
        lines.append(f"- {name}: " + (", ".join(f"`{symbol}`" for symbol in missing) or "nothing"))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", type=Path, default=ROOT / "target" / "release")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("bindings", nargs="*", metavar="BINDING", default=BINDINGS, help=", ".join(BINDINGS))
    asked = parser.parse_args()
    if unknown := set(asked.bindings) - set(BINDINGS):
        parser.error(f"no binding {', '.join(unknown)}; there are {', '.join(BINDINGS)}")
    columns = kept()
    folder = ROOT / "build" / "conformance"  # Always the same: Go's cache keeps where a library was.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    noting_library(asked.library.resolve(), folder)
    for binding in asked.bindings:
        now = reached(binding, folder)
        lost = sorted(columns.get(binding, set()) - now)
        if lost and not asked.accept:
            sys.exit(f"{binding}: what was reached before, or is new, is not reached (--accept accepts that): {lost}")
        columns[binding] = now
        TABLE.write_text(table(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
