#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what operations cost in every mode of the kernel, in instructions.

Usage: tools/bench/bench.py [--modes MODE,...] [--rows ROW,...] [--out FOLDER]

Boots the program `bench` (user/bench.c) under `qemu -icount shift=0,sleep=off`, where a tick of
the TSC is an instruction and every run is like the last. Writes FOLDER/bench.json, .md and .svg
(FOLDER is build/ if not said); what the machines printed stays in FOLDER/bench/.

A row's figure is the median of its samples, less what its loop costs without the operation, by
operation. `rep` is how many of the instructions are further rounds of a REP instruction: QEMU
counts each like an instruction. `exits` is how often the kernel went to the hypervisor, `reasons`
tells them apart. null: the row makes no sense in this mode, or the mode is not built; for the
exits, that Xen does not tell.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from report import markdown, svg

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
XEN = CACHE / "paravane/xen/xen.elf"  # what `make xen` builds
LIMIT = 120 * float(os.environ.get("PARAVANE_TIME_SCALE", "1"))  # seconds that a run may take

# How each mode boots: the kernel's command line, and hv-stub's or Xen's (None: there is none).
MODES = {
    "direct": ("pv=native", None),
    "native": ("pv=native", None),
    "native_unpatched": ("pv=native pv.patch=off", None),
    "vmi": ("pv=vmi", ""),
    "vmi_unpatched": ("pv=vmi pv.patch=off", ""),
    "vmi_nolazy": ("pv=vmi pv.lazy=off", ""),
    "vmi_noext": ("pv=vmi pv.ext=off", ""),
    "trap": ("pv=trap", ""),
    "xen": ("pv=xen", "console=com1 com1=115200,8n1 dom0_mem=64M bootscrub=off"),
}
if not XEN.exists():
    MODES["xen"] = None

# What is subtracted from a row, by its name: a row of user/bench.c.
LMBENCH = {
    "null_call": "loop",
    "pipe_pingpong": "loop",
    "fork_exit": "nothing",
    "fork_exec": "nothing",
    "fork_256": "nothing",
    "zero_fault": "touch_loop",
    "cow_fault": "touch_loop",
    "sbrk": "nothing",
    "pipe_64k": "nothing",
    "console_line": "nothing",
    "sleep_tick": "nothing",
}
MICRO = {
    "irq_pair": "kernel_loop",
    "save_restore": "kernel_loop",
    "hypercall": "kernel_loop",
    "pte_update": "kernel_loop",
    "pte_batched": "kernel_loop",
    "cr3_switch": "kernel_loop",
    "fault_reflect": "kernel_loop",
    "port_read": "kernel_loop",
}
ROWS = LMBENCH | MICRO
# The TSC goes on while the CPU waits: here the instructions themselves are counted.
WAITING_ROWS = {"sleep_tick"}

# enum hv_reason
REASONS = re.findall(r"^    REASON_(\w+)", (ROOT / "lib/hv.h").read_text(), re.MULTILINE)


class Sample:
    """One line of `bench`, with what the plugin counted meanwhile."""

    def __init__(self, line, begin, end):
        self.row, count, ticks, *exits = line.split()
        self.count, self.ticks = int(count), int(ticks)
        self.exits = [int(number) for number in exits]
        self.insns, self.rep = (after - before for before, after in zip(begin, end))


def symbol(file, name):
    """The address of a symbol, in hexadecimal."""
    lines = subprocess.run(["nm", file], check=True, capture_output=True, text=True).stdout
    return next(line.split()[0] for line in lines.splitlines() if line.split()[-1] == name)


def kernel_of(mode):
    """The kernel that a mode boots, and the same with its symbols."""
    name = "direct/kernel-direct" if mode == "direct" else "kernel"
    return BUILD / f"{name}.elf", BUILD / f"{name}.debug"


def machine(mode, kernel, words):
    """QEMU's command: a PC of which nothing depends on the host's time."""
    line, hypervisor = MODES[mode]
    program, megs = ("qemu-system-x86_64", "128") if mode == "xen" else ("qemu-system-i386", "64")
    command = [program, "-accel", "tcg", "-icount", "shift=0,sleep=off", "-m", megs]
    command += ["-nodefaults", "-no-user-config", "-vga", "std", "-display", "none", "-no-reboot"]
    command += ["-rtc", "base=2026-01-01T00:00:00,clock=vm"]
    command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    line = f'{line} run="{words}"'
    initrd = str(BUILD / "initrd.tar")
    if hypervisor is None:
        return command + ["-kernel", str(kernel), "-append", line, "-initrd", initrd]
    below = XEN if mode == "xen" else BUILD / "hv-stub.elf"
    command += ["-kernel", str(below), "-append", hypervisor]
    return command + ["-initrd", f"{kernel} {line},{initrd}"]


