#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/doctor.sh: looks at each tool of tools/needs.txt: is it there, and in a tested version?
#
# Usage: tools/doctor.sh                    a table, and for what is missing what to do
#        tools/doctor.sh missing MANAGER    only the packages of apt, dnf, pacman or brew to install
# Reads: CROSS, HOSTCC, PYTHON and GRUB_MKIMAGE, as make does.
# Gives: status 1 if a tool is missing that must be there. Changes nothing.
set -euo pipefail

cross_gcc=${CROSS:-}gcc
hostcc=${HOSTCC:-cc}
python=${PYTHON:-/usr/bin/python3}
grub_mkimage=${GRUB_MKIMAGE:-grub-mkimage}

# Says something with the version in it; fails if the tool is missing or cannot do what we need.
ask() {
    case $1 in
    gcc) "$cross_gcc" -m32 -c -x c /dev/null -o /dev/null && "$cross_gcc" -dumpfullversion ;;
    ld) "${CROSS:-}ld" --version ;;
    host-compiler)
        echo '#include <stdio.h>' |
            "$hostcc" -fsanitize=address,undefined -shared -fPIC -x c - -o /dev/null &&
            "$hostcc" --version
        ;;
    cmocka) echo 'int main(void) { return 0; }' | "$hostcc" -x c - -lcmocka -o /dev/null ;;
    bochs) bochs --help 2>&1 | grep Emulator ;;
    bochs-term)
        compgen -G '/usr/lib*/bochs/plugins/libbx_term*.so' ||
            compgen -G '/usr/lib/*/bochs/plugins/libbx_term*.so'
        ;;
    bochs-bios) ls "${BXSHARE:-/usr/share/bochs}/"{BIOS-bochs,VGABIOS-lgpl}-latest ;;
    grub-mkimage) "$grub_mkimage" --version ;;
    grub-i386-pc) { "$grub_mkimage" -O i386-pc-eltorito -p / multiboot || true; } | grep -qa . ;;
    python3) "$python" --version ;;
    pytest | xdist | pexpect | unicorn) "$python" -c "import $1; print($1.__version__)" ;;
    *) "$1" --version ;;
    esac
}

# The version in what `ask` says, "?" if it does not say one, "-" if the tool is missing.
version() {
    local said
    if said=$(ask "$1" 2>/dev/null); then
        grep -oE '[0-9]+(\.[0-9]+)+' <<<"$said" | head -n 1 || echo '?'
    else
        echo '-'
    fi
}

# A line for each tool: its columns of needs.txt with only this manager's packages, and its version.
look() {
    local manager=$1 tool need tested purpose apt dnf pacman brew packages
    while read -r tool need tested purpose apt dnf pacman brew; do
        case $manager in
        apt) packages=$apt ;;
        dnf) packages=$dnf ;;
        pacman) packages=$pacman ;;
        brew) packages=$brew ;;
        *) echo "doctor: no packages are known for $manager" >&2 && return 2 ;;
        esac
        echo "$tool $need $tested $purpose $packages $(version "$tool")"
    done < <(grep -v '^#' "$(dirname "$0")/needs.txt")
}

if [[ ${1:-} == missing ]]; then
    look "${2:?usage: tools/doctor.sh [missing MANAGER]}" |
        awk '$6 == "-" && $5 != "-" { print $5 }' | tr ',' '\n' | sort -u
    exit
fi

format='%-17s %-9s %-8s %-6s %s\n'
missing=()
status=0
# shellcheck disable=SC2059 # the format is above
printf "$format" TOOL VERSION TESTED FOR STATE
while read -r tool need tested purpose packages found; do
    if [[ $found == - ]]; then
        state=MISSING
        missing+=("$tool: apt-get install ${packages//,/ }")
        [[ $need == may ]] || status=1
    elif [[ $tested == - || $found == "$tested" || $found == "$tested".* ]]; then
        state=ok
    else
        state="not the tested version, but may well work"
    fi
    # shellcheck disable=SC2059 # the format is above
    printf "$format" "$tool" "$found" "$tested" "$purpose" "$state"
done < <(look apt)

if ((${#missing[@]} > 0)); then
    printf '\nMissing; "make setup" installs it on Debian and Ubuntu, and says elsewhere how:\n'
    printf '  %s\n' "${missing[@]}"
fi
if command -v "$cross_gcc" >/dev/null && ! ask gcc >/dev/null 2>&1; then
    echo "$cross_gcc has no -m32: install gcc-i686-linux-gnu, and say make CROSS=i686-linux-gnu- ..."
fi

# What only some of the machines need.
if [[ -r ${XDG_CACHE_HOME:-$HOME/.cache}/paravane/xen/xen.elf ]]; then
    echo "MODE=xen: its Xen has been built"
else
    echo "MODE=xen: make xen builds its Xen"
fi
if "$(dirname "$0")/kvm/base.sh" made >/dev/null 2>&1; then
    echo "MODE=kvm: the Linux for nested KVM has been made"
else
    echo "MODE=kvm: where /dev/kvm does not run our kernel, the first run downloads a Linux for nested KVM"
fi
exit $status
