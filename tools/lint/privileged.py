#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that every privileged operation goes through pvops.

Usage: tools/lint/privileged.py KERNEL.ELF [OBJDUMP]

Disassembles the kernel and fails on any instruction of FORBIDDEN outside the functions of
ALLOWED (rdtsc also in READER): an instruction that is privileged, or that shows or changes the state of the privilege
level without trapping. Segment moves are allowed: with the kernel's RPL they are harmless.
"""
import re
import subprocess
import sys

FORBIDDEN = re.compile(
    r"^(cli|sti|hlt|ins[bwdl]?|outs[bwdl]?|in|out|lgdtd?|lidtd?|lldt|ltr|invlpg|invd|wbinvd|clts|"
    r"lmsw|rdmsr|wrmsr|rdpmc|rdtscp?|iret[dw]?|pushf[dw]?|popf[dw]?|sgdtd?|sidtd?|sldt|str|smsw|"
    r"lar|lsl|verr|verw|cpuid|sysexit|sysret)$"
)
SYSTEM_REGISTER = re.compile(r"%?\b[cd]r[0-7]\b")

# The bodies of the native and trap backends, and the boot lines before a backend is chosen. The
# letters of Xen's prefix, in xen_cpuid, are not even instructions.
ALLOWED = re.compile(r"^(native_\w+|trap_(?!entry|return)\w+|multiboot_entry(\..*)?|xen_cpuid)$")

# One instruction each: the TSC, for the clock page of KVM and Xen; the iret that ring 1 may use.
ONLY = {"pvclock_read": re.compile(r"^rdtscp?$"), "xen_iret": re.compile(r"^iret[dw]?$")}

LABEL = re.compile(r"^[0-9a-f]+ <(.+)>:$")
CODE = re.compile(r"^\s*([0-9a-f]+):\s+(.*?)\s*$")
PREFIXES = {"rep", "repz", "repnz", "lock", "cs", "ss", "ds", "es", "fs", "gs", "data16", "addr16"}


def is_privileged(text):
    """Is this line of a disassembly, prefixes and all, one of the forbidden?"""
    words = text.split()
    while words and words[0] in PREFIXES:
        words = words[1:]
    if not words:
        return False
    operands = " ".join(words[1:]).split("<")[0]
    moves_system_register = words[0].startswith("mov") and SYSTEM_REGISTER.search(operands)
    return bool(FORBIDDEN.match(words[0]) or moves_system_register)


def violations(disassembly):
    """Yields (function, address, instruction) for each one in the wrong place."""
    function = "?"
    for line in disassembly.splitlines():
        label = LABEL.match(line)
        if label:
            # A NASM label inside a function begins with the function's name and a dot.
            function = label.group(1)
            continue
        code = CODE.match(line)
        if not code or not is_privileged(code.group(2)) or ALLOWED.match(function):
            continue
        only = ONLY.get(function.split(".")[0])
        if not only or not only.match(code.group(2)):
            yield function, code.group(1), code.group(2)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    objdump = sys.argv[2] if len(sys.argv) == 3 else "objdump"
    disassembly = subprocess.run(
        [objdump, "-d", "-M", "intel", "--no-show-raw-insn", sys.argv[1]],
        check=True, capture_output=True, text=True,
    ).stdout
    found = list(violations(disassembly))
    for function, address, instruction in found:
        print(f"{sys.argv[1]}: {address} in {function}: {instruction}: call a pv op instead")
    if ">:" not in disassembly:
        sys.exit(f"{sys.argv[1]}: no code found")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
