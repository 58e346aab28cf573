#!/bin/sh
# Sets a fresh Debian or Ubuntu machine up to build and test hfx: installs what is missing when it may, and
# otherwise says exactly what to install. Safe to run again.
set -u
RUST_NEEDED=1.95
missing=""

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "$*"; }

# What to build with, and (behind the bar) what only tests and benchmarks use.
have cc || missing="$missing gcc libc6-dev"
have make || missing="$missing make"
have python3 || missing="$missing python3"
python3 -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"
optional=""
for tool in g++ clang valgrind unshare openssl cmake pkg-config doxygen abidiff; do
    package=$tool
    [ "$tool" = abidiff ] && package=abigail-tools
    [ "$tool" = unshare ] && package=util-linux
    have "$tool" || optional="$optional $package"
done

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif have sudo && sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

apt() {
    have apt-get && as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

if [ -n "$missing$optional" ]; then
    # shellcheck disable=SC2086 # Package names are meant to be split.
    if apt $missing $optional; then
        say "installed:$missing$optional"
    elif [ -n "$missing" ]; then
        say "please install, as root:  apt-get install$missing$optional"
        exit 1
    else
        say "for all tests, install as root:  apt-get install$optional"
    fi
fi

rust_is_new_enough() {
    have cargo && have rustc || return 1
    version=$(rustc --version | sed 's/rustc \([0-9]*\.[0-9]*\).*/\1/')
    [ "$(printf '%s\n%s\n' "$RUST_NEEDED" "$version" | sort -V | head -n 1)" = "$RUST_NEEDED" ]
}

PATH="$HOME/.cargo/bin:$PATH"
if ! rust_is_new_enough; then
    have rustup || apt rustup || true
    if have rustup; then
        rustup toolchain install stable --profile minimal --component clippy --component rustfmt &&
            rustup default stable
    fi
    if ! rust_is_new_enough; then
        say "Rust $RUST_NEEDED or newer is needed (found: $(rustc --version 2>/dev/null || echo none); a distribution's own"
        say "may be too old). Get it with  curl https://sh.rustup.rs -sSf | sh  and run this again."
        exit 1
    fi
fi
say "ready: $(rustc --version), $(cc --version | head -n 1)"
