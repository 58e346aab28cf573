#!/bin/sh
# Fails when a secret of the tests stands in a file: a token, which is any text in the tests that begins with "hf_, or
# the signature of a signed address. `tests/run.sh` asks it of everything that the suite has said.
set -eu
cd "$(dirname "$0")/.."
tokens=$(grep -rhoE '"hf_[A-Za-z0-9_]+' tests/it tests/c | tr -d '"' | grep -vx hf_transfer | sort -u)
find_in() {
    printf '%s\n' "$tokens" | grep -nwF -f - "$1" || grep -niE '(\?|&|x-|x-amz-)signature=[^ ]' "$1"
}
# It must be able to find what it looks for.
probe=$(mktemp)
for secret in "$(printf '%s\n' "$tokens" | head -n 1)" 'http://h/x?X-Amz-Signature=abc'; do
    echo "said: $secret." >"$probe"
    find_in "$probe" >/dev/null || { echo "tests/secrets.sh does not find $secret"; exit 1; }
done
rm "$probe"
if find_in "$1"; then
    echo "a secret was said: see above, and $1"
    exit 1
fi
echo "no secret among the $(wc -c <"$1") bytes that the suite has said"
