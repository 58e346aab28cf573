#!/bin/sh
# The library builds from vendored sources alone: an empty CARGO_HOME, and no network where that can be taken away.
set -eu
cd "$(dirname "$0")/.."
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir "$WORK/source" "$WORK/cargo-home"
git ls-files -z --cached --others --exclude-standard | xargs -0 tar -c | tar -x -C "$WORK/source"
cd "$WORK/source"
cargo vendor --locked --quiet vendor
cat >> .cargo/config.toml << 'CONFIG'

[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
CONFIG
alone=
if unshare -n true 2> /dev/null; then
    alone="unshare -n"
else
    echo "skipped: taking the network away (root is needed); --offline has to do"
fi
RUSTUP_HOME=$(rustup show home 2> /dev/null || true)
export RUSTUP_HOME CARGO_HOME="$WORK/cargo-home" CARGO_TARGET_DIR="$WORK/target"
[ -n "$RUSTUP_HOME" ] || unset RUSTUP_HOME
$alone cargo build --quiet --frozen --lib --no-default-features
ls -l "$WORK"/target/debug/libhfx.*
echo "ok: built from $(find vendor -mindepth 1 -maxdepth 1 | wc -l) vendored crates, offline"
