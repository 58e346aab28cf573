#!/bin/sh
# What was installed is whole, and C, C++ and Go projects outside of the tree build with it: test.sh [TREE]
# TREE is an installed PREFIX; without one, target/release (or LIBDIR_FROM) is installed into a folder of the test's own.
set -eu
cd "$(dirname "$0")/.."
ROOT=$PWD
WORK=$(mktemp -d)
HUB=
trap '[ -z "$HUB" ] || kill "$HUB" 2>/dev/null; rm -rf "$WORK"' EXIT
unset HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE HF_TOKEN HF_ENDPOINT LD_LIBRARY_PATH || true

fail() {
    echo "FAILED: $*" >&2
    exit 1
}
have() {
    command -v "$1" > /dev/null 2>&1 || { echo "skipped: $2, since $1 is not here"; return 1; }
}

tree=${1:-$WORK/installed}
if [ $# = 0 ]; then
    make -s install-files LIBDIR_FROM="${LIBDIR_FROM:-target/release}" PREFIX="$tree"
    make -s install-files LIBDIR_FROM="${LIBDIR_FROM:-target/release}" PREFIX=/usr DESTDIR="$WORK/staged" LIBDIR=lib/multi/arch
    ! grep -rlqF "$WORK" "$WORK/staged/usr/lib/multi/arch/pkgconfig" "$WORK/staged/usr/lib/multi/arch/cmake" ||
        fail "DESTDIR is in what was installed"
fi
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# --- Whole
for file in include/hfx.h include/hfx.hpp lib/libhfx.so "lib/libhfx.so.$version" lib/libhfx.a lib/pkgconfig/hfx.pc \
    lib/cmake/hfx/hfx-config.cmake bin/hfx share/man/man1/hfx.1 share/man/man1/hfx-cache-ls.1 share/doc/hfx/LICENSE \
    share/doc/hfx/THIRD-PARTY.txt share/bash-completion/completions/hfx share/zsh/site-functions/_hfx \
    share/fish/vendor_completions.d/hfx.fish; do
    [ -s "$tree/$file" ] || fail "$file was not installed"
done
[ "$(readlink "$tree/lib/libhfx.so")" = libhfx.so.0 ] || fail "the soname link"
[ "$("$tree/bin/hfx" --version)" = "hfx $version" ] || fail "hfx --version"
for name in rustls tokio aws-lc-sys hyper clap; do
    grep -q "^  $name " "$tree/share/doc/hfx/THIRD-PARTY.txt" || fail "the licence of $name"
done
if have groff "the manual pages' markup"; then
    for page in "$tree"/share/man/man1/*.1; do
        said=$(groff -man -Tutf8 -P-cbou -ww "$page" 2>&1 > "$WORK/page")
        [ -z "$said" ] && grep -q '^NAME' "$WORK/page" || fail "$page: $said"
    done
fi
bash -n "$tree/share/bash-completion/completions/hfx" || fail "bash completions"
! have zsh "zsh's completions" || zsh -n "$tree/share/zsh/site-functions/_hfx" || fail "zsh completions"
! have fish "fish's completions" || fish -n "$tree/share/fish/vendor_completions.d/hfx.fish" || fail "fish completions"
echo "ok: the installed tree is whole: libraries, headers, $(ls "$tree/share/man/man1" | wc -l) manual pages, completions, licences"

# --- The static library brings nothing global but the ABI
cut -d ' ' -f 1 include/hfx.symbols | sort > "$WORK/ledger"
nm -g --defined-only "$tree/lib/libhfx.a" | awk 'NF == 3 { print $3 }' | sort > "$WORK/globals"
diff "$WORK/ledger" "$WORK/globals" || fail "libhfx.a has other global symbols than include/hfx.symbols lists"
echo "ok: libhfx.a defines the $(wc -l < "$WORK/ledger" | tr -d ' ') symbols of the ABI and no other"

says_version() {
    "$@" | grep -qx "hfx $version" || fail "$*"
}

# --- CMake: the tree may be moved; other versions are refused (consumer/CMakeLists.txt)
if have cmake "find_package"; then
    cp -a "$tree" "$WORK/moved"
    cp -r packaging/consumer "$WORK/consumer"
    cmake -S "$WORK/consumer" -B "$WORK/cmake" -DCMAKE_PREFIX_PATH="$WORK/moved" > "$WORK/cmake.log" 2>&1 &&
        cmake --build "$WORK/cmake" >> "$WORK/cmake.log" 2>&1 || { cat "$WORK/cmake.log"; fail "find_package"; }
    for program in shared static plain plain-static; do says_version "$WORK/cmake/$program"; done
    for program in shared plain; do ldd "$WORK/cmake/$program" | grep -q libhfx.so || fail "$program is not shared"; done
    for program in static plain-static; do ! ldd "$WORK/cmake/$program" | grep -q libhfx || fail "$program is not static"; done
    if [ -d "$WORK/staged" ]; then # Debian's LIBDIR: the headers are found from three folders further down
        cmake -S "$WORK/consumer" -B "$WORK/cmake-multi" -Dhfx_DIR="$WORK/staged/usr/lib/multi/arch/cmake/hfx" \
            > "$WORK/cmake.log" 2>&1 && cmake --build "$WORK/cmake-multi" --target plain >> "$WORK/cmake.log" 2>&1 ||
            { cat "$WORK/cmake.log"; fail "find_package with LIBDIR"; }
        says_version "$WORK/cmake-multi/plain"
    fi
    echo "ok: find_package(hfx): hfx::hfx and hfx::static, C and C++, in a tree that was moved"
fi

# --- pkg-config: shared; static beside the shared library; all static
command -v pkg-config > /dev/null || fail "pkg-config is needed"
export PKG_CONFIG_PATH="$tree/lib/pkgconfig"
[ "$(pkg-config --modversion hfx)" = "$version" ] || fail "pkg-config --modversion"
from=$ROOT/packaging/consumer
flags=$(pkg-config --cflags --libs hfx)
static=$(pkg-config --cflags --static --libs hfx)
cd "$WORK"
# shellcheck disable=SC2086 # Flags are meant to be split.
{
    cc "$from/main.c" $flags -Wl,-rpath,"$tree/lib" -o pc-c
    c++ -std=c++17 "$from/main.cpp" $flags -Wl,-rpath,"$tree/lib" -o pc-cpp
    archive=$(echo "$static" | sed 's/-lhfx/-l:libhfx.a/')
    cc "$from/main.c" $archive -o pc-c-static
    c++ -std=c++17 "$from/main.cpp" $archive -o pc-cpp-static
    cc -static "$from/main.c" $static -o pc-c-all-static 2> warnings || { cat warnings; fail "cc -static"; }
}
for program in pc-c pc-cpp pc-c-static pc-cpp-static pc-c-all-static; do says_version "./$program"; done
ldd pc-c | grep -q libhfx.so || fail "pc-c is not shared"
! ldd pc-c-static | grep -q libhfx || fail "pc-c-static is not static"
! ldd pc-c-all-static > ldd.txt 2>&1 || fail "pc-c-all-static is dynamic: $(cat ldd.txt)"
echo "ok: pkg-config: shared, --static, and cc -static, C and C++"

# --- Beside OpenSSL, another Rust library, and functions that are called as parts of libhfx are
if have rustc "a host with other libraries" && echo '#include <openssl/ssl.h>' | cc -E - > /dev/null 2>&1; then
    rustc --edition 2024 --crate-type staticlib -C opt-level=2 -C lto=fat -o libother.a "$ROOT/packaging/clash/other.rs"
    # shellcheck disable=SC2086
    cc -Wall -Wextra "$ROOT/packaging/clash/main.c" $archive libother.a -lssl -lcrypto -lpthread -ldl -lm -o clash
    mkdir -p hub/models/acme/tiny && head -c 3000000 /dev/urandom > hub/models/acme/tiny/model.bin
    mkfifo said
    "$tree/bin/hfx" serve hub > said &
    HUB=$!
    IFS='=' read -r _ endpoint < said
    digest=$(HF_ENDPOINT=$endpoint HF_HOME=$WORK/home timeout 60 ./clash acme/tiny model.bin)
    [ "$digest" = "$(sha256sum < hub/models/acme/tiny/model.bin | cut -d ' ' -f 1)" ] || fail "clash: $digest"
    echo "ok: libhfx.a beside libcrypto, libssl and another Rust library"
else
    echo "skipped: a host with OpenSSL and another Rust library (rustc and libssl-dev are needed)"
fi

# --- Go, from the installed tree alone
if have go "a Go module"; then
    mkdir -p go && cd go
    cat > main.go <<'GO'
package main

import (
	"fmt"

	"github.com/hfx/hfx/bindings/go"
)

func main() { fmt.Println("hfx", hfx.Version()) }
GO
    printf 'module consumer\n\ngo 1.24\n\nrequire github.com/hfx/hfx/bindings/go v0.1.0\nreplace github.com/hfx/hfx/bindings/go => %s\n' \
        "$ROOT/bindings/go" > go.mod
    # Go's cache does not notice that pkg-config names another folder; it does notice this.
    export GOFLAGS=-mod=mod CGO_LDFLAGS="-O2 -g -Wl,-rpath,$tree/lib"
    go build -o ../go-shared .
    go build -tags hfx_static -o ../go-static .
    cd ..
    says_version ./go-shared
    says_version ./go-static
    echo "ok: a Go module by pkg-config, shared and static"
fi
echo "packages: all passed"
