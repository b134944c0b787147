#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/kvm/base.sh: a Linux with KVM in it, to be booted by nested.sh: made once, then kept.
#
# Usage: tools/kvm/base.sh         makes it, if it has not been made
#        tools/kvm/base.sh made    status 1 if it has not been made
# Needs: Debian's apt-get, to download packages (none is installed); QEMU, which also goes inside.
# Gives: the name of a folder, on standard output: there are vmlinuz, base.cpio and busybox. It is
#        below ${XDG_CACHE_HOME:-~/.cache}/paravane/kvm, named after what it was made from.
#        Status 1, and a line that says why, if it cannot be made.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/paravane/kvm

fail() {
    echo "kvm: $*" >&2
    exit 1
}

# The program itself: on Debian 12 the one in the PATH is a script that looks for Xen first.
find_qemu() {
    local file
    for file in "$(command -v qemu-system-i386 || true)" /usr/libexec/qemu-system-i386; do
        if [[ -r $file && $(head -c 4 "$file" | tail -c 3) == ELF ]]; then
            echo "$file"
            return
        fi
    done
    fail "there is no qemu-system-i386: \`make setup\` installs it"
}

command -v apt-get >/dev/null || fail "nested KVM needs Debian's kernel, and here is no apt-get to download it"
kernel=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -n 1)
[[ -n $kernel ]] || fail "apt knows no package linux-image-cloud-amd64: \`apt-get update\` may help"
qemu=$(find_qemu)
key=$( (cat "$0" "$here/init" && echo "$kernel" && sha256sum "$qemu") | sha256sum | head -c 16)
base=$cache/$key
[[ ${1:-} != made || -d $base ]] || exit 1
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # several may ask at once: one makes it
if [[ -d $base ]]; then
    echo "$base"
    exit
fi

echo "kvm: downloading $kernel and busybox-static, and packing them into $base" >&2
work=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -q download "$kernel" busybox-static >messages 2>&1 || fail "apt-get download failed: $(tail -n 1 messages)"
for package in *.deb; do
    dpkg-deb -x "$package" packages
done

mkdir -p root/bin root/dev root/proc root/guest root/lib/modules root/lib/qemu
cp "$here/init" root/init
cp packages/bin/busybox root/bin/busybox
cp "$qemu" root/bin/qemu
# All shared libraries, at the same paths as here; the first word or the third is the path.
ldd "$qemu" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "root${library%/*}"
    cp "$library" "root$library"
done
for firmware in bios-256k.bin vgabios-stdvga.bin kvmvapic.bin multiboot.bin multiboot_dma.bin; do
    file=$("$qemu" -L help | while read -r folder; do ls "$folder/$firmware" 2>/dev/null || true; done)
    [[ -n $file ]] || continue # multiboot_dma.bin is newer than some QEMUs
    cp "$(head -n 1 <<<"$file")" root/lib/qemu
done
for module in virt/lib/irqbypass arch/x86/kvm/kvm arch/x86/kvm/kvm-amd; do
    cp packages/lib/modules/*/kernel/$module.ko root/lib/modules
done
strip -g root/lib/modules/*.ko
chmod +x root/init root/bin/*

mkdir made
cp packages/boot/vmlinuz-* made/vmlinuz
cp packages/bin/busybox made/busybox
(cd root && find . | sort | ../made/busybox cpio -o -H newc --quiet -F ../made/base.cpio)
mv made "$base"
echo "$base"
