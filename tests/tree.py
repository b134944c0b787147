# SPDX-License-Identifier: MIT
"""tests/tree.py: copies of the source tree below build/, to build them in other ways."""

import os
import shutil
import subprocess

from machine import BUILD, ROOT, TIME_SCALE

NOT_SOURCE = {".git", "build", "__pycache__"}
MAKES_OWN = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "MAKE_RESTARTS", "MAKEFILES"}
OF_TESTS = {"mustfail", "test-build", "test-logs", "test-tmp", "pycache", "pytest-cache", "run"}


def ignore(folder, names):
    return NOT_SOURCE & set(names)


def copy(target, with_objects=False):
    """Copies the sources, and if wanted what was built, with its dates: less to do for make."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT, target, ignore=ignore, symlinks=True)
    if with_objects:
        (target / "build").mkdir()
        for path in BUILD.iterdir():
            if path.is_file():
                shutil.copy2(path, target / "build" / path.name)
            elif path.name not in OF_TESTS:
                shutil.copytree(path, target / "build" / path.name)
    return target


def environment(**more):
    """This one, without what an outer make has put there."""
    inherited = os.environ.items()
    return {key: value for key, value in inherited if key not in MAKES_OWN} | more


def make(tree, *words, **more):
    """Runs make in a tree: its status, and what it said."""
    run = subprocess.run(
        ["make", *words],
        cwd=tree,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=300 * TIME_SCALE,
    )
    return run.returncode, run.stdout
