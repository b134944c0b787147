#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# iso/run.sh: boots what was built on an emulated PC, with its console on this terminal.
#
# Usage: iso/run.sh kernel   QEMU loads the kernel and the initrd itself
#        iso/run.sh iso      QEMU boots the CD
#        iso/run.sh bochs    Bochs boots the CD
# Reads: MODE   vmi: on hv-stub, which the kernel finds by its ROM; trap: on hv-stub, by trap and
#               emulate; native: on the machine itself; kvm: on KVM, that of this machine if it runs
#               our kernel, else that of a Linux which is emulated for it (tools/kvm/nested.sh);
#               xen: on the Xen that `make xen` has built
#        KERNEL another kernel to boot, in any MODE but xen
#        ARGS   words for the kernel's command line
#        HVARGS words for hv-stub's, or Xen's
#        RUN    commands for its shell, after which it powers off
#        MEM    MiB of memory, 4 or more; on Xen the kernel's, and Xen has 64 more
#        QEMU   which QEMU; words after its name are options for it, and the last to be heard
# Gives: the exit status with which the guest powered off (lib/exit.h).
#        1, and a line that says so, when the emulator or Xen failed, or the guest ended without a
#        status.
# A CD with ARGS or RUN is made for this run alone, with no menu. What a run writes is below
# build/run/, in a folder of its own, as several may go on at once; it is kept when the run failed.
set -euo pipefail

medium=${1:?usage: iso/run.sh kernel|iso|bochs}
mode=${MODE:-vmi} args=${ARGS:-} run=${RUN:-} hvargs=${HVARGS:-} megs=${MEM:-64}
read -ra extra <<<"${QEMU:-qemu-system-i386}"
qemu=("${extra[0]}") extra=("${extra[@]:1}") accel=(-accel tcg) console=(-serial mon:stdio)

cd "$(dirname "$0")/.."
kernel=${KERNEL:-build/kernel.elf}
hypervisor=build/hv-stub.elf
initrd=build/initrd.tar
xen=${XDG_CACHE_HOME:-$HOME/.cache}/paravane/xen/xen.elf
mkdir -p build/run
scratch=$(mktemp -d build/run/XXXXXX)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "run: $*" >&2
    trap - EXIT
    rmdir "$scratch" 2>/dev/null || true # unless something is in it to read
    exit 1
}

# A program that cannot be started ends with 127, as one does whose guest says `exit 47`.
need_qemu() {
    local said
    type -P "${qemu[0]}" >/dev/null || fail "there is no program ${qemu[0]}; \`make setup\` installs QEMU"
    said=$("${qemu[0]}" --version 2>&1) || fail "${qemu[0]} does not start: ${said%%$'\n'*}"
}

[[ $mode =~ ^(vmi|native|trap|kvm|xen)$ ]] ||
    fail "MODE=$mode is not known; there are: vmi, native, trap, kvm, xen"
[[ $mode != kvm || $medium == kernel ]] || fail "MODE=kvm has no CD: \`make run MODE=kvm\`"
[[ $megs =~ ^([4-9]|[1-9][0-9]{1,6})$ ]] || fail "MEM=$megs is not a number of MiB, 4 or more"
[[ -r $kernel ]] || fail "there is no kernel $kernel"
cmp -sn 4 - "$kernel" <<<$'\x7fELF' 2>/dev/null || fail "$kernel is not an ELF file"
[[ $run != *'"'* ]] || fail "RUN is put between double quotes, so it cannot hold one"
[[ ! $mode =~ ^(native|kvm)$ || -z $hvargs ]] ||
    echo "run: HVARGS are for hv-stub and Xen; with MODE=$mode nobody reads them" >&2
if [[ $mode == xen ]]; then
    [[ -r $xen ]] || fail "there is no Xen $xen; make xen builds it"
    [[ $medium != bochs ]] || fail "MODE=xen is for QEMU: Bochs has no exit port, and Xen no other end"
    hypervisor=$xen
    hvargs="console=com1 com1=115200,8n1 dom0_mem=${megs}M${hvargs:+ $hvargs}"
    megs=$((megs + 64))
    qemu[0]=${qemu[0]/%-i386/-x86_64} # Xen is a 64-bit hypervisor
    # As mon:stdio, with a copy: why Xen ended is nowhere else to be seen.
    stdio=stdio,id=console,mux=on,signal=off,logfile=$scratch/console
    console=(-chardev "$stdio" -serial chardev:console -mon console)
