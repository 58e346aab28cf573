#!/bin/sh
# The tests: unit tests, the integration tests (with the C programs and the Python oracle), the examples in the docs.
# Arguments go to the integration tests, as in `tests/run.sh resume`. What all of it says, the log of every client at its
# most talkative included, must hold no secret.
set -eu
cd "$(dirname "$0")/.."

if [ -x tests/oracle/setup.sh ]; then
    tests/oracle/setup.sh || [ "${CI:-}" != true ]
fi
mkdir -p target
export HFX_TEST_LOG="$PWD/target/test.log"
: >"$HFX_TEST_LOG"
[ $# = 0 ] || set -- --test it "$@"
# A pipe's status is its last command's.
{ cargo test --locked "$@" 2>&1 || echo "cargo test failed with $?"; } | tee -a "$HFX_TEST_LOG"
if tail -n 1 "$HFX_TEST_LOG" | grep -q '^cargo test failed'; then
    exit 1
fi
tests/secrets.sh "$HFX_TEST_LOG"
