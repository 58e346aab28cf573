#!/bin/sh
# Memory and threads under the tools that see what tests do not:
# `tests/sanitize.sh [address|loom|thread|valgrind|miri]...`, all of them by default. Works with the stable compiler: the
# sanitizers' runtimes come with it, and RUSTC_BOOTSTRAP=1 lets our crate use them. Instrumented are hfx, the generic code
# of the crates and of the standard library that is compiled into it, and the C tests. What the other crates, the standard
# library and aws-lc do by themselves is not; but all of their allocations and copies go through the sanitizer, so memory
# that was freed, overrun or forgotten is found there as well.
set -eu
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
runtime=$(rustc --print sysroot)/lib/rustlib/$target/lib
sources="test api hostile callbacks control events threads fork guest memory upload repos growth"
frames="-fno-omit-frame-pointer -g"
say() { printf '== %s\n' "$*"; }
skip() { printf 'SKIPPED %s: %s\n' "$1" "$2"; }
need() {
    command -v "$1" >/dev/null || { echo "tests/sanitize.sh: $1 is missing; ./setup.sh installs it" >&2; exit 1; }
}

# Builds the static library, c_api and the unit tests with a sanitizer: $1 its name, $2 the compiler's word for it.
build() {
    need clang
    lib=target/sanitize-$1
    mkdir -p "$lib"
    # The other crates are those of the ordinary tests: they are not built again.
    printf '#!/bin/sh\ncase " $* " in *" --crate-name hfx "*) export RUSTC_BOOTSTRAP=1 ;; esac\nexec "$@"\n' >"$lib/rustc"
    chmod +x "$lib/rustc"
    flags="-Zsanitizer=$1 -Cforce-frame-pointers=yes -Cunsafe-allow-abi-mismatch=sanitizer"
    # shellcheck disable=SC2086 # A list of flags.
    RUSTC_WRAPPER="$PWD/$lib/rustc" cargo rustc --locked --lib --crate-type staticlib -- $flags
    mv target/debug/libhfx.a "$lib/"
    # shellcheck disable=SC2086
    RUSTC_WRAPPER="$PWD/$lib/rustc" cargo rustc --locked --lib --profile test --message-format=json -- $flags |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' >"$lib/unit"
    files=""
    for name in $sources; do files="$files tests/c/$name.c"; done
    link "$files" "$lib/c_api" "$1" "$2"
}

# Links C with the library and with the runtime that the Rust compiler brought, which knows what both sides emit.
link() {
    objects=""
    mkdir -p "$lib/o"
    for source in $1; do
        object=$lib/o/$(basename "$source" .c).o
        # shellcheck disable=SC2086 # A list of flags.
        clang -std=c11 -D_GNU_SOURCE -O1 -fsanitize="$3" $frames -Iinclude -c "$source" -o "$object"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086
    clang -rdynamic -o "$2" $objects "$lib/libhfx.a" -Wl,--whole-archive "$runtime/librustc-stable_rt.$4.a" \
        -Wl,--no-whole-archive -lm -ldl -lpthread -lrt -lresolv
}

# The scenarios of tests/c, each against a Hub of its own, with the program that was built.
scenarios() {
    HFX_TEST_C_API="$PWD/$lib/c_api" HFX_TEST_C_SCENARIOS="${1:-}" cargo test --locked --quiet --test it -- c_api::programs_that_were_built_elsewhere
}

# A sanitizer that sees nothing is none: this bug must be found, in these words.
must_find() {
    status=0
    "$lib/proof" "$1" >"$lib/proof.log" 2>&1 || status=$?
    if [ $status = 0 ] || ! grep -q "$2" "$lib/proof.log"; then
        cat "$lib/proof.log"
        say "the deliberate bug '$1' was not found: the sanitizer is not in"
        exit 1
    fi
    say "the deliberate bug '$1' was found: $(grep -m 1 "$2" "$lib/proof.log")"
}

address() {
    say "AddressSanitizer and LeakSanitizer: the unit tests, and the C suite on the static library"
    build address asan
    say "$(nm -u "$lib/libhfx.a" 2>/dev/null | grep -c '__asan_report_') kinds of checks in the library's objects"
    link tests/sanitize/proof.c "$lib/proof" address asan
    must_find use-after-free heap-use-after-free
    must_find overflow heap-buffer-overflow
    must_find leak 'detected memory leaks'
    "$(cat "$lib/unit")" --quiet
    scenarios
}

# Without rust-src the standard library's locks are not instrumented, and correct programs look wrong: then its word is
# worth nothing. A correct one is asked first.
thread() {
    say "ThreadSanitizer: the C suite's scenarios with threads"
    control=target/tsan-control
    mkdir -p target
    RUSTC_BOOTSTRAP=1 rustc --edition 2024 -O -g -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer \
        --target "$target" -o $control tests/sanitize/control.rs
    if ! $control >$control.log 2>&1; then
        skip thread "it finds a race where there is none, $(grep -m 1 SUMMARY $control.log): it needs rust-src"
        return
    fi
    build thread tsan
    link tests/sanitize/proof.c "$lib/proof" thread tsan
    must_find race 'data race'
    scenarios "threads events callbacks control close_leaves_nothing crowd"
}

loom() {
    say "loom: the completion queue, in every order of its threads"
    cargo test --locked --quiet --manifest-path tests/loom/Cargo.toml
}

valgrind_() {
    need gcc
    need valgrind
    say "valgrind: the C suite on the shared library"
    env HFX_TEST_VALGRIND=all cargo test --locked --quiet --test it -- c_api::c_programs_are_clean_under_valgrind
}

miri() {
    if ! cargo miri --version >/dev/null 2>&1; then
        skip miri "this toolchain has none (rustup component add miri, on nightly)"
        return
    fi
    say "Miri: the pure parts"
    cargo miri test --lib -- transfer::plan transfer::window net::retry net::classify pattern
}

for tool in ${*:-address loom thread valgrind miri}; do
    case $tool in
        address) (address) ;;
        loom) (loom) ;;
        thread) (thread) ;;
        valgrind) (valgrind_) ;;
        miri) (miri) ;;
        *) echo "tests/sanitize.sh [address|loom|thread|valgrind|miri]..." >&2; exit 2 ;;
    esac
done
say "done"
