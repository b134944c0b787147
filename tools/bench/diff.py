#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows which rows of the benchmark cost something else than in another revision.

Usage: tools/bench/diff.py BASE      a revision that has tools/bench

Builds BASE in a git worktree below build/, which is gone afterwards, measures both, and prints
each row and mode that changed: instructions there, here, the difference; and the same for exits.
"""
import json
import subprocess
import sys

from bench import BUILD, ROOT, clean_environment


def run(command, folder, **options):
    """A command that must succeed; one that fails has said why."""
    done = subprocess.run(command, cwd=folder, check=False, **options)
    if done.returncode:
        raise SystemExit(f"bench-diff: `{' '.join(command)}` failed in {folder}")
    return done.stdout


def measure(folder):
    """The report of the tree in a folder."""
    if not (folder / "tools/bench/bench.py").exists():
        raise SystemExit("bench-diff: that revision has no tools/bench: name one that has")
    run(["make", "bench"], folder, env=clean_environment())
    return json.loads((folder / "build/bench.json").read_text())["modes"]


def changes(base, here):
    """Yields a line for each figure that differs."""
    for mode, rows in here.items():
        for row, figure in (rows or {}).items():
            before = (base.get(mode) or {}).get(row)
            for key in ("insns", "exits"):
                old, new = (f and f[key] for f in (before, figure))
                if old == new:
                    continue
                difference = f"{new - old:+.3f}".rstrip("0").rstrip(".") if old and new else ""
                yield f"{mode:17} {row:14} {key:6} {old!s:>12} {new!s:>12} {difference:>12}"


def main():
    if len(sys.argv) != 2 or not sys.argv[1]:
        sys.exit("usage: make bench-diff BASE=REVISION")
    revision = run(["git", "rev-parse", "--short", f"{sys.argv[1]}^{{commit}}"], ROOT,
                   stdout=subprocess.PIPE, text=True).strip()
    tree = BUILD / f"bench-base-{revision}"
    run(["git", "worktree", "add", "--quiet", "--force", "--detach", str(tree), revision], ROOT)
    try:
        base = measure(tree)
    finally:
        run(["git", "worktree", "remove", "--force", str(tree)], ROOT)
    lines = list(changes(base, measure(ROOT)))
    print(f"{'mode':17} {'row':14} {'what':6} {revision:>12} {'here':>12} {'difference':>12}")
    print("\n".join(lines) or "nothing changed")


if __name__ == "__main__":
    main()
