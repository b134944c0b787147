# SPDX-License-Identifier: MIT
"""tests/test_mustfail.py: shows that the tests can fail: each patch must turn a check red.

A patch, tests/mustfail/*.patch, breaks one thing. Lines above its diff say what must notice:
    Check: tests/test_boot.py::test_usertests_quick    a test, or `make TARGET...`
    Expect: FAIL memory/                               a regular expression, found in what it says
"""

import re
import subprocess

import pytest

import tree
from machine import BUILD, NO_XEN, ROOT, write_log

PATCHES = sorted((ROOT / "tests/mustfail").glob("*.patch"))


def heading(text, name):
    """What follows `name: ` in the lines above the diff."""
    match = re.search(rf"^{name}: *(.+)$", text.split("\n--- ")[0], re.MULTILINE)
    assert match, f"the patch has no line {name}:"
    return match[1].strip()


@pytest.mark.parametrize("patch", PATCHES, ids=[patch.stem for patch in PATCHES])
def test_mustfail(log, patch):
    """The patched tree builds, its check fails, and says what is wrong."""
    text = patch.read_text()
    check, expected = heading(text, "Check"), heading(text, "Expect")
    if "test_xen.py" in check and NO_XEN:
        pytest.skip(NO_XEN)
    if "test_xen_asm.py" in check:
        pytest.importorskip("unicorn", reason="no Python module unicorn: make setup installs it")
    broken = tree.copy(BUILD / "mustfail" / patch.stem, with_objects=True)
    applied = subprocess.run(
        ["patch", "-p1", "--forward", "-i", patch],
        cwd=broken,
        capture_output=True,
        text=True,
    )
    assert applied.returncode == 0, f"does not apply any more:\n{applied.stdout}"
    status, said = tree.make(broken, "all", "iso", "unit-build", CI="")
    write_log(log, "build", said)
    assert status == 0, f"does not build:\n{said}"
    words = ["test", f"T={check}", "TEST_JOBS=0"]
    if check.startswith("make "):
        words = check.split()[1:]
    status, said = tree.make(broken, *words, CI="")
    write_log(log, f"{check}: status {status}", said)
    assert status != 0, f"{check} does not notice"
    found = re.search(expected, said, re.MULTILINE)
    assert found, f"{check} fails, but does not say {expected!r}:\n{said[-3000:]}"


def test_there_are_patches():
    assert PATCHES
