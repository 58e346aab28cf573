#!/bin/sh
# The tests: unit tests, the integration tests (with the C programs and the Python oracle), the examples in the docs.
# Arguments go to the integration tests, as in `tests/run.sh resume`.
set -eu
cd "$(dirname "$0")/.."

if [ -x tests/oracle/setup.sh ]; then
    tests/oracle/setup.sh || [ "${CI:-}" != true ]
fi
if [ $# -gt 0 ]; then
    exec cargo test --locked --test it "$@"
fi
cargo test --locked
