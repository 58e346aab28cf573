#!/bin/sh
# All tests of the Go binding, against a library and tool that are built: ./test.sh [LIBRARY-FOLDER [TOOL]]
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
library=$(cd "${1:-$root/target/release}" && pwd)
tool=${2:-$library/hfx}
HFX_TOOL=$(cd "$(dirname "$tool")" && pwd)/$(basename "$tool")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What `make install` would write, for a folder where nothing is installed.
sed -e "s|@PREFIX@|$root|" -e "s|@VERSION@|0.1.0|" -e "s|^libdir=.*|libdir=$library|" "$root/bindings/c/hfx.pc.in" \
    >"$work/hfx.pc"
PKG_CONFIG_PATH=$work${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Go's cache does not look at what pkg-config says, but at this.
CGO_LDFLAGS="-O2 -g -L$library"
export HFX_TOOL PKG_CONFIG_PATH LD_LIBRARY_PATH CGO_LDFLAGS

step() {
    echo "== $*"
    "$@"
}

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    echo "gofmt: $unformatted" >&2
    exit 1
fi
step go vet ./...
step env GODEBUG=cgocheck=1 go test -count=1 ./...
step go test -count=1 -race -short -skip 'Example|Readme' .
step env GOEXPERIMENT=cgocheck2 go test -count=1 -short -run 'Download|Snapshot|Read|Stream|Commit|Upload|Cache|Error' -skip 'Example|Readme' .
step go test -count=1 -short -tags hfx_debug -run 'Collector|Leaks|Download|Reader|Commit|Cache' -skip Example .
step go test -count=1 -tags hfx_static -run 'Static|DownloadFile|Stream|Commit' .
step env -u PKG_CONFIG_PATH CGO_CFLAGS="-I$root/include" CGO_LDFLAGS="-L$library -lhfx" go build -tags hfx_env ./...
echo "== all tests of the Go binding passed"
