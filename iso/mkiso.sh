#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# iso/mkiso.sh: makes a bootable CD image of a kernel and its modules.
#
# Usage: iso/mkiso.sh OUT.iso menu GRUB.CFG KERNEL [MODULE...]
#        iso/mkiso.sh OUT.iso line "COMMAND LINE" KERNEL [MODULE...]
# With `menu` GRUB shows that menu; with `line` it boots the kernel at once, with that command line.
# A module may be FILE::WORDS, which has a command line of its own: a kernel below a hypervisor.
# Needs: build/iso/grub.img, GRUB itself (`make build/iso/grub.img`), and xorriso.
# Gives: the same bytes for the same input: all dates are fixed, owners are not taken over.
# The 300 KiB of padding that xorriso adds stay: GRUB reads ahead, and a CD that ends too early fails.
set -euo pipefail

usage="usage: iso/mkiso.sh OUT.iso menu|line GRUB.CFG|\"COMMAND LINE\" KERNEL [MODULE...]"
out=${1:?$usage} kind=${2:?$usage} what=${3?$usage} kernel=${4:?$usage}
modules=("${@:5}")
grub=$(dirname "$0")/../build/iso/grub.img
date=2025010100000000

scratch=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# GRUB's shell would expand a dollar sign and drop a backslash, also between double quotes.
escaped() {
    local line=$1
    line=${line//\\/\\\\}
    echo "${line//\$/\\\$}"
}

one_entry() {
    local module file words
    printf 'set timeout=0\nmenuentry Paravane {\n'
    printf 'multiboot /boot/%s %s\n' "${kernel##*/}" "$(escaped "$what")"
    for module in "${modules[@]}"; do
        file=${module%%::*} words=${module#"$file"}
        printf 'module /boot/%s %s %s\n' "${file##*/}" "${file##*/}" "$(escaped "${words#::}")"
    done
    printf '}\n'
}

case $kind in
menu) menu=$what ;;
line) menu=$scratch/grub.cfg && one_entry >"$menu" ;;
*) echo "$usage" >&2 && exit 2 ;;
esac

files=("/boot/grub/grub.img=$grub" "/boot/grub/grub.cfg=$menu")
for file in "$kernel" "${modules[@]%%::*}"; do
    files+=("/boot/${file##*/}=$file")
done

if ! xorriso -no_rc -as mkisofs -quiet -r -V PARAVANE -o "$scratch/cd.iso" \
    --modification-date=$date --set_all_file_dates $date \
    -b boot/grub/grub.img -no-emul-boot -boot-load-size 4 -boot-info-table \
    -graft-points "${files[@]}" 2>"$scratch/messages"; then
    cat "$scratch/messages" >&2
    exit 1
fi
mv "$scratch/cd.iso" "$out"
