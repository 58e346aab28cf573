#!/bin/sh
# The C++ binding, built and run against a local Hub: test.sh [LIBRARY_FOLDER [TOOL]]
# LIBRARY_FOLDER has libhfx.so and libhfx.a (default: target/release), TOOL is hfx (default: the one beside them).
set -eu
cd "$(dirname "$0")/../.."
ROOT=$PWD
LIB=$(cd "${1:-target/release}" && pwd)
TOOL=${2:-$LIB/hfx}
WORK=$(mktemp -d)
HUBS=
trap 'kill $HUBS 2>/dev/null || true; rm -rf "$WORK"' EXIT
WARNINGS="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
LINK="-L$LIB -lhfx -Wl,-rpath,$LIB -pthread"
unset HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE HF_TOKEN HF_ENDPOINT LD_LIBRARY_PATH || true

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Serves a folder, and says where in ENDPOINT.
serve() {
    out=$WORK/hub-$(basename "$1").out
    : > "$out"
    "$TOOL" serve "$1" --control --token hf_cpp --lfs-threshold 1M --multipart-from 1M --chunk-size 512K > "$out" &
    HUB=$!
    HUBS="$HUBS $HUB"
    until grep -q '^HF_ENDPOINT=' "$out"; do
        kill -0 "$HUB" 2>/dev/null || fail "the local Hub did not start"
        sleep 0.05
    done
    ENDPOINT=$(sed -n 's/^HF_ENDPOINT=//p' "$out")
}

# What the tests find on the Hub.
furnish() {
    models=$1/models/acme
    mkdir -p "$models/tiny/sub/dir" "$models/big" "$models/many"
    printf '{"model_type": "tiny"}\n' > "$models/tiny/config.json"
    : > "$models/tiny/empty.txt"
    echo "a note" > "$models/tiny/sub/dir/note.txt"
    head -c 25165824 /dev/urandom > "$models/big/model.bin"
    printf s > "$models/big/small.txt"
    for file in 00a 01b 02c 03d 04e 05f 06g 07h 08i 09j 10k 11l 12m 13n 14o 15p 16q 17r 18s 19t; do
        head -c 20000 /dev/zero | tr '\0' "${file#??}" > "$models/many/file_${file%?}.txt"
    done
}

# A GGUF file without tensors, with its architecture and its name: a valid header.
gguf() {
    mkdir -p "$(dirname "$1")"
    name=$(basename "$1")
    {
        printf 'GGUF\003\000\000\000\000\000\000\000\000\000\000\000\002\000\000\000\000\000\000\000'
        printf '\024\000\000\000\000\000\000\000general.architecture\010\000\000\000'
        printf '\005\000\000\000\000\000\000\000llama'
        printf '\014\000\000\000\000\000\000\000general.name\010\000\000\000'
        printf "\\$(printf %03o ${#name})\\000\\000\\000\\000\\000\\000\\000%s" "$name"
    } > "$1"
}

# The header, alone and twice, is free of warnings.
header() {
    printf '#include <hfx.hpp>\n#include <hfx.hpp>\nint main() {}\n' > "$WORK/header.cpp"
    for flags in -std=c++17 "-std=c++17 -fno-exceptions" "-std=c++17 -fno-rtti" "-std=c++17 -DHFX_NO_EXCEPTIONS" \
        -std=c++20 "-std=c++20 -fno-exceptions -fno-rtti"; do
        # shellcheck disable=SC2086
        "$1" $flags $WARNINGS -fsyntax-only -Iinclude "$WORK/header.cpp" || fail "$1 $flags"
    done
    echo "ok: the header with $1: C++17, C++20, no exceptions, no RTTI"
}

