# SPDX-License-Identifier: MIT
"""tests/test_boot.py: Paravane starts on every machine, works there, and ends as it should."""

import re

import pytest

from machine import EXIT, EXIT_PANIC, Qemu, exit_line

BANNER = r"^pvops: backend=native ring=0 sites=(\d+) patched=(\d+)$"
USERTESTS = r"^usertests: [1-9]\d* passed, 0 failed$"


def expect_usertests(result):
    """Fails the test unless all of usertests passed, and names those that did not."""
    failed = re.findall("^FAIL .*", result.console, re.MULTILINE)
    assert not failed, f"{result.title}: " + "; ".join(failed)
    result.expect(BANNER, USERTESTS)


@pytest.mark.quick
def test_banner(machine):
    """The first line after the choice says what was chosen, and that every site is patched."""
    result = machine.boot('run="echo up"').expect(BANNER, "^up$")
    sites, patched = map(int, result.find(BANNER).groups())
    assert patched == sites > 100


@pytest.mark.parametrize("cpu", ["qemu32", "pentium3", "max"])
def test_cpu(qemu, cpu):
    expect_usertests(qemu.boot('run="usertests"', cpu=cpu))


@pytest.mark.parametrize("patch", ["on", "off", "count", "poison"])
def test_usertests(judge, patch):
    """All of usertests, however the sites are patched; `poison` catches bodies that lie."""
    expect_usertests(judge.boot(f'pv.patch={patch} run="usertests"'))


@pytest.mark.quick
def test_usertests_quick(qemu):
    expect_usertests(qemu.boot('run="usertests"'))


@pytest.mark.quick
def test_status(machine):
    """The status of the last command is that of the machine, by exit port and by console."""
    machine.boot('run="exit 7"').expect(status=7)


@pytest.mark.parametrize("status, told", [(0, 0), (94, 94), (95, 94), (127, 94)])
def test_large_status(qemu, status, told):
    """5Fh is a panic's, so a larger status than 5Eh becomes 5Eh."""
    qemu.boot(f'run="exit {status}"').expect(status=told)


def test_reboot(qemu):
    """The machine is reset. QEMU, told not to reboot, ends without a status."""
    qemu.boot('run="echo before; reboot"').expect("^before$", status=None)


def test_memory_sizes(qemu):
    """From the least to more than can be used."""
    for memory in (8, 16, 1100, 2047):
        qemu.boot('run="memstat; ls | wc"', memory=memory).expect(BANNER)


def test_exit_port_is_decoded():
    """The test-bed tells QEMU's own failure from the guest's status."""
    assert Qemu.decode(1) is None
    assert Qemu.decode(0) is None
    assert Qemu.decode(33) == 0
    assert Qemu.decode((EXIT["EXIT_BASE"] + EXIT_PANIC) << 1 | 1) == EXIT_PANIC
    assert exit_line("a\nexit: 5\n") == 5
    assert exit_line("exit: 5\na\n") is None
