#!/bin/sh
# test-chroot.sh FOLDER: what `make dist` left in FOLDER runs on the oldest Debian that the mirror has: the tarball, the
# packages (installed, built with, removed), the wheel. Needs root, debootstrap and the mirror; says so and passes where
# they are not there.
set -eu
cd "$(dirname "$0")/.."
OUT=$(cd "$1" && pwd)
MIRROR=${HFX_DEBIAN_MIRROR:-http://deb.debian.org/debian}
skip() {
    echo "skipped: a trial on the oldest Debian ($*)"
    exit 0
}

[ "$(id -u)" = 0 ] || skip "only root can make a chroot"
command -v debootstrap > /dev/null || skip "debootstrap is not here"
unshare -m true 2> /dev/null || skip "this machine does not let root make a mount namespace"
suite=
for each in wheezy jessie stretch buster bullseye bookworm trixie; do
    if python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=20)' \
        "$MIRROR/dists/$each/Release" 2> /dev/null; then
        suite=$each
        break
    fi
done
[ -n "$suite" ] || skip "$MIRROR is not reachable"

CHROOT=$PWD/build/chroot-$suite
# A namespace of its own: what is mounted there goes with it.
inside() {
    unshare -m sh -euc 'mount -t proc proc "$1/proc"; exec chroot "$1" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin http_proxy="${http_proxy:-}" DEBIAN_FRONTEND=noninteractive \
        sh -eu $2' sh "$CHROOT" "$1"
}
if [ ! -e "$CHROOT/.ready" ]; then
    rm -rf --one-file-system "$CHROOT"
    debootstrap --variant=minbase "$suite" "$CHROOT" "$MIRROR" > "$CHROOT.log" 2>&1 ||
        { tail -n 5 "$CHROOT.log"; echo "debootstrap failed" >&2; exit 1; }
    cp -L /etc/resolv.conf "$CHROOT/etc/resolv.conf" 2> /dev/null || true
    echo 'apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev pkg-config python3' \
        > "$CHROOT/setup.sh"
    inside /setup.sh >> "$CHROOT.log" 2>&1 || { tail -n 5 "$CHROOT.log"; echo "apt-get failed" >&2; exit 1; }
    touch "$CHROOT/.ready"
fi

rm -rf "$CHROOT/hfx"
mkdir "$CHROOT/hfx"
cp "$OUT"/*.tar.gz "$OUT"/*.deb "$OUT"/*.whl packaging/consumer/main.c bindings/c/examples/download.c "$CHROOT/hfx"
cat > "$CHROOT/hfx/try.sh" << 'INSIDE'
cd /hfx
trap '[ -z "$hub" ] || kill "$hub"' EXIT
hub=
# A file comes from a Hub on this machine, by whatever prints its path: $1 is a name for the cache.
fetch() {
    export HF_HOME=/hfx/home-$1
    shift
    cmp "$("$@")" /hfx/hub/models/acme/tiny/model.bin
}
mkdir -p hub/models/acme/tiny
head -c 3000000 /dev/urandom > hub/models/acme/tiny/model.bin

tar -xzf hfx-*.tar.gz
cd hfx-*-linux-*/
tree=$PWD
mkfifo /hfx/said
bin/hfx serve /hfx/hub > /hfx/said &
hub=$!
IFS='=' read -r _ HF_ENDPOINT < /hfx/said
export HF_ENDPOINT
fetch tool bin/hfx download -q acme/tiny model.bin
export PKG_CONFIG_PATH=$tree/lib/pkgconfig
cd ..
cc download.c $(pkg-config --cflags --libs hfx) -Wl,-rpath,$tree/lib -o shared
cc download.c $(pkg-config --cflags --static --libs hfx | sed 's/-lhfx/-l:libhfx.a/') -o static
fetch shared ./shared acme/tiny model.bin
fetch static ./static acme/tiny model.bin
echo "ok: the tarball: hfx, a C program with libhfx.so, one with libhfx.a"

unset PKG_CONFIG_PATH
dpkg -i ./*.deb > dpkg.log 2>&1 || { cat dpkg.log; exit 1; }
fetch deb-tool hfx download -q acme/tiny model.bin
cc download.c $(pkg-config --cflags --libs hfx) -o from-deb
fetch deb-library ./from-deb acme/tiny model.bin
ldconfig -p | grep -q libhfx.so.0
dpkg --purge hfx libhfx-dev libhfx0 >> dpkg.log 2>&1 || { cat dpkg.log; exit 1; }
[ -z "$(find /usr /etc /var/lib/dpkg/info -name '*hfx*')" ]
echo "ok: the Debian packages: installed, used, removed without a trace"

python3 -m zipfile -e hfx-*.whl wheel
PYTHONPATH=/hfx/wheel fetch wheel python3 -c 'import hfx; print(hfx.hf_hub_download("acme/tiny", "model.bin"))'
echo "ok: the wheel with $(python3 --version)"
INSIDE
inside /hfx/try.sh
echo "ok: on $suite, Debian $(cat "$CHROOT/etc/debian_version"), $(inside /dev/stdin << 'INSIDE'
ldd --version | sed -n '1s/.* //p' | sed 's/^/glibc /'
INSIDE
)"
