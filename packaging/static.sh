#!/bin/sh
# static.sh FROM TO: the static library made safe to link beside others. All of it becomes one object in which nothing
# is global but what include/hfx.symbols lists: a host may link OpenSSL, another aws-lc, another Rust library. Without
# debug information, which is most of it.
set -eu
LIBRARY=$1
OUT=$2
SYMBOLS=$(cd "$(dirname "$0")/.." && pwd)/include/hfx.symbols
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

cut -d ' ' -f 1 "$SYMBOLS" > "$WORK/keep"
sed 's/^/-u /' "$WORK/keep" > "$WORK/roots"
# Groups (COMDAT) have to be dissolved: a linker would drop ours for another library's of that name.
"${LD:-ld}" -r --force-group-allocation --gc-sections "@$WORK/roots" --whole-archive "$LIBRARY" -o "$WORK/all.o"
# The standard library's bitcode, which nothing reads any more, would be one broken section.
"${OBJCOPY:-objcopy}" --strip-debug --keep-global-symbols="$WORK/keep" -R .llvmbc -R .llvmcmd "$WORK/all.o" "$WORK/hfx.o"
rm -f "$OUT"
"${AR:-ar}" rcs "$OUT" "$WORK/hfx.o"
