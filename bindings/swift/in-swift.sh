#!/bin/sh
# Runs a command where Swift 6 is: here, or in the chroot that setup.sh makes. `in-swift.sh LIBRARIES COMMAND...` runs
# it in bindings/swift, with the tree's header and the libraries of that folder; the chroot has both at their own paths.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
CHROOT=${HFX_SWIFT_CHROOT:-$ROOT/build/swift-chroot}
libraries=$(cd "$1" && pwd)
shift
export HFX_INCLUDE="$ROOT/include" HFX_LIB="$libraries"

if [ ! -f "$CHROOT/.hfx-ready" ]; then
    cd "$HERE"
    exec "$@"
fi
export ROOT CHROOT HERE libraries
# The mounts are this process's own, and go with it.
exec unshare -m sh -euc '
    tool=${HFX_TOOL:+$(dirname "$HFX_TOOL")}
    for folder in "$ROOT/include" "$ROOT/bindings" "$libraries" ${tool:+"$tool"}; do
        mkdir -p "$CHROOT$folder"
        mount --bind "$folder" "$CHROOT$folder"
    done
    mkdir -p "$CHROOT$ROOT/build/swift" "$ROOT/build/swift"
    mount --bind "$ROOT/build/swift" "$CHROOT$ROOT/build/swift"
    mount -t proc proc "$CHROOT/proc"
    exec chroot "$CHROOT" env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 TMPDIR=/tmp \
        LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux HFX_INCLUDE="$HFX_INCLUDE" HFX_LIB="$HFX_LIB" \
        HFX_TOOL="${HFX_TOOL:-}" sh -euc "cd \"$HERE\"; exec \"\$@\"" sh "$@"
' sh "$@"
