# SPDX-License-Identifier: MIT
"""tests/test_modes.py: one kernel.elf on every hypervisor: what it does is the same, and which ops
are whose is what docs/machines.md says."""

import hashlib
import re

import pytest

from machine import KERNEL, NO_XEN, ROOT, XEN, QemuKernel
from nested import NestedKvm
from test_boot import USERTESTS
from test_pv import ops_of_the_list

EXPECTED = ROOT / "docs/machines.md"
LINE = 'console=serial run="pv info; usertests"'
GUEST = {"hypervisor": ""}

# mode: (the machine, what it is given, the lines of `pv info` about the hypervisor)
MODES = {
    "native": (QemuKernel, {}, ("none: QEMU emulates the CPU", "TCGTCGTCGTCG", "CPUID signature")),
    "vmi": (QemuKernel, GUEST, ("hv-stub", "Paravanestub", "VMI ROM")),
    "trap": (QemuKernel, GUEST, ("hv-stub", "Paravanestub", "being told (pv=trap)")),
    "kvm": (NestedKvm, {}, ("KVM", "KVMKVMKVM", "CPUID signature")),
    "xen": (QemuKernel, {"xen": XEN}, ("Xen", "XenVMMXenVMM", "start_info")),
}
TABLE = re.compile(r"^ops, .*:\n((?:  .*\n)+)", re.MULTILINE)


def expected():
    """mode: {op: is it overridden?}"""
    table = re.search(r"^\| op \|.*\n(?:\|.*\n)+", EXPECTED.read_text(), re.MULTILINE)[0]
    head, _, *rows = ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in table.splitlines())
    return {
        mode: {row[0]: row[column] == "own" for row in rows}
        for column, mode in enumerate(head)
        if column
    }


def overridden(console):
    """{op: is it overridden?}, from `pv info`, which marks those with a star."""
    words = [word for line in TABLE.search(console)[1].splitlines() for word in line.split()[1:]]
    return {word.lstrip("*"): word.startswith("*") for word in words}


def outcomes(console):
    """The lines of usertests, but for those of the kernel in between, which tell addresses."""
    return re.findall(r"^(?:ok|FAIL|skip|usertests:) .*$", console, re.MULTILINE)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """What native says, once for all."""
    result = QemuKernel(tmp_path_factory.mktemp("modes") / "log").boot(f"pv=native {LINE}")
    return hashlib.sha256(KERNEL.read_bytes()).hexdigest(), outcomes(result.console)


@pytest.mark.parametrize("mode", MODES)
def test_one_kernel(log, reference, mode):
    machine, more, (hypervisor, signature, found_by) = MODES[mode]
    if mode == "xen" and NO_XEN:
        pytest.skip(NO_XEN)
    result = machine(log).boot(f"pv={mode} {LINE}", limit=240, **more)
    result.expect(
        f"^hypervisor +{re.escape(hypervisor)}$",
        f"^signature +{signature}$",
        rf"^recognised_by +{re.escape(found_by)}$",
        USERTESTS,
    )
    assert (hashlib.sha256(KERNEL.read_bytes()).hexdigest(), outcomes(result.console)) == reference
    assert overridden(result.console) == expected()[mode]


def test_table():
    """It has every op, in the list's order, and every mode."""
    table = expected()
    assert list(table) == list(MODES)
    assert all(list(column) == ops_of_the_list() for column in table.values())
