# SPDX-License-Identifier: MIT
"""tests/test_boottime.py: how long it takes from the start of QEMU to the shell's prompt."""

import statistics
import time

from machine import TIME_SCALE, write_log
from session import qemu_serial

BOOTS = 9
GOAL = 0.16  # seconds, on an idle machine with two cores
BUDGET = 1.0  # what a busy one may take


def test_boot_time(log, record_property):
    times = []
    for _ in range(BOOTS):
        start = time.monotonic()
        with qemu_serial(log) as session:
            session.prompt()
            times.append(time.monotonic() - start)
    median = statistics.median(times)
    shown = f"median {median:.3f} s (goal {GOAL} s), from {min(times):.3f} to {max(times):.3f} s"
    write_log(log, "QEMU to prompt", shown)
    record_property("QEMU to prompt", shown)
    assert median < BUDGET * TIME_SCALE, shown
