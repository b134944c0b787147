#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Brings the counts in our texts up to date, from build/bench.json and tools/bench/where.py.

Usage: tools/bench/paths.py FILE.md...

Each block behind a line <!-- where.py ROW MODE [--path] --> is what that command prints; the table
behind <!-- padding --> says what the table of ops adds to the bare instructions, that behind
<!-- bench --> how the main modes compare.
"""
import json
import re
import sys
from pathlib import Path

import bench
import where
from report import TEXTS

BLOCK = re.compile(r"(<!-- where\.py (\w+) (\w+)( --path)? -->\n```\n).*?(?=```\n)", re.DOTALL)
PADDING = re.compile(r"(<!-- padding -->\n)(\|.*\n)*")
SUMMARY = re.compile(r"(<!-- bench -->\n)(\|.*\n)*")


def fresh(match):
    head, row, mode, path = match.groups()
    lines = (where.path if path else where.by_function)(row, mode)
    return head + "".join(f"{line}\n" for line in lines)


def padding(match):
    modes = json.loads((bench.BUILD / "bench.json").read_text())["modes"]
    lines = ["| row | direct | native | more | of these, NOPs |", "|---|---:|---:|---:|---:|"]
    for row in bench.LMBENCH:
        direct, native = (modes[mode][row]["insns"] for mode in ("direct", "native"))
        lines.append(f"| `{row}` | {direct:,.0f} | {native:,.0f} | {native - direct:,.0f} | "
                     f"{where.padding(row, 'native'):,.0f} |")
    return match[1] + "".join(f"{line}\n" for line in lines)


def summary(match):
    modes = json.loads((bench.BUILD / "bench.json").read_text())["modes"]
    main_modes = [mode for mode in ("direct", "native", "vmi", "trap", "xen") if modes[mode]]
    lines = ["| instructions | " + " | ".join(main_modes) + " | exits, vmi | exits, trap |",
             "|---|" + "---:|" * (len(main_modes) + 2)]
    for row in bench.LMBENCH:
        counts = [f"{modes[mode][row]['insns']:,.0f}" for mode in main_modes]
        exits = [f"{modes[mode][row]['exits']:,.0f}" for mode in ("vmi", "trap")]
        lines.append(f"| {TEXTS[row]} | " + " | ".join(counts + exits) + " |")
    return match[1] + "".join(f"{line}\n" for line in lines)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for file in map(Path, sys.argv[1:]):
        text = file.read_text()
        for block, make in ((BLOCK, fresh), (PADDING, padding), (SUMMARY, summary)):
            text = block.sub(make, text)
        file.write_text(text)


if __name__ == "__main__":
    main()
