#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the host's clock says: time per operation, to build, to boot; and sizes. All of it noisy.

Usage: tools/bench/host.py [--rounds N]

Writes build/bench-host.json. Runs of the modes take turns, so that a host that is slow for a
while is slow for all of them, and each figure is the median of its runs.
"""
import argparse
import json
import os
import re
import select
import shutil
import statistics
import subprocess
import time

from bench import (BUILD, LIMIT, MODES, ROOT, ROWS, WAITING_ROWS, clean_environment, kernel_of,
                   version)

TIMED = ("direct", "native", "vmi", "trap")
NOISY = "host time under TCG: a few per cent up or down each time; compare modes, not machines"
WHY_CR3 = (
    "QEMU's TCG looks addresses up in a table of its own, the software TLB. A load of CR3 empties "
    "it, and each page that is used next is looked up by a slow path: compare cr3_switch with "
    "pte_update in direct. On a real CPU the same costs much less. So exits to the hypervisor, "
    "which load CR3 twice, look dearer here than by their instructions."
)
TICK_S = 0.010  # what sleep_tick sleeps


def qemu(mode, words):
    """QEMU as it is usually run, console on its standard output."""
    line, hypervisor = MODES[mode]
    kernel, initrd = kernel_of(mode)[0], BUILD / "initrd.tar"
    line += f' run="{words}"' if words else ""
    command = ["qemu-system-i386", "-accel", "tcg", "-m", "64", "-nodefaults", "-no-user-config"]
    command += ["-vga", "std", "-display", "none", "-no-reboot", "-serial", "stdio"]
    command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
    if hypervisor is None:
        return command + ["-kernel", str(kernel), "-append", line, "-initrd", str(initrd)]
    command += ["-kernel", str(BUILD / "hv-stub.elf"), "-append", hypervisor]
    return command + ["-initrd", f"{kernel} {line},{initrd}"]


def console(mode, words):
    """What a run prints."""
    done = subprocess.run(qemu(mode, words), cwd=ROOT, timeout=LIMIT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 33:
        raise SystemExit(f"bench-host: {mode}: QEMU ended with {done.returncode}\n{done.stderr}")
    return done.stdout.replace("\r", "")


def ticks(mode):
    """Ticks of the TSC per operation, by row: of one run, the median of its samples."""
    samples = {}
    for row, count, passed in re.findall(r"^(\w+) (\d+) (\d+)(?: \d+)+$", console(mode, "bench"),
                                         re.MULTILINE):
        samples.setdefault(row, []).append(int(passed) / int(count))
    return {row: statistics.median(values) for row, values in samples.items()}


def times(rounds):
    """Nanoseconds per operation, by mode and row."""
    runs = {mode: [] for mode in TIMED}
    for _ in range(rounds):
        for mode in TIMED:
            runs[mode].append(ticks(mode))
    # The TSC's rate, from a sleep of a known length, which is never shorter than that.
    rate = min(run["sleep_tick"] for all_runs in runs.values() for run in all_runs) / TICK_S
    result = {}
    for mode, found in runs.items():
        result[mode] = {}
        for row, base in ROWS.items():
            values = [(run[row] - run[base]) / rate * 1e9 for run in found if row in run]
            known = values and row not in WAITING_ROWS
            result[mode][row] = round(statistics.median(values)) if known else None
    return result


def seconds_to_prompt(mode):
    """From the start of QEMU to the shell's prompt."""
    start = time.monotonic()
    with subprocess.Popen(qemu(mode, ""), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        text = b""
        try:
            while b"paravane$ " not in text:
                left = start + LIMIT - time.monotonic()
                if not select.select([process.stdout], [], [], max(left, 0))[0]:
                    raise SystemExit(f"bench-host: {mode}: no prompt after {LIMIT:.0f} s")
                got = os.read(process.stdout.fileno(), 4096)
                if not got:
                    raise SystemExit(f"bench-host: {mode}: QEMU ended: {text.decode()}")
                text += got
            return time.monotonic() - start
        finally:
            process.kill()


def seconds_to_build():
    """From nothing to kernel, hypervisor and programs, beside the build that is there."""
    folder = BUILD / "bench-build"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    subprocess.run(["make", f"B={folder.relative_to(ROOT)}", "all"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL, env=clean_environment())
    passed = time.monotonic() - start
    shutil.rmtree(folder)
    return passed


def image_kib(file):
    """Code and data of an image, from its program headers."""
    lines = subprocess.run(["size", file], check=True, capture_output=True, text=True).stdout
    return -(-int(lines.splitlines()[1].split()[3]) // 1024)


def memory():
    """KiB that the kernel and hv-stub take of 64 MiB."""
    guest = int(re.search(r"guest in ring 1 with (\d+) KiB", console("vmi", "echo"))[1])
    return {
        "kernel_image": image_kib(BUILD / "kernel.elf"),
        "hv_stub_image": image_kib(BUILD / "hv-stub.elf"),
        "hv_stub_all": 64 * 1024 - guest,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    prompts = {"native": [], "vmi": []}
    for _ in range(rounds):
        for mode, found in prompts.items():
            found.append(seconds_to_prompt(mode))
    report = {
        "noisy": NOISY,
        "why_cr3_loads_are_dear": WHY_CR3,
        "ns_per_operation": times(rounds),
        "rounds": rounds,
        "start_to_prompt_s": {m: round(statistics.median(v), 3) for m, v in prompts.items()},
        "build_s": round(statistics.median(seconds_to_build() for _ in range(3)), 2),
        "iso_bytes": (BUILD / "paravane.iso").stat().st_size,
        "memory_kib": memory(),
        "qemu": version(["qemu-system-i386"]),
        "cpus": os.cpu_count(),
    }
    (BUILD / "bench-host.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
