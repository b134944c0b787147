#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/xen/build.sh: builds a Xen that runs 32-bit paravirtual guests, which Debian's own does not.
#
# Usage: tools/xen/build.sh
# Reads: XDG_CACHE_HOME; all that is made stays below ${XDG_CACHE_HOME:-$HOME/.cache}/paravane/xen
# Needs: apt, and the tools of tools/xen/needs.txt, which it installs if it is run by root; 200 MB
#        of disk while it works; a minute or two. Does nothing if it has been done before.
# Gives: xen.elf, which QEMU's -kernel takes, xen.gz for GRUB, and include/, Xen's public headers.
#
# The source is Debian's package, of a fixed version and checksum, without Debian's patches, which
# are for the tools. The configuration is Debian's (all defaults, no debugging) and one line more:
# CONFIG_PV32. Dates and names in the binary are fixed: the same compiler makes the same bytes.
set -euo pipefail

version=4.17.5+72-g01140da4e8-1
tarball=xen_4.17.5+72-g01140da4e8.orig.tar.xz
sha256=53922f4d0a02c577f2ea9d63f65989cd88715779eebeed879ca1d314103ee06e
mirror=http://deb.debian.org/debian

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/paravane/xen
done_mark=$cache/built-$version-pv32

say() {
    echo "xen: $*" >&2
}

fail() {
    say "$*"
    exit 1
}

missing_tools() {
    local tool package
    while read -r tool package; do
        command -v "$tool" >/dev/null || echo "$package"
    done < <(grep -v '^#' "$here/needs.txt")
}

need_tools() {
    local missing
    mapfile -t missing < <(missing_tools)
    ((${#missing[@]} > 0)) || return 0
    ((EUID == 0)) || fail "as root: apt-get install --no-install-recommends ${missing[*]}"
    say "apt-get installs: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" </dev/null >/dev/null
}

# A source list, an index and a cache of our own: the system's are neither read nor changed.
private_apt() {
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    echo "deb-src $mirror bookworm main" >"$cache/apt/sources.list"
    apt-get -qq -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt" \
        -o APT::Sandbox::User= "$@"
}

is_right() {
    [[ -r $1 ]] && sha256sum --status --check <<<"$sha256  $1" 2>/dev/null
}

fetch() {
    if is_right "$cache/$tarball"; then
        return
    elif [[ -e $cache/$tarball ]]; then
        say "$tarball is damaged, fetching it again"
        rm -f "${cache:?}/$tarball"
    fi
    say "1 of 3: fetching Debian's source package xen $version (5 MB, and a 10 MB index)"
    (cd "$cache" && private_apt update && private_apt source --download-only "xen=$version") ||
        fail "apt-get could not fetch it from $mirror; is there a network?"
    is_right "$cache/$tarball" || fail "$cache/$tarball has not the checksum that it should have"
    rm -rf "$cache/apt"
}

configure() {
    say "2 of 3: unpacking, and configuring with CONFIG_PV32"
    rm -rf "$cache/source"
    mkdir "$cache/source"
    tar -xJf "$cache/$tarball" -C "$cache/source" --strip-components=1
    printf 'CONFIG_DEBUG=n\nCONFIG_PV32=y\n' >"$cache/source/xen/.config"
    make_xen olddefconfig >"$cache/build.log" 2>&1 || fail "that failed, see $cache/build.log"
    grep -qx CONFIG_PV32=y "$cache/source/xen/.config" || fail "this Xen has no CONFIG_PV32"
}

make_xen() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES -u CROSS -u CC -u LD -u MODE \
        make -C "$cache/source/xen" -j"$(nproc)" XEN_TARGET_ARCH=x86_64 debug=n PYTHON=/usr/bin/python3 \
        XEN_BUILD_DATE=2025-01-01 XEN_BUILD_TIME=00:00:00 XEN_WHOAMI=paravane \
        XEN_DOMAIN=paravane XEN_BUILD_HOST=paravane "$@"
}

# A dot for each 25 files, so that a minute does not look like a hang.
progress() {
    awk '++n % 25 == 0 { printf "."; fflush() } END { print "" }' >&2
}

compile() {
    say "3 of 3: compiling (about a minute on two cores)"
    make_xen 2>&1 | tee "$cache/build.log" | progress || fail "that failed, see $cache/build.log"
    cp "$cache/source/xen/xen.gz" "$cache/xen.gz"
    gunzip -c "$cache/xen.gz" >"$cache/xen.elf"
    rm -rf "$cache/include"
    cp -r "$cache/source/xen/include/public" "$cache/include"
    rm -rf "$cache/source"
}

if [[ -e $done_mark ]]; then
    say "$cache/xen.elf is there already; to build it again: rm -r $cache"
    exit
fi
command -v apt-get >/dev/null || fail "there is no apt-get, which fetches Debian's source package"
need_tools
mkdir -p "$cache"
fetch
configure
compile
touch "$done_mark"
say "built $cache/xen.elf; try: make run MODE=xen"