# All tests as one file: the header is read once.
suite() {
    label=$1 program=$WORK/$1
    shift
    for file in "$ROOT"/bindings/cpp/tests/*.cpp; do
        printf '#include "%s"\n' "$file"
    done > "$program.cpp"
    # shellcheck disable=SC2086
    "$@" $WARNINGS -Iinclude -Ibindings/cpp/tests "$program.cpp" -o "$program" $LINK || fail "building $label"
    echo "ok: built $label: $*"
}

run_suite() {
    cp -r "$WORK/furnished" "$WORK/$1.hub"
    serve "$WORK/$1.hub"
    UBSAN_OPTIONS=halt_on_error=1 timeout 120 "$WORK/$1" "$ENDPOINT" "$WORK/$1.hub" "$WORK/$1.work" ||
        fail "the tests, $1"
    kill "$HUB"
    rm -rf "$WORK/$1.hub" "$WORK/$1.work"
    echo "ok: ran $1"
}

example() {
    name=$(basename "$1" .cpp)
    # shellcheck disable=SC2086
    g++ -std=c++17 $WARNINGS -Iinclude "$1" -o "$WORK/$name" $LINK || fail "building $1"
}

examples() {
    export HF_ENDPOINT="$ENDPOINT" HF_HOME="$WORK/home" HF_TOKEN=hf_cpp
    gguf "$WORK/furnished/models/acme/gguf/tiny.gguf"
    folder=$("$WORK/download" acme/many 'file_0?.txt' 2> "$WORK/progress")
    [ "$(ls "$folder" | wc -l)" = 10 ] && grep -q '10 of 10 files' "$WORK/progress" || fail "download: $folder"
    said=$("$WORK/read_header" acme/gguf tiny.gguf)
    [ "$said" = "GGUF version 3, 0 tensors, 2 keys, $(wc -c < "$WORK/furnished/models/acme/gguf/tiny.gguf") bytes" ] ||
        fail "read_header: $said"
    [ "$("$WORK/poll" acme/many file_11.txt file_12.txt file_13.txt | xargs ls | wc -l)" = 3 ] || fail "poll"
    mkdir -p "$WORK/out" && echo hello > "$WORK/out/a.txt"
    first=$("$WORK/upload" acme/example "$WORK/out" 2> "$WORK/sent") && grep -q '^sent *a.txt' "$WORK/sent" || fail upload
    [ "$("$WORK/upload" acme/example "$WORK/out" 2> /dev/null)" = "$first" ] || fail "upload: nothing had changed"
    "$WORK/commit" acme/example 3 | grep -q "^$ENDPOINT/acme/example/commit/" || fail "commit"
    folder=$("$WORK/download" acme/example 2> /dev/null)
    [ "$(wc -c < "$folder/weights.bin")" = 3145728 ] && [ -e "$folder/README.md" ] || fail "commit: $folder"
    echo "ok: examples download, read_header, poll, upload, commit"
}

# llama NAME EXPECTED...: the paths it prints, by their places in the repository.
llama() {
    asked=$1
    shift
    said=$("$WORK/llama_fetch" "$asked" 2> "$WORK/llama.err" | sed 's|.*/snapshots/[0-9a-f]*/||')
    [ "$said" = "$(printf '%s\n' "$@")" ] || fail "llama_fetch $asked: $said; $(cat "$WORK/llama.err")"
}

