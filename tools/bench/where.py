#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the instructions of one row of the benchmark go: by function, or one after the other.

Usage: make bench-where ROW=ROW MODE=MODE [WHERE=--path]
       tools/bench/where.py ROW [MODE] [--path]

By function: instructions by operation, how often its first instruction was executed, its name; an
image a block. What lies in none of our images is Xen's, of which we have no names. With --path the
life of one operation: what was executed, in its order, functions that were left and entered again
as often as that happened. The loop of the program that calls is part of it.
"""
import argparse
import bisect
import re
import subprocess
from collections import Counter
from itertools import groupby

import bench

USER = bench.BUILD / "user/bench.debug"
TRACED_MARK = 7  # the first of the two marks of the fourth sample: all is warm


class Symbols:
    """The functions of all images that run in a mode; no two images share an address."""

    def __init__(self, mode):
        self.files = {"kernel": bench.kernel_of(mode)[1], "program": USER}
        if bench.MODES[mode][1] is not None:
            self.files["hv-stub"] = bench.BUILD / "hv-stub.debug"
        outside = "xen" if mode == "xen" else "elsewhere"
        table = [(0, outside, "")]
        for image, file in self.files.items():
            table += self.functions(image, file)
            table += [(end, outside, "") for end in self.ends(file)]
        self.table = sorted(table)

    @staticmethod
    def functions(image, file):
        """(address, image, name) of each. Labels inside of functions have a dot, or mark a range."""
        output = subprocess.run(["nm", file], check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            address, kind, name = line.split()[-3:] if len(line.split()) == 3 else ("0", "", "")
            if kind in ("t", "T") and "." not in name and not name.endswith(("_start", "_end")):
                yield int(address, 16), image, name

    @staticmethod
    def ends(file):
        """The address behind each part of an image."""
        output = subprocess.run(["readelf", "-lW", file], check=True, capture_output=True, text=True).stdout
        for address, size in re.findall(r"^ +LOAD +\S+ (\S+) \S+ \S+ (\S+)", output, re.MULTILINE):
            yield int(address, 16) + int(size, 16)

    def of(self, address):
        """(address of the function, image, name); outside of all images there is no name"""
        return self.table[bisect.bisect_right(self.table, (address, "~")) - 1]


def clock_reads():
    """The two addresses in the program between which an operation lies."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", USER], check=True,
                          capture_output=True, text=True).stdout
    reads = re.findall(r"^\s*([0-9a-f]+):\s+rdtsc", code, re.MULTILINE)
    assert len(reads) == 2, "sample() reads the TSC twice"
    return [int(address, 16) for address in reads]


def trace(row, mode, count):
    """The addresses that one sample executed, in order; its size; and where sites are padded."""
    folder = bench.BUILD / "bench" / "where"
    folder.mkdir(parents=True, exist_ok=True)
    words = f"bench {count} {row}" if count else f"bench {row}"
    lines, marks = bench.run(mode, folder, f"pv sites; {words}", TRACED_MARK)
    addresses = [int(line[3:], 16) for line in marks if line.startswith("at ")]
    start, end = (addresses.index(address) for address in clock_reads())
    size = next(int(line.split()[1]) for line in lines if line.startswith(f"{row} "))
    return addresses[start + 1:end], size, set(paddings(lines))


def paddings(lines):
    """The address of the NOP in each patched site that has one, from the lines of `pv sites`."""
    for line in lines:
        site = re.match(r"([0-9a-f]{8}) .* -> ([0-9a-f]+) .*nop (\d+)$", line)
        if site:
            yield int(site[1], 16) + len(site[2]) // 2 - int(site[3])


def rounds_of(addresses):
    """How many are further rounds of REP: the same address again, at once."""
    return sum(a == b for a, b in zip(addresses, addresses[1:]))


def padding(row, mode):
    """NOPs that pad a site, by operation."""
    addresses, size, nops = trace(row, mode, 0)
    return sum(address in nops for address in addresses) / size


def by_function(row, mode):
    """Yields the lines of the table."""
    addresses, size, nops = trace(row, mode, 0)
    symbols = Symbols(mode)
    sums, entries, images = Counter(), Counter(), Counter()
    for address, count in Counter(addresses).items():
        start, image, name = symbols.of(address)
        sums[image, name] += count
        images[image] += count
        if address == start:
            entries[image, name] = count
    for image, total in images.most_common():
        yield f"{image}: {total / size:.1f}"
        for (place, name), count in sums.most_common():
            if name and place == image and count >= size / 2:
                yield f"{count / size:12.1f} {entries[place, name] / size:8.1f}x  {name}"
    yield f"of these, NOPs that pad a site: {sum(a in nops for a in addresses) / size:.1f}"


def path(row, mode):
    """Yields a line for each stay in a function, in order."""
    addresses, _, nops = trace(row, mode, 1)
    symbols = Symbols(mode)
    for (_, image, name), stay in groupby(addresses, symbols.of):
        stay = list(stay)
        rep = rounds_of(stay)
        line = f"{len(stay) - rep:6}  {image:8} {name}".rstrip()
        yield line + (f"  (and {rep} rounds of rep)" if rep else "")
    rep = rounds_of(addresses)
    yield f"{len(addresses) - rep:6}  in all" + (f", and {rep} rounds of rep" if rep else "")
    yield f"{sum(address in nops for address in addresses):6}  of these are NOPs that pad a site"


def main():
    modes = [mode for mode in bench.MODES if bench.MODES[mode]]
    usage = "make bench-where ROW=cow_fault MODE=vmi [WHERE=--path]"
    parser = argparse.ArgumentParser(usage=usage, description=__doc__.splitlines()[0])
    parser.add_argument("row", help="one of: " + " ".join(bench.ROWS))
    parser.add_argument("mode", nargs="?", default="native", help="one of: " + " ".join(modes))
    parser.add_argument("--path", action="store_true", help="in their order")
    options = parser.parse_args()
    for name, value, known in (("ROW", options.row, bench.ROWS), ("MODE", options.mode, modes)):
        if value not in known:
            parser.error(f"{name}={value} is none of: {' '.join(known)}")
    print(f"{options.row}, {options.mode}")
    for line in (path if options.path else by_function)(options.row, options.mode):
        print(line)


if __name__ == "__main__":
    main()
