#!/bin/sh
# What a program compiled against the header relies on, compared with include/hfx.abi: abi.sh [HEADER]
# Fails when a function is gone, or a type, a struct or a number has another meaning; what is new is fine. The library
# can't be asked itself: its debug information shows the insides of the handles. So a stub with the header's functions
# stands for it, which include/hfx.symbols ties to the library. `abi.sh --update` writes include/hfx.abi anew.
set -eu
cd "$(dirname "$0")/../.."
HEADER=include/hfx.h
[ "${1:---update}" = --update ] || HEADER=$1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cp "$HEADER" "$WORK/hfx.h"

# Each prototype with a body, and each macro as an array whose length is its number.
{
    echo '#include "hfx.h"'
    sed -n 's/^#define \(HFX_[A-Z0-9_]*\) [0-9][0-9]*$/char value_of_\1[\1 + 1];/p' "$WORK/hfx.h" | grep -v _HFX_VERSION_
    gcc -E -P "$WORK/hfx.h" | tr '\n' ' ' | tr ';' '\n' | grep -v typedef |
        sed -n 's/^ *\([a-z].*[ *]hfx_[a-z0-9_]*(.*)\)$/\1 { __builtin_trap(); }/p'
} > "$WORK/stub.c"
functions=$(grep -c 'hfx_[a-z0-9_]*(.*__builtin_trap' "$WORK/stub.c")
symbols=$(wc -l < include/hfx.symbols)
gcc -std=c11 -g -O0 -shared -fPIC -Wl,-soname,libhfx.so.0 -I"$WORK" "$WORK/stub.c" -o "$WORK/libhfx.so.0"

if [ "${1:-}" = --update ]; then
    abidw --no-comp-dir-path --no-corpus-path --no-show-locs --short-locs "$WORK/libhfx.so.0" > include/hfx.abi
    exit
fi
[ "$HEADER" != include/hfx.h ] || [ "$functions" = "$symbols" ] || {
    echo "abi.sh: $functions functions in the stub, $symbols symbols in the ledger" >&2
    exit 1
}
abidiff --no-show-locs --no-added-syms include/hfx.abi "$WORK/libhfx.so.0"
