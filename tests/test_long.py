# SPDX-License-Identifier: MIT
"""tests/test_long.py: what must not fail once in many times. Only in `make test-all`."""

import pytest

from test_boot import BANNER, expect_usertests

pytestmark = pytest.mark.long


@pytest.mark.parametrize("part", range(5))
def test_fifty_boots(machine, part):
    """Ten boots in a row, of five times ten, on each machine."""
    for _ in range(10):
        machine.boot('run="ls | wc; echo up"').expect(BANNER, "^up$")


@pytest.mark.parametrize("memory", [8, 64, 256])
def test_usertests_again_and_again(judge, memory):
    """In one boot, five times: what the first round leaves behind, the second would meet."""
    rounds = "; ".join(["usertests"] * 5)
    result = judge.boot(f'run="{rounds}"', memory=memory, limit=600)
    expect_usertests(result)
    assert result.console.count(" 0 failed") == 5
