#!/bin/sh
# What ships for Linux, into build/dist: the tarball, the Debian packages and the wheel, for glibc 2.17 and newer, checked
# and tried. dist.sh [GLIBC]. Sizes and the count of crates go to BENCHMARKS.md by hand.
set -eu
cd "$(dirname "$0")/.."
BUILD=$PWD/build
GLIBC=${1:-2.17}
OUT=$BUILD/dist
FILES=$OUT/files
VENV=$BUILD/dist-venv
ARCH=$(uname -m)
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
TREE=hfx-$VERSION-linux-$ARCH
MAX_SIZE=$((6 * 1024 * 1024))
MAX_CRATES=150
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

fail() {
    echo "dist: $*" >&2
    exit 1
}

# From PyPI: zig is the compiler and linker that knows old glibc versions.
TOOLS="cargo-zigbuild==0.24.0 ziglang==0.17.1 setuptools wheel auditwheel"
if [ "$(cat "$VENV/ready" 2> /dev/null)" != "$TOOLS" ]; then
    python3 -m venv --clear "$VENV"
    # shellcheck disable=SC2086 # A list.
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check $TOOLS
    echo "$TOOLS" > "$VENV/ready"
fi
PATH=$VENV/bin:$PATH

# --- Build, and check what came of it
rm -rf "$OUT"
mkdir -p "$OUT"
packaging/build.sh "$FILES" "$GLIBC"

crates=$(cargo tree --locked -e normal --no-default-features --prefix none --target "$ARCH-unknown-linux-gnu" |
    sed 's/ (.*//' | sort -u | wc -l)
size=$(wc -c < "$FILES/libhfx.so")
newest() { objdump -T "$1" | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1; }
echo "libhfx.so: $size bytes (at most $MAX_SIZE), $crates crates (at most $MAX_CRATES)"
for file in libhfx.so hfx; do
    needed=$(objdump -p "$FILES/$file" | awk '$1 == "NEEDED" { printf " %s", $2 }')
    echo "$file: newest symbol GLIBC_$(newest "$FILES/$file"), needs$needed"
    [ "$(printf '%s\n%s\n' "$(newest "$FILES/$file")" "$GLIBC" | sort -V | tail -n 1)" = "$GLIBC" ] ||
        fail "$file needs a glibc newer than $GLIBC"
    ! grep -aqF -e "$PWD" -e "$HOME/" "$FILES/$file" || fail "$file names folders of this machine"
done
[ "$size" -le "$MAX_SIZE" ] || fail "libhfx.so is too large"
[ "$crates" -le "$MAX_CRATES" ] || fail "libhfx has too many dependencies"
objdump -p "$FILES/libhfx.so" | grep -q 'SONAME *libhfx.so.0' || fail "libhfx.so has no soname"
cut -d ' ' -f 1 include/hfx.symbols | sort > "$OUT/ledger"
objdump -T "$FILES/libhfx.so" | awk '$4 != "*UND*" && $2 ~ /g|w/ { print $NF }' | sort > "$OUT/exported"
diff "$OUT/ledger" "$OUT/exported" || fail "libhfx.so exports other symbols than include/hfx.symbols lists"
rm "$OUT/ledger" "$OUT/exported"

# --- The tarball: a tree that finds itself, wherever it is unpacked
# shellcheck disable=SC2016 # pkg-config's variable, past make.
make -s install-files LIBDIR_FROM="$FILES" PREFIX="$OUT/$TREE" PC_PREFIX='$${pcfiledir}/../..'
cp -r bindings/c/examples "$OUT/$TREE/share/doc/hfx/examples"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$OUT" -c "$TREE" |
    gzip -9n > "$OUT/$TREE.tar.gz"

# --- Debian packages, the wheel
packaging/deb.sh "$FILES" "$OUT" "$GLIBC"
python "$PWD/bindings/python/build_wheel.py" "$FILES/libhfx.so" "$OUT" > /dev/null
auditwheel show "$OUT"/*.whl | tr '\n' ' ' | grep -o 'tag: "manylinux[^"]*"' || fail "auditwheel does not know the wheel"

# --- Try them
packaging/test.sh "$OUT/$TREE"
packaging/test-wheel.sh "$OUT"/*.whl "$FILES/hfx"
packaging/test-chroot.sh "$OUT"
(cd "$OUT" && sha256sum ./*.tar.gz ./*.deb ./*.whl | tee SHA256SUMS && wc -c ./*.tar.gz ./*.deb ./*.whl)
