# SPDX-License-Identifier: MIT
"""tests/test_gdb.py: `make gdb`: QEMU stopped, GDB attached, symbols of C and NASM, our commands."""

import os
import re
import subprocess

import pytest

from machine import ROOT, TIME_SCALE, write_log

# The start that it advises, and what there is to see then.
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
    return ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "mode, port, body, bytes_of_cli",
    [("native", 24001, "native_irq_disable", "fa | "), ("vmi", 24002, "vmi_ext_irq_disable", "36 80 25 ")],
)
def test_commands(log, mode, port, body, bytes_of_cli):
    """Below hv-stub as well: both sets of symbols are loaded, since no address is used twice."""
    steps = STEPS + (["info symbol hv_call"] if mode == "vmi" else [])
    said = gdb(log, port, steps, MODE=mode)
    assert "hbreak cpu_init, then c, is a good start" in said
    assert body in said
    assert f"inline   {bytes_of_cli}" in said
    assert "trap_return in section .text" in said
    assert ("hv_call in section .text" in said) == (mode == "vmi")


def test_not_mapped_yet(log):
    """hv-stub's shadow page tables are filled by touching: before that our commands say so, and how
    to go on; what they say helps."""
    early = ["hbreak kernel_main", "continue", "pv-ops", "pv-sites irq_disable"]
    said = gdb(log, 24003, [*early, "hbreak cpu_init", "continue", "continue", "pv-ops"], MODE="vmi")
    assert re.search(r"^pv-ops: .*: it is not mapped yet.* hbreak cpu_init", said, re.MULTILINE)
    assert re.search(r"^pv-sites: .*: it is not mapped yet.* hbreak cpu_init", said, re.MULTILINE)
    assert "Python Exception" not in said
    assert "vmi_ext_irq_disable" in said


@pytest.mark.parametrize(
    "mode, said",
    [
        ("kvm", "MODE=kvm runs the kernel in a machine of KVM's"),
        ("xen", "MODE=xen needs a 64-bit CPU"),
        ("nonsense", "MODE=nonsense is not known"),
    ],
)
def test_modes_that_it_lacks(log, mode, said):
    """They are refused by name: nothing else is booted instead."""
    assert gdb(log, 24004, [], MODE=mode).startswith(f"gdb: {said}")
