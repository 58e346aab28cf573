#!/bin/sh
# A C program downloads a model from a Hub on this machine, is killed half way, and goes on where it was.
# `make demo` builds what this needs. Everything it makes is below build/demo.
set -eu
cd "$(dirname "$0")/../.."

lib=target/release
here=build/demo
repo=acme/llama-demo
model=$here/hub/models/$repo
cache=$PWD/$here/cache
hub=

stop() {
    status=$?
    if [ -n "$hub" ]; then
        kill "$hub" 2>/dev/null || true
        wait "$hub" 2>/dev/null || true
    fi
    [ "$status" = 0 ] || echo "make demo: FAILED" >&2
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT TERM

say() { printf '\n%s\n' "$*"; }

mkdir -p "$model"
rm -rf "$cache"

say "1. A model: config, tokenizer and four safetensors shards, as people publish them"
${CC:-cc} -O2 -std=c11 -Wall -Wextra -o "$here/model" tests/c/demo_model.c
if [ ! -e "$here/made" ] || [ tests/c/demo_model.c -nt "$here/made" ] || [ tests/c/demo_model.h -nt "$here/made" ]; then
    rm -f "$here/made"
    "$here/model" "$model"
    touch "$here/made"
fi
(cd "$model" && du -ah --apparent-size -- * | sed 's/^/   /')

say "2. A Hub on this machine: hfx serve $here/hub"
"$lib/hfx" serve "$here/hub" >"$here/hub.log" 2>&1 &
hub=$!
endpoint=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    endpoint=$(sed -n 's/^HF_ENDPOINT=//p' "$here/hub.log")
    [ -z "$endpoint" ] || break
    kill -0 "$hub" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$endpoint" ]; then
    echo "the Hub did not start:" >&2
    cat "$here/hub.log" >&2
    exit 1
fi
# A Hub knows its files' hashes; this one reads its files when it is first asked for them.
"$lib/hfx" download "$repo" --endpoint "$endpoint" --cache-dir "$cache" --dry-run -q >/dev/null
echo "   $endpoint"

say "3. A C program (tests/c/demo.c, linked with libhfx.so) downloads it, and dies by SIGKILL half way"
${CC:-cc} -O2 -std=c11 -Wall -Wextra -Iinclude -o "$here/demo" tests/c/demo.c \
    -L"$lib" -lhfx -Wl,-rpath,"$PWD/$lib"
code=0
sh -c '"$@"; exit $?' sh "$here/demo" "$endpoint" "$cache" "$repo" 50 2>"$here/killed.log" || code=$?
if [ "$code" != 137 ]; then
    cat "$here/killed.log" >&2
    echo "the program should have been killed, and ended with $code" >&2
    exit 1
fi
[ -t 1 ] && echo
echo "   killed. What it leaves: $(find "$cache" -name '*.incomplete' | wc -l) unfinished files; no broken one is visible"

say "4. The same command again: it goes on where it was, then proves and uses what it got"
"$here/demo" "$endpoint" "$cache" "$repo"

say "5. The same cache, seen by the command line tool"
"$lib/hfx" cache ls --cache-dir "$cache" >"$here/ls.log"
sed -e '/^$/d' -e 's/^/   /' "$here/ls.log"

say "Done. Other Hugging Face tools on this machine can read this cache as it is: HF_HUB_CACHE=$cache"
