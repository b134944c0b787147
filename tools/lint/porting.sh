#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/lint/porting.sh: what libpvops.a asks of a kernel is what docs/porting.md says, and no more.
#
# Usage: tools/lint/porting.sh LIBPVOPS.A [NM [OBJDUMP]]
# Symbols of pvops/tables.ld are ours: they come with the tables. At most ten may be asked for.
set -euo pipefail
cd "$(dirname "$0")/../.."
library=${1:?usage: tools/lint/porting.sh LIBPVOPS.A [NM [OBJDUMP]]} nm=${2:-nm} objdump=${3:-objdump}
most=10

defined() {
    "$nm" --defined-only "$library" | awk 'NF == 3 { print $3 }'
    sed -n 's/^\([a-z_]*\) = \.;$/\1/p' pvops/tables.ld
}
# GCC leaves names of functions behind that it has optimised away: only what is referred to counts.
asked() {
    "$nm" -u "$library" | awk '$1 == "U" { print $2 }' | sort -u |
        comm -12 - <("$objdump" -r "$library" | awk '/R_386/ { sub(/[+-].*/, "", $3); print $3 }' | sort -u) |
        comm -13 <(defined | sort -u) -
}
asked=$(asked)
documented=$(sed -n '/^## What the kernel supplies/,/^## In/s/^| \(`[^|]*\)|.*/\1/p' docs/porting.md |
    tr -d '`,' | tr ' ' '\n' | grep . | sort)

if [[ $asked != "$documented" ]]; then
    echo "$library asks for other symbols (>) than docs/porting.md says (<):"
    diff <(echo "$documented") <(echo "$asked") || exit 1
fi
count=$(wc -l <<<"$asked")
[[ $count -le $most ]] || { echo "$library asks for $count symbols, more than $most" && exit 1; }
