#!/bin/sh
# Sets a Swift 6 toolchain up where there is none: Debian 13's own, in a folder of its own below build/, since older
# distributions package none. Safe to run again; says what it cannot do, and fails then.
set -eu
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
CHROOT=${HFX_SWIFT_CHROOT:-$ROOT/build/swift-chroot}
MIRROR=${HFX_DEBIAN_MIRROR:-http://deb.debian.org/debian}
SUITE=trixie
PACKAGES="swiftlang gcc g++ libc6-dev libstdc++-14-dev pkg-config"

say() { printf '%s\n' "$*"; }
fail() { say "swift setup: $*" >&2; exit 1; }

native_swift() { swift --version 2>/dev/null | grep -Eq 'Swift version ([6-9]|[1-9][0-9])\.'; }

if native_swift; then
    say "ready: $(swift --version 2>/dev/null | head -n 1)"
    exit 0
fi
if [ -f "$CHROOT/.hfx-ready" ]; then
    say "ready: $CHROOT ($(cat "$CHROOT/.hfx-ready"))"
    exit 0
fi

[ "$(uname -s)" = Linux ] || fail "there is no Swift 6 here; install it from https://swift.org/install"
[ "$(id -u)" = 0 ] || fail "there is no Swift 6 here, and only root can make a chroot: run this as root, or install Swift 6"
mkdir -p "$CHROOT"
free_mb=$(df -Pm "$CHROOT" | awk 'NR == 2 { print $4 }')
[ "$free_mb" -ge 4096 ] || fail "4 GB are needed in $CHROOT, and $free_mb MB are free"
unshare -m true 2>/dev/null || fail "this machine does not let root make a mount namespace, which the chroot needs"

if ! command -v debootstrap >/dev/null 2>&1; then
    command -v apt-get >/dev/null 2>&1 || fail "debootstrap is missing, and there is no apt-get to install it with"
    install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null 2>&1; }
    install || { apt-get update -qq; install; } || fail "debootstrap could not be installed with apt-get"
fi
script=$SUITE
[ -e "/usr/share/debootstrap/scripts/$SUITE" ] || script=sid # An older debootstrap does not know the suite's name.

rm -rf --one-file-system "$CHROOT"
mkdir -p "$CHROOT"
log=$CHROOT.log
say "making a Debian 13 chroot with Swift 6 in $CHROOT (3.3 GB, some minutes; log: $log)"
debootstrap --variant=minbase "$SUITE" "$CHROOT" "$MIRROR" "/usr/share/debootstrap/scripts/$script" >"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; fail "debootstrap failed: is $MIRROR reachable? (HFX_DEBIAN_MIRROR names another)"; }
# The chroot finds names, and a proxy where one is set, as the host does.
cp -L /etc/resolv.conf "$CHROOT/etc/resolv.conf" 2>/dev/null || true
apt-config dump 2>/dev/null | grep -i '^Acquire::http.*::Proxy' >"$CHROOT/etc/apt/apt.conf.d/90proxy" || true
# Mounts /proc for what runs there (Swift needs it, too), in a namespace of its own: nothing stays mounted.
inside() { unshare -m sh -euc 'mount -t proc proc "$1/proc"; chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" \
    LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux DEBIAN_FRONTEND=noninteractive sh -euc "$2"' sh "$CHROOT" "$1"; }
inside "apt-get update -qq; apt-get install -y -qq --no-install-recommends $PACKAGES; apt-get clean" >>"$log" 2>&1 ||
    { tail -n 5 "$log" >&2; fail "the Swift packages could not be installed"; }

version=$(inside 'swift --version' 2>&1 | sed -n 's/.*\(Swift version [0-9.]*\).*/\1/p')
[ -n "$version" ] || fail "swift does not start in the chroot"
printf '%s\n' "$version" >"$CHROOT/.hfx-ready"
say "ready: $CHROOT ($version)"
