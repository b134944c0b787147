# SPDX-License-Identifier: MIT
"""tests/test_gdb.py: `make gdb`: QEMU stopped, GDB attached, symbols of C and NASM, our commands."""

import os
import subprocess

import pytest

from machine import ROOT, TIME_SCALE, write_log

STEPS = ["hbreak cpu_init", "continue", "pv-ops", "pv-sites irq_disable", "info symbol trap_return"]


def gdb(log, port, steps, **settings):
    """Runs tools/gdb/run.sh without a terminal and gives what GDB says."""
    command = ["tools/gdb/run.sh", "-batch"] + [word for step in steps for word in ("-ex", step)]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "GDB_PORT": str(port), "RUN": "echo up", **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120 * TIME_SCALE,
    )
    write_log(log, f"make gdb, {settings}", ended.stdout + ended.stderr)
    return ended.stdout


@pytest.mark.parametrize(
    "mode, port, body, bytes_of_cli",
    [("native", 24001, "native_irq_disable", "fa | "), ("vmi", 24002, "vmi_ext_irq_disable", "36 80 25 ")],
)
def test_commands(log, mode, port, body, bytes_of_cli):
    """Below hv-stub as well: both sets of symbols are loaded, since no address is used twice."""
    steps = STEPS + (["info symbol hv_call"] if mode == "vmi" else [])
    said = gdb(log, port, steps, MODE=mode)
    assert body in said
    assert f"inline   {bytes_of_cli}" in said
    assert "trap_return in section .text" in said
    assert ("hv_call in section .text" in said) == (mode == "vmi")