def run(mode, folder, words="bench", trace=None):
    """Boots once; the console's lines and the plugin's, with each instruction after mark `trace`."""
    kernel, symbols = kernel_of(mode)
    console, marks = folder / f"{mode}.console", folder / f"{mode}.marks"
    plugin = f"{BUILD}/bench/count.so,mark={symbol(symbols, 'bench_mark')},out={marks}"
    if trace:
        plugin += f",trace={trace}"
    command = machine(mode, kernel, words) + ["-serial", f"file:{console}", "-plugin", plugin]
    done = subprocess.run(command, cwd=ROOT, timeout=LIMIT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    lines = console.read_text(errors="replace").replace("\r", "").splitlines()
    if done.returncode != 33 or not lines or lines[-1] != "exit: 0":
        raise SystemExit(f"bench: {mode}: QEMU ended with {done.returncode}, see {console}\n"
                         + done.stderr)
    return lines, marks.read_text().splitlines()


def samples_of(lines, marks):
    """The samples by row: two marks each, before and after."""
    printed = [line for line in lines if re.fullmatch(r"\w+ \d+ \d+( \d+)+", line)]
    counts = [tuple(map(int, mark.split())) for mark in marks]
    if len(counts) != 2 * len(printed):
        raise SystemExit(f"bench: {len(printed)} samples, but {len(counts)} marks")
    samples = {}
    for number, line in enumerate(printed):
        sample = Sample(line, counts[2 * number], counts[2 * number + 1])
        samples.setdefault(sample.row, []).append(sample)
    return samples


def median(samples, key):
    """The sample in the middle."""
    return sorted(samples, key=key)[len(samples) // 2]


def number(value):
    """At most three decimals, none for a whole number: so the same text each time."""
    value = round(value, 3)
    return int(value) if value == int(value) else value


def figures(row, samples, counts_exits=True):
    """What one row costs, or None."""
    if row not in samples:
        return None
    key = (lambda s: s.insns) if row in WAITING_ROWS else (lambda s: s.ticks)
    sample, base = median(samples[row], key), median(samples[ROWS[row]], key)
    count = sample.count
    assert base.count == count, row
    exits = [after - before for after, before in zip(sample.exits, base.exits)]
    return {
        "insns": number((key(sample) - key(base)) / count),
        "rep": number((sample.rep - base.rep) / count),
        "exits": number(sum(exits) / count) if counts_exits else None,
        "reasons": {reason.lower(): number(n / count) for reason, n in zip(REASONS, exits) if n},
    }


def measure(mode, rows, folder):
    """All figures of a mode; None if it is not there."""
    if MODES[mode] is None:
        return None
    all_rows = rows == list(ROWS)
    words = [] if all_rows else sorted({*rows, *(ROWS[row] for row in rows)})
    samples = samples_of(*run(mode, folder, " ".join(["bench", *words])))
    return {row: figures(row, samples, mode != "xen") if row in rows else None for row in ROWS}


def clean_environment():
    """Ours, without what the make that runs us passes on: for a make that is called as if by hand."""
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKE_TERMOUT", "MAKE_TERMERR")
    return {name: value for name, value in os.environ.items() if name not in ours}


def version(command):
    """The first line that a tool says about itself."""
    output = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True)
    return output.stdout.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--out", type=Path, default=BUILD)
    options = parser.parse_args()
    modes, rows = options.modes.split(","), options.rows.split(",")
    if not {*modes} <= {*MODES} or not {*rows} <= {*ROWS}:
        parser.error(f"there are the modes {' '.join(MODES)} and the rows {' '.join(ROWS)}")
    folder = options.out / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda mode: measure(mode, rows, folder) if mode in modes else None, MODES)
        results = dict(zip(MODES, found))
    for figures_of_mode in filter(None, results.values()):
        for row, figure in figures_of_mode.items():
            zero = results["direct"] and results["direct"][row]
            if figure and zero:
                figure["ratio"] = number(figure["insns"] / zero["insns"])
    report = {"modes": results, "qemu": version(["qemu-system-i386"]),
              "gcc": version([os.environ.get("CC", "gcc")])}
    (options.out / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    (options.out / "bench.md").write_text("\n".join(markdown(report)) + "\n")
    (options.out / "bench.svg").write_text("\n".join(svg(report)) + "\n")


if __name__ == "__main__":
    main()
