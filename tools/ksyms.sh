#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/ksyms.sh: turns `nm -n` of the kernel into the NASM table that kernel/ksyms.c searches.
#
# Usage: nm -n kernel.pass1 | tools/ksyms.sh > ksyms.asm
# Only code is listed: it comes first in the image, so its addresses are the same in both links.
exec awk '
BEGIN {
    print "section .ksyms write"
    print "global ksyms, ksyms_count"
    print "align 4"
    print "ksyms:"
}
$2 ~ /^[tT]$/ && $3 !~ /\./ {
    printf "    dd 0x%s, name_%d\n", $1, count
    names[count++] = $3
}
END {
    printf "ksyms_count: dd %d\n", count
    for (i = 0; i < count; i++)
        printf "name_%d: db \"%s\", 0\n", i, names[i]
}'
