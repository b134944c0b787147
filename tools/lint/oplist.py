#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks pvops.def against the rules that the call sites rely on.

Usage: tools/lint/oplist.py pvops/pvops.def NATIVE.O [NM]

An op takes at most three register words, in the order in which C passes them (EAX, EDX, ECX),
and returns at most EDX:EAX; one line each, 100 columns at most for the text. The bodies of PATCH
ops come from NASM: they are defined in NATIVE.O.
"""
import re
import subprocess
import sys

OP = re.compile(r'^PV_OP\((\w+), (\w+), (\w+), (\w+), \((.*?)\), (.*), "(.*)"\)$')
GROUP = re.compile(r'^PV_GROUP\((\w+), "(.*)"\)$')

# The sizes, in words, of the parameters that each form passes.
FORMS = {"NONE": [], "A": [1], "D": [1], "AD": [2], "A_D": [1, 1], "AD_C": [2, 1], "A_DC": [1, 2]}
RETURNS = {"PATCH": {"void", "u32", "u64"}, "CALL": {"void", "u32", "u64"}, "JMP": {"void"}}


def words(parameters):
    """The words that each parameter takes, from the text of a parameter list."""
    if parameters == "void":
        return []
    return [2 if re.match(r"(u64|i64|pa_t|pte_t) \w+$", p.strip()) else 1
            for p in parameters.split(",")]


def check(line, nasm_symbols):
    """Yields what is wrong with one line of the list."""
    if GROUP.match(line):
        return
    op = OP.match(line)
    if not op:
        yield "is neither PV_GROUP(...) nor PV_OP(...) in the usual form"
        return
    _, kind, returns, name, parameters, args, doc = op.groups()
    form = args.split("(")[0]
    if returns not in RETURNS.get(kind, ()):
        yield f"{name}: a {kind} op cannot return {returns}"
    if FORMS.get(form) != words(parameters):
        yield f"{name}: ({parameters}) does not travel as {form}: three words in EAX, EDX, ECX"
    if form == "D" and kind != "PATCH":
        yield f"{name}: a C body would look for its argument in EAX, not EDX"
    if kind in ("PATCH", "JMP") and f"native_{name}" not in nasm_symbols:
        yield f"{name}: native's body of a {kind} op must be written in NASM"
    if len(doc) > 100:
        yield f"{name}: its text is longer than the 100 characters that struct pv_q_op holds"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    nm = sys.argv[3] if len(sys.argv) == 4 else "nm"
    symbols = subprocess.run([nm, "--defined-only", sys.argv[2]], check=True, capture_output=True,
                             text=True).stdout
    nasm_symbols = {line.split()[-1] for line in symbols.splitlines()}
    failed = False
    with open(sys.argv[1], encoding="utf-8") as deflist:
        for number, line in enumerate(deflist, 1):
            for problem in check(line.rstrip("\n"), nasm_symbols):
                print(f"{sys.argv[1]}:{number}: {problem}")
                failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
