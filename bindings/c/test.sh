#!/bin/sh
# The C examples, built by gcc and clang and run against a local Hub: test.sh [LIBRARY_FOLDER [TOOL]]
# LIBRARY_FOLDER has libhfx.so (default: target/release), TOOL is hfx (default: the one beside it).
set -eu
cd "$(dirname "$0")/../.."
LIB=$(cd "${1:-target/release}" && pwd)
TOOL=${2:-$LIB/hfx}
EXAMPLES=$PWD/bindings/c/examples
INCLUDE=$PWD/include
WARNINGS="-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
WORK=$(mktemp -d)
HUB=
trap stop EXIT
unset HF_HUB_CACHE HF_HUB_OFFLINE LD_LIBRARY_PATH || true
cd "$WORK"
exec 3>&2

stop() {
    status=$?
    [ -z "$HUB" ] || kill "$HUB"
    [ "$status" = 0 ] || [ ! -e errors ] || tail -n 20 errors >&3
    rm -rf "$WORK"
    [ "$status" = 0 ] || echo "the C examples: FAILED" >&3
}
fail() {
    echo "FAILED: $*" >&3
    exit 1
}

for compiler in gcc clang; do
    command -v $compiler > /dev/null || { echo "skipped: $compiler is not here"; continue; }
    for source in "$EXAMPLES"/*.c; do
        # shellcheck disable=SC2086
        $compiler $WARNINGS -O1 "-I$INCLUDE" "$source" -o "$(basename "$source" .c)" "-L$LIB" -lhfx "-Wl,-rpath,$LIB" ||
            fail "$compiler $source"
    done
    echo "ok: the examples with $compiler"
done

# --- What is on the Hub: a model in both formats, a folder of many files, one file that never ends
python3 - << 'PYTHON'
import json, os, struct

def text(value): return struct.pack("<Q", len(value)) + value.encode()

folder = "hub/models/acme/tiny/"
os.makedirs(folder)
header = json.dumps({"x": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}).encode()
open(folder + "model.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + b"\x42\x07")
words = struct.pack("<IQ", 8, 9000) + b"".join(text(f"word {i}") for i in range(9000)) # larger than the first read
gguf = b"GGUF" + struct.pack("<IQQ", 3, 1, 4)
gguf += text("general.architecture") + struct.pack("<I", 8) + text("llama")
gguf += text("tokenizer.ggml.tokens") + struct.pack("<I", 9) + words
gguf += text("llama.rope.freq_base") + struct.pack("<If", 6, 10000)
gguf += text("llama.block_count") + struct.pack("<II", 4, 32)
gguf += text("output.weight") + struct.pack("<IQQIQ", 2, 64, 32, 0, 0)
open(folder + "model.gguf", "wb").write(gguf + bytes(64 * 32 * 4))
open(folder + "torn.gguf", "wb").write(gguf[:5000])
open(folder + "config.json", "w").write("{}\n")
os.makedirs("hub/models/acme/endless")
open("hub/models/acme/endless/model.bin", "wb").write(os.urandom(30_000_000))
open("faults.json", "w").write('[{"match": {"path": "*endless*", "port": "cdn", "times": 0}, "do": {"stall_after": 1000}}]')
PYTHON
mkfifo endpoint
"$TOOL" serve hub --token hf_c --fault faults.json > endpoint &
HUB=$!
IFS='=' read -r _ HF_ENDPOINT < endpoint
export HF_ENDPOINT HF_HOME="$WORK/home" HF_TOKEN=hf_c
exec 2> errors # shown when something fails

cmp "$(./download acme/tiny config.json)" hub/models/acme/tiny/config.json || fail download
[ "$(./poll acme/tiny config.json model.gguf torn.gguf | xargs ls | wc -l)" = 3 ] || fail poll
cmp "$(./progress acme/tiny < /dev/null)/model.gguf" hub/models/acme/tiny/model.gguf || fail progress
! echo | ./progress acme/endless 2> cancelled || fail "progress: Enter does not cancel"
grep -q '^cancelled' cancelled || fail "progress: $(cat cancelled)"
size=$(wc -c < hub/models/acme/tiny/model.gguf)
./map acme/tiny model.gguf | grep -q "^$size bytes at .*, the first is 0x47" || fail map
echo "ok: download, poll, progress and its cancel, map"

rm -rf home # so that headers come from the Hub
[ "$(./read_header acme/tiny model.safetensors | python3 -m json.tool --compact)" = \
    '{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}' ] || fail "read_header of safetensors"
./read_header acme/tiny model.gguf > header
printf '%s\n' 'GGUF version 3, 1 tensors, 4 keys' 'general.architecture = llama' \
    'tokenizer.ggml.tokens = (9000 values)' 'llama.rope.freq_base = 10000' 'llama.block_count = 32' \
    'output.weight: 64 x 32' | diff - header || fail "read_header of GGUF"
for file in torn.gguf config.json; do
    ! ./read_header acme/tiny "$file" || fail "read_header of $file"
done
[ -z "$(find home -size +1k 2> /dev/null)" ] || fail "read_header leaves files on the disk"
echo "ok: read_header: safetensors, GGUF, broken files"

for round in 1 2; do ./repository local/made v1 | grep -q "^$HF_ENDPOINT/local/made$" || fail "repository, $round"; done
mkdir out && echo hello > out/a.txt
for round in 1 2; do ./upload local/made out; done > urls
[ "$(uniq urls | wc -l)" = 1 ] && grep -q "^$HF_ENDPOINT/local/made/commit/" urls || fail upload
./commit local/made 2 | grep -q "^$HF_ENDPOINT/local/made/commit/" || fail commit
[ "$(wc -c < "$(./download local/made shard-2-of-2.bin)")" = 12582912 ] || fail "commit: what it made"
echo "ok: repository, upload, commit"
echo "the C examples: all passed"
