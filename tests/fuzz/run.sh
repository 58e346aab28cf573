#!/bin/sh
# Runs the fuzz targets, each for FUZZ_SECONDS (default 60), or those that are named: `tests/fuzz/run.sh tree uris`.
# Works with the stable compiler (RUSTC_BOOTSTRAP=1) and cargo-fuzz, which is fetched when it is missing. What is new is
# kept in target/fuzz/corpus; the small committed corpora in corpus/ are only read. A finding ends it, with its input in
# artifacts/.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
CARGO_FUZZ=0.13.2
seconds=${FUZZ_SECONDS:-60}
PATH="$root/build/tools/bin:$PATH"
command -v c++ >/dev/null || { echo "tests/fuzz/run.sh: g++ is missing (libFuzzer is C++); ./setup.sh installs it" >&2; exit 1; }
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --version $CARGO_FUZZ --locked --root "$root/build/tools"
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$root/target/fuzz"
cargo fuzz build --fuzz-dir "$PWD"
# Folders that the targets work in: in memory where that can be had.
TMPDIR=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
for target in ${*:-$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | tail -n +2)}; do
    new=$CARGO_TARGET_DIR/corpus/$target
    mkdir -p "$new"
    if ! cargo fuzz run --fuzz-dir "$PWD" "$target" "$new" "$PWD/corpus/$target" -- -max_total_time="$seconds" \
        -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 >"$new.log" 2>&1; then
        tail -n 40 "$new.log"
        echo "$target: found something; its input is in tests/fuzz/artifacts/$target"
        exit 1
    fi
    sed -n "s/^#\([0-9]*\).DONE *cov: \([0-9]*\).*/$target: \1 executions, \2 edges covered, nothing found/p" "$new.log"
done
