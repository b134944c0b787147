# SPDX-License-Identifier: MIT
"""tests/test_bench.py: the benchmark says the same each time, and its figures stay where they are.

The figures are gated with Debian 12's toolchain, which they were made with; elsewhere the tests
that compare numbers are skipped.
"""

import json
import subprocess

import pytest

from machine import ROOT, TIME_SCALE, XEN

BENCH = ["/usr/bin/python3", "tools/bench/bench.py"]

# Instructions of xv6-public on the same QEMU, and the part of it that is ours at most.
XV6 = {
    "null_call": (1395, 10),
    "pipe_pingpong": (27230, 10),
    "fork_exit": (836388, 10),
    "fork_256": (4646171, 10),
    "fork_exec": (1779067, 10),
    "pipe_64k": (3565079, 2),
    "sbrk": (951004, 2),
    "console_line": (18442, 2),
}
LMBENCH = [*XV6, "zero_fault", "cow_fault", "sleep_tick"]
NULL_CALL_MAX = 60


def measure(folder, *options):
    """bench.json, as it is written."""
    subprocess.run([*BENCH, "--out", str(folder), *options], cwd=ROOT, check=True,
                   timeout=120 * TIME_SCALE)
    return (folder / "bench.json").read_bytes()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """All modes, measured once."""
    return json.loads(measure(tmp_path_factory.mktemp("bench")))


@pytest.fixture
def modes(report):
    """The figures, where they can be compared with what the toolchain made before."""
    if "Debian 12.2" not in report["gcc"]:
        pytest.skip(f"figures are those of Debian 12's gcc, this is {report['gcc']}")
    return report["modes"]


def test_two_modes_repeat(tmp_path):
    """The same bytes from two runs."""
    options = ["--modes", "native,vmi", "--rows", "null_call,fork_exit,cow_fault,sleep_tick,hypercall"]
    assert measure(tmp_path / "a", *options) == measure(tmp_path / "b", *options)


@pytest.mark.long
def test_all_modes_repeat(tmp_path):
    assert measure(tmp_path / "a") == measure(tmp_path / "b")
    for name in ("bench.md", "bench.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_form(report):
    """Each mode has each row, and a figure has instructions, rounds of REP, and exits. Xen does not
    tell those, and is not there where nobody has built it."""
    rows = [*LMBENCH, "irq_pair", "save_restore", "hypercall", "pte_update", "pte_batched"]
    rows += ["cr3_switch", "fault_reflect", "port_read"]
    assert (report["modes"]["xen"] is None) == (not XEN.exists())
    for mode, figures in report["modes"].items():
        if figures is None:
            continue
        assert sorted(figures) == sorted(rows)
        missing = [row for row, figure in figures.items() if figure is None]
        assert missing == ([] if mode.startswith("vmi") else ["hypercall"]), mode
        for row in set(rows) - set(missing):
            figure = figures[row]
            assert figure["insns"] > figure["rep"] >= 0, (mode, row)
            assert bool(figure["exits"]) == bool(figure["reasons"]), (mode, row)
    for row in ("null_call", "fork_exit", "irq_pair"):
        assert report["modes"]["native"][row]["exits"] == 0


@pytest.mark.parametrize("mode,ratio,more", [("native", 1.03, 2), ("native_unpatched", 1.15, 6)])
def test_the_table_costs_nothing(modes, mode, ratio, more):
    """What pvops adds to the bare instructions is a NOP here and there."""
    for row in LMBENCH:
        direct, table = (modes[name][row]["insns"] for name in ("direct", mode))
        assert table <= max(direct * ratio, direct + more), row


def test_native_is_fast(modes):
    assert modes["native"]["null_call"]["insns"] <= NULL_CALL_MAX
    for row, (xv6, part) in XV6.items():
        assert modes["native"][row]["insns"] <= xv6 / part, row


def test_few_exits(modes):
    """Nothing that happens often goes to the hypervisor, and what does goes there in batches."""
    vmi, no_lazy, trap = (modes[mode] for mode in ("vmi", "vmi_nolazy", "trap"))
    for row in ("null_call", "irq_pair", "save_restore"):
        assert vmi[row]["exits"] == 0, row
    assert vmi["null_call"]["insns"] <= modes["native"]["null_call"]["insns"] + 8
    assert vmi["irq_pair"]["insns"] <= 6
    assert vmi["cow_fault"]["reasons"]["call"] == 1
    assert no_lazy["fork_256"]["exits"] >= 10 * vmi["fork_256"]["exits"]
    assert no_lazy["fork_exit"]["exits"] >= 3 * vmi["fork_exit"]["exits"]
    assert trap["fork_exec"]["exits"] >= 10 * vmi["fork_exec"]["exits"]


def test_profile_adds_up():
    """The profile of a row counts the instructions that the row has."""
    output = subprocess.run(["/usr/bin/python3", "tools/bench/where.py", "null_call", "vmi"],
                            cwd=ROOT, check=True, capture_output=True, text=True,
                            timeout=120 * TIME_SCALE).stdout
    assert " syscall_entry" in output and " rom_iret" in output, output
