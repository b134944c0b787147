#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the instructions of one row of the benchmark go, by symbol.

Usage: tools/bench/profile.py ROW [MODE] [--by function|line]

Prints, for one sample of the row and by operation: instructions, how many of them are rounds of
REP, how often the symbol's first instruction was executed, and the symbol; an image a block. With
--by line: by line of the source, as far as it is known.
"""
import argparse
import bisect
import subprocess
from collections import Counter
from pathlib import Path

import bench

USER = bench.BUILD / "user/bench.debug"


def images(mode):
    """The images that run in a mode: name, file with symbols."""
    yield "kernel", bench.kernel_of(mode)[1]
    if bench.MODES[mode][1] is not None:
        yield "hv-stub", bench.BUILD / "hv-stub.debug"
    yield "user", USER


def symbols_of(file):
    """The functions of an image, by address."""
    output = subprocess.run(["nm", "-n", file], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in output.splitlines():
        address, kind, name = line.split()
        if kind in "tT" and "." not in name:
            found[int(address, 16)] = name
    return found


def lines_of(file, addresses):
    """The source line of each address."""
    text = "\n".join(f"{address:#x}" for address in addresses)
    output = subprocess.run(["addr2line", "-e", file], input=text, check=True, capture_output=True,
                            text=True).stdout
    return {address: line.replace(f"{bench.ROOT}/", "").split(" ")[0]
            for address, line in zip(addresses, output.splitlines())}


def sample(row, mode):
    """How often each address was executed in the middle sample of the row, and its size."""
    folder = bench.BUILD / "bench" / "profile"
    folder.mkdir(parents=True, exist_ok=True)
    lines, marks = bench.run(mode, folder, f"bench {row}", profile=6)
    counts = Counter()
    for line in marks:
        if line.startswith("at "):
            _, address, count = line.split()
            counts[int(address, 16)] += int(count)
    size = next(int(line.split()[1]) for line in lines if line.startswith(f"{row} "))
    return counts, size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("row", choices=bench.ROWS)
    parser.add_argument("mode", nargs="?", default="native",
                        choices=[mode for mode in bench.MODES if bench.MODES[mode]])
    parser.add_argument("--by", choices=["function", "line"], default="function")
    options = parser.parse_args()
    counts, size = sample(options.row, options.mode)
    found = {name: symbols_of(file) for name, file in images(options.mode)}
    files = dict(images(options.mode))
    starts = sorted((address, name) for name, table in found.items() for address in table)
    sums, entries = {name: Counter() for name in files}, {name: Counter() for name in files}
    places = {name: [] for name in files}
    for address in counts:
        place = bisect.bisect_right(starts, (address, "~")) - 1
        start, image = starts[max(place, 0)]
        places[image].append((address, start))
    for image, addresses in places.items():
        lines = lines_of(files[image], [a for a, _ in addresses]) if options.by == "line" else {}
        for address, start in addresses:
            name = lines.get(address, found[image][start])
            sums[image][name] += counts[address]
            if address == start or options.by == "line":
                entries[image][name] = max(entries[image][name], counts[address])
    print(f"{options.row}, {options.mode}: instructions by operation")
    for image, total in sums.items():
        print(f"\n{image}: {sum(total.values()) / size:.1f}")
        for name, count in total.most_common():
            if count >= size / 2:
                print(f"{count / size:12.1f} {entries[image][name] / size:10.1f}x  {name}")


if __name__ == "__main__":
    main()
