#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/kvm/nested.sh: QEMU on a real KVM, on any machine: a Linux with kvm-amd is emulated below it.
#
#   our kernel  |  QEMU -accel kvm  |  Linux, kvm-amd  |  QEMU -accel tcg -cpu max,+svm  |  here
#
# Usage: tools/kvm/nested.sh FILE... -- QEMU-OPTION... [-- QEMU-OPTION...]
#        Each `--` begins another run of the inner QEMU, one after the other.
# Reads: the files that the options name. NPT, BUSY, STAMP: see init. MEM: the guest's MiB.
#        STATUS: a file for the exit statuses of all runs.
# Gives: the inner QEMU's `-serial stdio` at this standard input and output, and the exit status of
#        its last run; 2, which is no guest's, if there was none, and a line that says why.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

files=()
while [[ ${1:?usage: nested.sh FILE... -- QEMU-OPTION...} != -- ]]; do
    files+=("$(realpath -s "$1")")
    shift
done
base=$("$here/base.sh") || exit 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# In single quotes a shell takes everything as it is, but for a single quote.
commands() {
    local word
    echo "cd '$PWD'"
    for word in "$@"; do
        if [[ $word == -- ]]; then
            printf '\nguest -cpu host'
        else
            printf " '%s'" "${word//\'/\'\\\'\'}"
        fi
    done
    echo
}

mkdir "$scratch/root"
cd "$scratch/root"
(cd "$OLDPWD" && commands "$@") >"./command"
for file in "${files[@]}"; do
    mkdir -p ".${file%/*}"
    cp "$file" ".$file"
done
# Linux unpacks one archive after the other.
find . -mindepth 1 | "$base/busybox" cpio -o -H newc --quiet | cat "$base/base.cpio" - >"$scratch/initrd"

touch "$scratch/linux" "$scratch/status" # which QEMU may end without
qemu-system-x86_64 -accel tcg -cpu max,+svm -m $((${MEM:-64} + 224)) -nodefaults -no-user-config \
    -vga none -display none -no-reboot -serial "file:$scratch/linux" \
    -chardev stdio,id=console,signal=off -serial chardev:console -serial "file:$scratch/status" \
    -kernel "$base/vmlinuz" -initrd "$scratch/initrd" \
    -append "console=ttyS0 quiet panic=-1 NPT=${NPT:-1} BUSY=${BUSY:-0} ${STAMP:+STAMP=1}" || true
tr -d '\r' <"$scratch/status" >"${STATUS:-$scratch/statuses}"
status=$(tail -n 1 "${STATUS:-$scratch/statuses}")
if [[ -z $status ]]; then
    echo "kvm: the Linux below ended without a status; its last words:" >&2
    tail -n 5 "$scratch/linux" >&2
    exit 2
fi
exit "$status"
