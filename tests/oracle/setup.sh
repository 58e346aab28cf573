#!/bin/sh
# Makes the oracle's environment, build/oracle-venv: the Python client that judges our cache and our Hub.
# Nothing to do when it is there. Exits with 1, and says why on one line, when it can't be made.
set -eu
cd "$(dirname "$0")/../.."

venv=build/oracle-venv
ready="$venv/ready"
wanted=tests/oracle/requirements.txt
if cmp -s "$wanted" "$ready" && [ -x "$venv/bin/python" ]; then
    exit 0
fi
python=$(command -v python3) || { echo "no python3"; exit 1; }
mkdir -p build
# Two at once would spoil each other's work.
if [ -z "${HFX_ORACLE_LOCKED:-}" ] && command -v flock >/dev/null; then
    HFX_ORACLE_LOCKED=1 exec flock build/oracle-venv.lock "$0"
fi
log=build/oracle-venv.log
fail() {
    echo "$1 (see $log): $(grep -v '^ *$' "$log" | tail -1)"
    exit 1
}
rm -rf "$venv"
"$python" -m venv "$venv" >"$log" 2>&1 || fail "python3 -m venv failed"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 -r "$wanted" \
    >>"$log" 2>&1 || fail "pip install failed"
cp "$wanted" "$ready"
