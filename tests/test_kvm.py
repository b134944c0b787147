# SPDX-License-Identifier: MIT
"""tests/test_kvm.py: Paravane as a guest of real KVM, nested in QEMU's emulated SVM.

Where the Linux with KVM cannot be had these tests are skipped, and say why.
"""

import re

import pytest

from machine import EXIT_NO_BACKEND, Setup
from nested import NestedKvm
from test_backends import TRAPPED, stats
from test_boot import USERTESTS
from test_hostile import GOING_ON, HOSTILE
from test_run import run

BANNER = r"^pvops: backend=kvm ring=0 sites=(\d+) patched=(\d+)$"
UPTIME = re.compile(r"^(?:\[([\d.]+)\] )?(up|stolen) +(\d+):(\d+):(\d+\.\d+)$", re.MULTILINE)
WORK = "usertests process; usertests memory"  # a few seconds in which the CPU does not rest


@pytest.fixture
def kvm(log):
    return NestedKvm(log)


def uptimes(result):
    """What each `uptime` told: (the outer Linux's clock, up, stolen), in seconds."""
    lines = [
        (float(stamp or 0), 3600 * int(hours) + 60 * int(minutes) + float(seconds))
        for stamp, _, hours, minutes, seconds in UPTIME.findall(result.console)
    ]
    return [(up[0], up[1], stolen[1]) for up, stolen in zip(lines[::2], lines[1::2])]


def passed(result):
    """(by the outer clock, by the guest's, of that stolen): from its first `uptime` to its last."""
    first, *_, last = uptimes(result)
    return tuple(after - before for before, after in zip(first, last))


# The guest's clock and Linux's, which has steps of 10 ms, may differ by this much: by what a line
# takes from the guest through QEMU and a pipe to the shell that looks at Linux's clock.
ERROR_S = 0.25


def test_clock(kvm):
    """It is recognised, and tells the same time as the Linux outside."""
    setup = Setup(f'run="uptime; {WORK}; sleep; uptime; {WORK}; uptime"')
    (result,) = kvm.boots(setup, stamp=True)
    assert "backend=kvm ring=0" in result.console
    seen = uptimes(result)
    assert len(seen) == 3
    assert all(a < b for first, second in zip(seen, seen[1:]) for a, b in zip(first[:2], second))
    outer, inner, stolen = passed(result)
    assert outer > 1
    assert abs(outer - inner) < ERROR_S, f"{inner:.3f} s, but outside {outer:.3f} s"
    assert 0 <= stolen < inner / 4, "nobody else wants the CPU for long"


def test_starved(kvm):
    """With two busy processes on the CPU, KVM tells the guest that it had a third of it."""
    (result,) = kvm.boots(Setup(f'run="uptime; {WORK}; uptime"'), busy=2)
    _, inner, stolen = passed(result.expect(BANNER))
    assert inner / 3 < stolen < inner, f"{stolen:.3f} s stolen of {inner:.3f} s"


def test_other_hypervisors(kvm):
    """A KVM without the clock, KVM in disguise, others' signatures: named, and native's ops."""
    info = 'run="pv info"'
    explicit, no_clock, no_steal, hidden, hyper_v, vmware = kvm.boots(
        Setup("pv=kvm", cpu="host,-kvmclock"),
        Setup(info, cpu="host,-kvmclock"),
        Setup(info, cpu="host,-kvm-steal-time,-kvm-nopiodelay"),
        Setup(info, cpu="host,kvm=off"),
        Setup(info, cpu="host,hv-relaxed"),
        Setup(info, cpu="host,hv-relaxed,hv-vendor-id=VMwareVMware"),
    )
    clockless = r"this KVM offers no clock \(CLOCKSOURCE2\)"
    explicit.expect(f"^pvops: pv=kvm: {clockless}$", status=EXIT_NO_BACKEND)
    no_clock.expect(f"^pvops: no kvm: {clockless}$", "backend=native ring=0", "^hypervisor +KVM$")
    no_steal.expect(BANNER, "^ops that kvm overrides:\n  time     clock_init clock_ns\nops that")
    for result, name, signature in [
        (hidden, "none", "none"),
        (hyper_v, "Hyper-V", "Microsoft Hv"),
        (vmware, "VMware", "VMwareVMware"),
    ]:
        result.expect(
            "^pvops: no kvm: CPUID 40000000h does not say KVMKVMKVM$",
            "^pvops: backend=native ring=0 ",
            f"^hypervisor +{name}$",
            f"^signature +{signature}$",
        )


