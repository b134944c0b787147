#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/gdb/run.sh: QEMU stopped at its first instruction, and GDB attached to it.
#
# Usage: tools/gdb/run.sh [GDB OPTION...]
# Reads: MODE (native, vmi, trap), ARGS, HVARGS, RUN, MEM   as iso/run.sh
# The console goes to build/gdb/console.log (another terminal: tail -f). Each user has a port of
# their own, so that a lab full of people can share a machine. QEMU ends with GDB.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    echo "gdb: $*" >&2
    exit 1
}

port=${GDB_PORT:-$((25000 + $(id -u) % 5000))}
log=build/gdb
mkdir -p "$log"

mode=${MODE:-vmi}
case $mode in
native | vmi | trap) ;;
kvm) fail "MODE=kvm runs the kernel in a machine of KVM's, not of this QEMU; there are: native, vmi, trap" ;;
xen) fail "MODE=xen needs a 64-bit CPU, and our symbols are for a 32-bit one; there are: native, vmi, trap" ;;
*) fail "MODE=$mode is not known; there are: native, vmi, trap" ;;
esac
line="pv=$mode${ARGS:+ $ARGS}${RUN:+ run=\"$RUN\"}"
if [[ $mode == native ]]; then
    booted=(-kernel build/kernel.elf -initrd build/initrd.tar -append "$line")
    symbols=()
else
    booted=(-kernel build/hv-stub.elf -append "${HVARGS:-}"
        -initrd "build/kernel.elf ${line//,/,,},build/initrd.tar")
    # No two images share an address, so both sets of symbols are good at once.
    symbols=(-ex "add-symbol-file build/hv-stub.debug")
fi
qemu-system-i386 -accel tcg -m "${MEM:-64}" -nodefaults -no-user-config -vga std -display none \
    -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=1 -serial "file:$log/console.log" \
    "${booted[@]}" -S -gdb "tcp:127.0.0.1:$port" </dev/null 2>"$log/qemu.log" &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true' EXIT

for _ in {1..50}; do
    { : >"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && break
    kill -0 "$qemu" 2>/dev/null || { cat "$log/qemu.log" >&2; exit 1; }
    sleep 0.1
done

echo "The console goes to $log/console.log. hbreak cpu_init, then c, is a good start: the sites"
echo "are patched. pv-ops and pv-sites show the table and the call sites."
# Symbols of C and NASM are in kernel.debug; hardware breakpoints work before paging is on.
gdb -q -nx -x tools/gdb/paravane.py -ex 'set confirm off' -ex 'set pagination off' \
    "${symbols[@]}" -ex "target remote 127.0.0.1:$port" "$@" build/kernel.debug
