#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# iso/bochs.sh: runs Bochs to its end, with nobody at its screen.
#
# Usage: iso/bochs.sh LOG
# Reads: the variables that iso/bochsrc names, but for BOCHS_LOG; BOCHS_RC, another bochs.rc.
# Gives: Bochs's log in LOG, and what it prints in LOG.out. Its exit status says nothing.
#
# Bochs draws its screen on a pseudo-terminal of its own, and stands still once that is full. So
# what it draws is read here, and thrown away.
set -uo pipefail

export BOCHS_LOG=${1:?usage: iso/bochs.sh LOG}
printed=$BOCHS_LOG.out
here=$(dirname "$0")

screen() {
    sed -n 's/^Bochs connected to screen "\(.*\)"$/\1/p' "$printed"
}

bochs -q -f "$here/bochsrc" -rc "${BOCHS_RC:-$here/bochs.rc}" </dev/null >"$printed" 2>&1 &
bochs=$!
trap 'kill -KILL $bochs 2>/dev/null' EXIT

while [[ -z $(screen) ]] && kill -0 $bochs 2>/dev/null; do
    sleep 0.05
done
if [[ -n $(screen) ]]; then
    cat "$(screen)" >/dev/null 2>&1 &
fi
wait $bochs