def test_not_there(qemu):
    """QEMU's TCG has a signature of its own."""
    why = "CPUID 40000000h does not say KVMKVMKVM"
    qemu.boot("pv=kvm").expect(f"^pvops: pv=kvm: {why}$", status=EXIT_NO_BACKEND)
    qemu.boot('run="pv info"').expect(f"^pvops: no kvm: {why}$", "^signature +TCGTCGTCGTCG$")


def test_not_in_ring_1(kvm):
    """On hv-stub CPUID tells the truth, that the machine is KVM's; but the CPU is hv-stub's."""
    first, second = kvm.boots(
        Setup("pv=kvm", hypervisor="", memory=32),
        Setup("", hypervisor="hv.rom=off", memory=32),
        npt=False,
    )
    why = "the kernel is not in ring 0"
    first.expect(f"^pvops: pv=kvm: {why}$", status=EXIT_NO_BACKEND)
    second.expect(f"^pvops: no kvm: {why}$", status=EXIT_NO_BACKEND)


# QEMU's emulated CPU sets the A bit of a PDPT entry in memory, where the AMD manual keeps it 0. KVM
# then refuses the four entries when it has to walk the page tables itself, for a write to the VGA's
# memory, and goes on with those that it saw last: of hv-stub, not of its guest. Without nested page
# tables KVM reads the entries before the CPU does.
def test_hv_stub(kvm):
    """hv-stub on KVM: its guest is in ring 1, and no instruction of it is trapped."""
    line = 'pv=vmi run="ls | wc; usertests pipes; pv stats"'
    work = kvm.boot(line, hypervisor="", npt=False).expect("backend=vmi ring=1 ", USERTESTS)
    assert {name: stats(work)[name] for name in TRAPPED} == dict.fromkeys(TRAPPED, 0)


@pytest.mark.long
def test_fence(kvm):
    """The fence holds on KVM too, against every attack that a guest survives."""
    result = kvm.boot("all", hypervisor="", kernel=HOSTILE, initrd=None, npt=False, limit=300)
    result.expect("segment limits not checked$")
    assert re.findall(r"^([\w-]+): ok$", result.console, re.MULTILINE) == GOING_ON


@pytest.mark.long
@pytest.mark.parametrize("way", ["pv=vmi", "pv=trap"])
def test_hv_stub_usertests(kvm, way):
    kvm.boot(f'{way} run="usertests"', hypervisor="", npt=False, limit=600).expect(USERTESTS)


@pytest.mark.long
@pytest.mark.parametrize("patch", ["off", "count", "poison"])
@pytest.mark.parametrize("npt", [True, False])
def test_usertests(kvm, patch, npt):
    result = kvm.boot(f'pv.patch={patch} run="usertests"', npt=npt, limit=240)
    result.expect("backend=kvm", USERTESTS)


def test_make_run(kvm):
    """MODE=kvm says which KVM it is, and ends with the guest's status."""
    status, console, messages = run(kvm.log, "kernel", MODE="kvm", RUN="echo a,b; exit 3")
    assert status == 3
    assert "backend=kvm" in console and "\na,b\n" in console.replace("\r", "")
    assert re.search("nested, on the KVM of an emulated Linux|this machine's own KVM", messages)


def test_no_cd(log):
    status, _, messages = run(log, "iso", MODE="kvm")
    assert status == 1 and "no CD" in messages
