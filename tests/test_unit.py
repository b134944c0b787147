# SPDX-License-Identifier: MIT
"""tests/test_unit.py: the host's unit tests, tests/unit/, under ASan and UBSan."""

import re
import subprocess

import pytest

from machine import BUILD, ROOT, write_log

SOURCES = sorted((ROOT / "tests/unit").glob("test_*.c"))


@pytest.mark.quick
@pytest.mark.parametrize("name", [source.stem for source in SOURCES])
def test_unit(log, name):
    """Ends with 0, and has run some tests: both must be so."""
    run = subprocess.run(
        [BUILD / "unit" / name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    write_log(log, name, run.stdout)
    assert run.returncode == 0, run.stdout
    assert re.search(r"\[  PASSED  \] [1-9]\d* test", run.stdout), run.stdout


def test_there_are_unit_tests():
    assert len(SOURCES) > 3
