# SPDX-License-Identifier: MIT
"""tests/test_crash.py: a kernel that finds itself broken says why, and where, by name."""

import pytest

from machine import EXIT_PANIC

FRAME = r"^  [0-9a-f]{8} "
REGISTERS = [r"^eax [0-9a-f]{8} ", r"^eip [0-9a-f]{8}  cs 0008", r"^vector \d+ .* cr2 "]


@pytest.mark.parametrize(
    "how, cause, caller, faulted",
    [
        ("null", "wrote to address 00000010.* not mapped", "syscall_entry", True),
        ("stack", "stack overflow", "recurse", False),
        ("panic", "somebody asked for it", "crash_on_purpose", False),
        ("assert", r"assert.*how != CRASH_ASSERT.*kernel/crash\.c:\d+", "crash_on_purpose", False),
        ("df", "double fault", "syscall_entry", True),
    ],
    ids=["null", "stack", "panic", "assert", "df"],
)
def test_crash(judge, how, cause, caller, faulted):
    """The cause, the process, the registers at a fault, and the functions that led there."""
    result = judge.boot(f'run="crash {how}"')
    result.expect(rf"^panic: .*{cause}", "in process [0-9]", "^called from:$", status=EXIT_PANIC)
    for name in (caller, "syscall_entry"):
        result.expect(FRAME + name + r"\+0x", status=EXIT_PANIC)
    if faulted:
        result.expect(r"^at [0-9a-f]{8} crash_\w+\+0x", *REGISTERS, status=EXIT_PANIC)


def test_nothing_runs_after_a_panic(qemu):
    result = qemu.boot('run="crash panic; echo later"').expect(status=EXIT_PANIC)
    assert not result.find("^later$")