llama_fetch() {
    export HF_ENDPOINT="$ENDPOINT" HF_HOME="$WORK/llama" HF_TOKEN=hf_cpp
    models=$WORK/furnished/models/acme
    for name in a-IQ4_0 a-Q2_K a-Q4_0 a-Q4_K_S a-q4_k_m a-Q8_0; do gguf "$models/quants/$name.gguf"; done
    for name in b-F16 b-Q8_0; do gguf "$models/eight/$name.gguf"; done
    gguf "$models/other/only-F16.gguf"
    for n in 1 2 3; do gguf "$models/split/Q4_K_M/big-Q4_K_M-0000$n-of-00003.gguf"; done
    for name in see-Q8_0 mmproj-see-f16 see-Q4_K_M; do gguf "$models/see/$name.gguf"; done
    for name in BF16 F16 Q8_0/a-Q8_0 Q8_0/mmproj-a-BF16 Q8_0/mmproj-a-Q8_0 mmproj-a-Q8_0 Q4_K_M/mmproj-other; do
        gguf "$models/beside/$name.gguf"
    done
    for name in imatrix-Q4_K_M mtp-a-Q4_K_M eagle3-Q4_K_M a-Q8_0; do gguf "$models/draft/$name.gguf"; done
    for n in 1 3; do gguf "$models/torn/torn-Q4_K_M-0000$n-of-00003.gguf"; done
    mkdir -p "$models/none" && echo x > "$models/none/README.md"

    llama acme/quants a-q4_k_m.gguf
    grep -q '100.0 %' "$WORK/llama.err" || fail "llama_fetch shows no progress"
    llama acme/quants:latest a-q4_k_m.gguf
    llama acme/quants:q8_0 a-Q8_0.gguf
    llama acme/quants:Q4_0 a-Q4_0.gguf
    llama acme/quants:iq4_0 a-IQ4_0.gguf
    llama acme/quants:Q4_K_S a-Q4_K_S.gguf
    llama acme/eight b-Q8_0.gguf
    llama acme/other only-F16.gguf
    llama acme/see:Q8_0 see-Q8_0.gguf mmproj-see-f16.gguf
    llama acme/beside:q8_0 Q8_0/a-Q8_0.gguf Q8_0/mmproj-a-Q8_0.gguf
    llama acme/beside:F16 F16.gguf mmproj-a-Q8_0.gguf
    llama acme/draft a-Q8_0.gguf
    llama acme/split Q4_K_M/big-Q4_K_M-00001-of-00003.gguf
    folder=$("$WORK/llama_fetch" acme/split 2> /dev/null | xargs dirname)
    for n in 1 2 3; do
        cmp "$folder/big-Q4_K_M-0000$n-of-00003.gguf" "$models/split/Q4_K_M/big-Q4_K_M-0000$n-of-00003.gguf" ||
            fail "llama_fetch: part $n"
    done
    for wrong in acme/quants:Q9_9 acme/none acme/torn acme/absent; do
        ! "$WORK/llama_fetch" "$wrong" > "$WORK/llama.out" 2> /dev/null && [ ! -s "$WORK/llama.out" ] ||
            fail "llama_fetch $wrong"
    done

    # From the cache alone: told to, and because nobody answers.
    export HF_HUB_OFFLINE=1
    llama acme/split:q4_k_m Q4_K_M/big-Q4_K_M-00001-of-00003.gguf
    llama acme/see:Q8_0 see-Q8_0.gguf mmproj-see-f16.gguf
    llama acme/quants a-q4_k_m.gguf
    ! "$WORK/llama_fetch" acme/never > /dev/null 2>&1 || fail "llama_fetch offline: acme/never"
    unset HF_HUB_OFFLINE
    echo "ok: llama_fetch: tags, defaults, parts, projector, offline"
    unset HF_ENDPOINT HF_HOME HF_TOKEN
}

furnish "$WORK/furnished"
header g++ & a=$!
header clang++ & b=$!
wait $a && wait $b || exit 1
sanitize="-g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
(
    suite gcc g++ -std=c++17
    # shellcheck disable=SC2086
    suite asan g++ -std=c++17 $sanitize
    for name in download read_header poll; do example bindings/cpp/examples/$name.cpp; done
) & a=$!
(
    suite clang-results clang++ -std=c++20 -fno-exceptions -fno-rtti
    # shellcheck disable=SC2086
    suite asan-results g++ -std=c++17 -DHFX_NO_EXCEPTIONS $sanitize
    for name in upload commit; do example bindings/cpp/examples/$name.cpp; done
    example examples/llama_fetch.cpp
) & b=$!
wait $a && wait $b || exit 1
for each in gcc clang-results asan asan-results; do
    run_suite $each
done
serve "$WORK/furnished"
examples
llama_fetch
kill "$HUB"
echo "the C++ binding: all passed"
