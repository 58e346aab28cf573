#!/bin/sh
# Builds the Swift binding against a built library and runs its tests against the local Hub:
# test.sh [LIBRARIES [TOOL]], by default target/release and the `hfx` in it. Sets Swift 6 up where there is none.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
libraries=${1:-$ROOT/target/release}
tool=${2:-$libraries/hfx}
for needed in "$libraries/libhfx.so" "$tool"; do
    [ -e "$needed" ] || { echo "swift tests: $needed is missing: make build" >&2; exit 1; }
done
libraries=$(cd "$libraries" && pwd)
HFX_TOOL=$(cd "$(dirname "$tool")" && pwd)/$(basename "$tool")
export HFX_TOOL

"$HERE/setup.sh"
mkdir -p "$ROOT/build"
log=$ROOT/build/swift-test.log
# A test that hangs is a failure, too.
status=0
timeout 900 "$HERE/in-swift.sh" "$libraries" swift test --no-parallel --scratch-path "$ROOT/build/swift" >"$log" 2>&1 ||
    status=$?
if [ "$status" != 0 ]; then
    grep -E '✘|error:|↳' "$log" >&2 || tail -n 40 "$log" >&2
    echo "swift tests: failed ($status); all of it is in $log" >&2
    exit 1
fi
grep -E '✔ (Test run|Suite)' "$log"