fi
[[ $medium == bochs ]] || need_qemu
line=pv=$mode${args:+ $args}${run:+ run=\"$run\"}

# The CD to boot: the one with the menu, unless something special was asked for.
cd_image() {
    if [[ $line$hvargs == pv=vmi && $kernel == build/kernel.elf ]]; then
        echo "build/paravane.iso"
        return
    elif [[ $mode == native ]]; then
        iso/mkiso.sh "$scratch/paravane.iso" line "$line" "$kernel" "$initrd"
    else
        iso/mkiso.sh "$scratch/paravane.iso" line "$hvargs" "$hypervisor" "$kernel::$line" "$initrd"
    fi
    echo "$scratch/paravane.iso"
}

# In QEMU's -initrd a comma separates modules, and two are one comma.
run_kernel() {
    [[ $mode != kvm ]] || choose_kvm
    if [[ $mode =~ ^(native|kvm)$ ]]; then
        run_qemu -kernel "$kernel" -initrd "${initrd//,/,,}" -append "$line"
    else
        run_qemu -kernel "$hypervisor" -append "$hvargs" \
            -initrd "${kernel//,/,,} ${line//,/,,},${initrd//,/,,}"
    fi
}

# Why this machine's KVM does not run our kernel; nothing if it does. That there is a /dev/kvm does
# not say that it runs 32-bit guests with paging: a kernel must try. Ours, as the user's need not
# exit with 42.
kvm_refusal() {
    local status=0 said
    [[ -e /dev/kvm ]] || { echo "it is not there" && return; }
    [[ -w /dev/kvm ]] || { echo "it is not writable" && return; }
    timeout -s KILL 10 "${qemu[0]}" -accel kvm -cpu host -m 64 -nodefaults -display none \
        -device isa-debug-exit,iobase=0xf4,iosize=1 -kernel build/kernel.elf \
        -initrd "${initrd//,/,,}" -append 'pv=kvm run="exit 42"' >"$scratch/kvm" 2>&1 || status=$?
    ((status != (16 + 42) * 2 + 1)) || return 0
    said=$(grep -am 1 '[^[:space:]]' "$scratch/kvm") || said="QEMU ended with status $status"
    echo "${said#"${qemu[0]}: "}"
} 2>/dev/null # how bash reports a killed or aborted one

choose_kvm() {
    local refusal
    refusal=$(kvm_refusal)
    rm -f "$scratch/kvm"
    if [[ -z $refusal ]]; then
        echo "run: this machine's own KVM (/dev/kvm)" >&2
        accel=(-accel kvm -cpu host)
    else
        echo "run: /dev/kvm does not run our kernel ($refusal); nested, on the KVM of an emulated Linux" >&2
        qemu=(tools/kvm/nested.sh "$kernel" "$initrd" --)
        accel=()
        export MEM=$megs
    fi
}

# Why Xen ended, by what it printed; nothing if its guest asked for a reset, or a person for the end.
xen_ended() {
    local said
    said=$(grep -a '^(XEN)' "$scratch/console") || true
    grep -qE 'Panic on CPU|(Dom0|Domain 0) crashed' <<<"$said" || return 0
    case $said in
    *"CONFIG_PV32 missing"* | *"failed to switch to compat"*)
        echo "this Xen runs no 32-bit guests; \`make xen\` builds one that does, unless HVARGS forbid it"
        ;;
    *"Not enough "* | *"allocation is too small"*)
        echo "not enough memory for Xen and its domain 0; give it more: MEM="
        ;;
    *) echo "Xen ended: its last lines say why" ;;
    esac
}

# QEMU's exit status is (byte << 1) | 1, and the byte is 10h + the guest's status.
guest_status() {
    local status=$1 cause=
    [[ $mode != xen || $status != 0 ]] || cause=$(xen_ended)
    if [[ -n $cause ]]; then
        fail "$cause"
    elif ((status == 1)); then
        fail "QEMU itself failed"
    elif ((status == 2)) && [[ ${qemu[0]} == */nested.sh ]]; then
        exit 1 # it has said why
    elif ((status == 0)) && [[ -z $run ]]; then
        return 0 # left by Ctrl-A X, or rebooted
    elif ((status == 0)); then
        fail "the machine ended without a status: it was reset, or left by hand"
    elif ((status < 33 || status % 2 == 0)); then
        fail "QEMU ended with status $status, which is none of the guest's"
    fi
    return $(((status >> 1) - 16))
}

run_qemu() {
    local medium_options=("$@") status=0
    echo "run: QEMU, console on this terminal; Ctrl-A X leaves it" >&2
    "${qemu[@]}" "${accel[@]}" -m "$megs" -nodefaults -no-user-config -vga std -display none \
        "${console[@]}" -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=1 \
        "${medium_options[@]}" "${extra[@]}" || status=$?
    guest_status "$status"
}

run_bochs() {
    local status log=$scratch/bochs.log
    export BOCHS_MEGS=$megs BOCHS_ISO TERM=${TERM:-xterm}
    BOCHS_ISO=$(cd_image)
    if [[ -z $run && -t 0 && -t 1 ]]; then
        export BOCHS_MODE=term BOCHS_SERIAL=/dev/tty
        local terminal
        terminal=$(stty -g)
        echo "run: Bochs, console on this terminal; \`exit\` leaves it, or elsewhere \`pkill -9 bochs\`" >&2
        iso/bochs.sh "$log" || true
        stty "$terminal" 2>/dev/null || true # complains about what a pseudo-terminal cannot have
        grep -q "Shutdown port" "$log" || fail "Bochs ended by itself, see $log"
    else
        export BOCHS_MODE=file BOCHS_SERIAL=/dev/fd/3
        { iso/bochs.sh "$log" || true; } 3>&1 | tee "$scratch/console"
        status=$(sed -n 's/^exit: \([0-9]*\)\r*$/\1/p' "$scratch/console" | tail -n 1)
        [[ -n $status ]] || fail "the machine ended without a status, see $log"
        return "$status"
    fi
}

case $medium in
kernel) run_kernel ;;
iso) run_qemu -cdrom "$(cd_image)" ;;
bochs) run_bochs ;;
*) fail "$medium is not a way to boot; there are: kernel, iso, bochs" ;;
esac
