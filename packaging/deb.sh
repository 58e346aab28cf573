#!/bin/sh
# deb.sh FILES OUT GLIBC: Debian packages of a build (libhfx.so, libhfx.a, hfx), as a Debian user expects them: libhfx0
# for who runs a program, libhfx-dev for who builds one, hfx for the shell.
set -eu
cd "$(dirname "$0")/.."
FILES=$1 OUT=$2 GLIBC=$3
SOVERSION=0
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
REVISION=$VERSION-1
ARCH=$(dpkg --print-architecture)
TRIPLET=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
MAINTAINER=${DEBFULLNAME:-hfx} MAINTAINER="$MAINTAINER <${DEBEMAIL:-hfx@users.noreply.github.com}>"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
umask 022
ALL=$WORK/all
make -s install-files LIBDIR_FROM="$FILES" PREFIX=/usr DESTDIR="$ALL" LIBDIR="lib/$TRIPLET"

# What every package has to bring: who may do what with it, and what changed.
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: hfx\n'
    printf 'Source: https://github.com/hfx/hfx\n\nFiles: *\nCopyright: the authors of hfx\nLicense: Apache-2.0\n'
    printf ' On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.\n\n'
    cat "$ALL/usr/share/doc/hfx/THIRD-PARTY.txt"
} > "$WORK/copyright"
{
    printf 'hfx (%s) unstable; urgency=medium\n\n' "$REVISION"
    printf '  * Release %s: see https://github.com/hfx/hfx/blob/main/CHANGELOG.md\n\n' "$VERSION"
    printf ' -- %s  %s\n' "$MAINTAINER" "$(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")"
} | gzip -9n > "$WORK/changelog.Debian.gz"

# package NAME SECTION "MORE FIELDS" "SYNOPSIS" "DESCRIPTION" PATHS...: those paths of the installed tree.
package() {
    name=$1 section=$2 more=$3 synopsis=$4 text=$5
    shift 5
    root=$WORK/$name
    mkdir -p "$root/DEBIAN" "$root/usr/share/doc/$name"
    (cd "$ALL" && tar -c "$@") | tar -x -C "$root"
    cp "$WORK/copyright" "$WORK/changelog.Debian.gz" "$root/usr/share/doc/$name"
    mkdir -p "$root/usr/share/lintian/overrides"
    printf '# The texts are those of what is linked in, word by word.\n%s: %s\n' \
        "$name" copyright-file-contains-full-apache-2-license > "$root/usr/share/lintian/overrides/$name"
    {
        printf 'Package: %s\nSource: hfx\nVersion: %s\nArchitecture: %s\n' "$name" "$REVISION" "$ARCH"
        printf 'Maintainer: %s\nInstalled-Size: %s\n' "$MAINTAINER" "$(du -k -s "$root/usr" | cut -f 1)"
        printf 'Section: %s\nPriority: optional\n%s\n' "$section" "$more"
        printf 'Homepage: https://github.com/hfx/hfx\nDescription: %s\n%s\n' "$synopsis" "$text"
    } > "$root/DEBIAN/control"
    [ "$name" != "libhfx$SOVERSION" ] || {
        printf 'libhfx %s libhfx%s (>= %s)\n' "$SOVERSION" "$SOVERSION" "$VERSION" > "$root/DEBIAN/shlibs"
        printf 'libhfx.so.%s libhfx%s #MINVER#\n' "$SOVERSION" "$SOVERSION" > "$root/DEBIAN/symbols"
        sed 's/^\([^ ]*\) \(.*\)/ \1@Base \2/' include/hfx.symbols | LC_ALL=C sort >> "$root/DEBIAN/symbols"
        echo 'activate-noawait ldconfig' > "$root/DEBIAN/triggers"
    }
    (cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums)
    find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
    dpkg-deb --root-owner-group --build "$root" "$OUT/${name}_${REVISION}_$ARCH.deb" > /dev/null
}

find "$ALL/usr/share/man" -name '*.1' -exec gzip -9n {} +
mv "$ALL/usr/share/zsh/site-functions" "$ALL/usr/share/zsh/vendor-completions"
find "$ALL/usr/lib" -name '*.so.*' -exec chmod 644 {} +
lib=usr/lib/$TRIPLET
libc="Depends: libc6 (>= $GLIBC)"

package "libhfx$SOVERSION" libs "$libc
Multi-Arch: same" "files between programs and the Hugging Face Hub - library" \
    " Downloads and uploads files of the Hugging Face Hub for a program that links
 it: parallel, resumable, verified, in the cache that other tools share.
 .
 This package has the shared library." \
    "$lib/libhfx.so.$SOVERSION" "$lib/libhfx.so.$VERSION"
package libhfx-dev libdevel "Depends: libhfx$SOVERSION (= $REVISION)
Multi-Arch: same" "files between programs and the Hugging Face Hub - development" \
    " Downloads and uploads files of the Hugging Face Hub for a program that links
 it: parallel, resumable, verified, in the cache that other tools share.
 .
 This package has the headers for C and C++, the static library, and files for
 pkg-config and CMake." \
    usr/include "$lib/libhfx.so" "$lib/libhfx.a" "$lib/pkgconfig" "$lib/cmake"
package hfx net "$libc" "files between programs and the Hugging Face Hub - tool" \
    " Downloads and uploads files of the Hugging Face Hub from the shell: parallel,
 resumable, verified, in the cache that other tools share. It looks after that
 cache, repositories and tokens, and runs a Hub on one machine." \
    usr/bin usr/share/man usr/share/bash-completion usr/share/zsh usr/share/fish
