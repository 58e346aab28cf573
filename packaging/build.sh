#!/bin/sh
# build.sh OUT [GLIBC]: what ships, into the folder OUT: libhfx.so, libhfx.a and hfx, built with link-time
# optimisation and stripped (libhfx.a when it is installed); and libhfx.so.symbols, the shared library with its symbol
# table, for size.py and profilers.
# With GLIBC (2.17, as `make dist` does) for that version, by zig's linker and headers, which make dist sets up.
set -eu
cd "$(dirname "$0")/.."
OUT=$1
GLIBC=${2:-}
CARGO=${CARGO:-cargo}
SOVERSION=${SOVERSION:-0}
HOST=$(rustc --print host-tuple)
# No path of the builder goes into what ships (aws-lc sees to its own).
HERE=$PWD
CRATES=$(cd "${CARGO_HOME:-$HOME/.cargo}" && pwd)
export RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$HERE=hfx --remap-path-prefix=$CRATES=cargo"

TARGET=${CARGO_TARGET_DIR:-target}/shipped${GLIBC:+-$GLIBC}
export CARGO_TARGET_DIR="$TARGET"
if [ -n "$GLIBC" ]; then
    RUSTC="cargo-zigbuild rustc" FOR=$HOST.$GLIBC
else
    RUSTC="$CARGO rustc" FOR=$HOST
fi
built=$TARGET/$HOST/dist
mkdir -p "$OUT"

build() {
    # shellcheck disable=SC2086 # Words of one command.
    $RUSTC --locked --profile dist --target "$FOR" "$@"
}

# Both libraries at once: neither keeps cargo from optimising at link time, as an rlib would.
build --lib --no-default-features --crate-type cdylib,staticlib -- -C "link-arg=-Wl,-soname,libhfx.so.$SOVERSION"
strip --strip-debug "$built/libhfx.so" -o "$OUT/libhfx.so.symbols"
strip --strip-unneeded -R .comment "$built/libhfx.so" -o "$OUT/libhfx.so"
cp "$built/libhfx.a" "$OUT/libhfx.a"
build --bin hfx
strip -R .comment "$built/hfx" -o "$OUT/hfx"
