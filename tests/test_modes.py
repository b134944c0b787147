# SPDX-License-Identifier: MIT
"""tests/test_modes.py: one kernel.elf on every hypervisor: what it does is the same, and which ops
are whose is what tests/expected/overrides.expected says."""

import hashlib
import re

import pytest

from machine import KERNEL, ROOT, XEN, QemuKernel
from nested import NestedKvm
from test_boot import USERTESTS
from test_pv import ops_of_the_list

EXPECTED = ROOT / "tests/expected/overrides.expected"
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
PARTS = re.compile(r"^ops that \w+ overrides:\n((?:  .*\n)+)ops that stay native:\n((?:  .*\n)+)", re.M)


def expected():
    """mode: {op: whose}"""
    head, *rows = (line.split() for line in EXPECTED.read_text().splitlines())
    return {mode: {row[0]: row[column] for row in rows} for column, mode in enumerate(head) if column}


def whose(console):
    """{op: "own" or "native"}, from `pv info`."""
    found = {}
    for part, owner in zip(PARTS.search(console).groups(), ["own", "native"]):
        for line in part.splitlines():
            found |= dict.fromkeys(line.split()[1:], owner)
    return found


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
    if mode == "xen" and not XEN.exists():
        pytest.skip(f"no {XEN}: make xen builds it")
    result = machine(log).boot(f"pv={mode} {LINE}", limit=240, **more)
    result.expect(
        f"^hypervisor +{re.escape(hypervisor)}$",
        f"^signature +{signature}$",
        rf"^recognised_by +{re.escape(found_by)}$",
        USERTESTS,
    )
    assert (hashlib.sha256(KERNEL.read_bytes()).hexdigest(), outcomes(result.console)) == reference
    assert whose(result.console) == expected()[mode]


def test_table():
    """It has every op, in the list's order, and every mode."""
    table = expected()
    assert list(table) == list(MODES)
    assert all(list(column) == ops_of_the_list() for column in table.values())
