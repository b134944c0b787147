#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/setup.sh: installs what tools/doctor.sh finds missing, and nothing else.
#
# Usage: tools/setup.sh
# Needs: on Debian and Ubuntu root, or sudo. Elsewhere it installs nothing and prints what to do.
# Gives: status 0 if everything that must be there is there afterwards. Can be run again any time.
set -euo pipefail

doctor=$(dirname "$0")/doctor.sh

# The first package manager that is here.
find_manager() {
    local manager
    for manager in apt-get dnf pacman brew; do
        if command -v "$manager" >/dev/null; then
            echo "${manager%-get}"
            return
        fi
    done
    echo "setup: none of apt-get, dnf, pacman and brew is here; install what is missing:" >&2
    "$doctor" >&2 || true
    return 1
}

install_by_apt() {
    local become_root=()
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "setup: as root: apt-get install --no-install-recommends $*" >&2
            return 1
        fi
        become_root=(sudo)
    fi
    echo "setup: apt-get installs: $*"
    "${become_root[@]}" apt-get update -qq
    "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

manager=$(find_manager)
read -ra packages <<<"$("$doctor" missing "$manager" | tr '\n' ' ')"

if ((${#packages[@]} == 0)); then
    echo "setup: nothing to install"
else
    case $manager in
    apt) install_by_apt "${packages[@]}" ;;
    dnf) echo "setup: install them with: sudo dnf install ${packages[*]}" ;;
    pacman) echo "setup: install them with: sudo pacman -S --needed ${packages[*]}" ;;
    brew) echo "setup: install them with: brew install ${packages[*]}" ;;
    esac
fi

if [[ $manager == brew ]]; then
    echo "setup: and with: pip3 install pytest-xdist pexpect unicorn; then say make PYTHON=python3 CROSS=i686-elf- ..."
fi
if ! report=$("$doctor"); then
    printf '%s\nsetup: not ready yet\n' "$report" >&2
    exit 1
fi
echo "setup: ready; \`make doctor\` shows what is here"
