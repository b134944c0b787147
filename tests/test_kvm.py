# SPDX-License-Identifier: MIT
"""tests/test_kvm.py: Paravane as a guest of real KVM, nested in QEMU's emulated SVM.

Where the Linux with KVM cannot be had these tests are skipped, and say why.
"""

import os
import re
import shutil
import subprocess

import pytest

from machine import EXIT_NO_BACKEND, ROOT, Setup
from nested import NestedKvm
from test_backends import TRAPPED, stats
from test_boot import USERTESTS
from test_hostile import GOING_ON, HOSTILE, STOPPED, expect_outcome
from test_modes import overridden
from test_run import at_a_terminal, run

BANNER = r"^pvops: backend=kvm ring=0 sites=(\d+) patched=(\d+)$"
UPTIME = re.compile(r"^(?:\[([\d.]+)\] )?(up|stolen) +(\d+):(\d+):(\d+\.\d+)$", re.MULTILINE)
SERIAL = "console=serial"  # on KVM each character of the VGA's memory is an exit to QEMU
WORK = "usertests process"  # some seconds in which the CPU does not rest


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
    setup = Setup(f'{SERIAL} run="uptime; {WORK}; uptime; usertests exhaustion time; uptime"')
    (result,) = kvm.boots(setup, stamp=True)
    assert "backend=kvm ring=0" in result.console
    seen = uptimes(result)
    assert len(seen) == 3
    assert all(a < b for first, second in zip(seen, seen[1:]) for a, b in zip(first[:2], second))
    outer, inner, stolen = passed(result)
    assert outer > 5 * ERROR_S
    assert abs(outer - inner) < ERROR_S, f"{inner:.3f} s, but outside {outer:.3f} s"
    assert 0 <= stolen < inner / 4, "nobody else wants the CPU for long"


def test_starved(kvm):
    """With two busy processes on the CPU, KVM tells the guest that it had a third of it."""
    (result,) = kvm.boots(Setup(f'{SERIAL} run="uptime; {WORK}; uptime"'), busy=2)
    _, inner, stolen = passed(result.expect(BANNER))
    assert inner / 3 < stolen < inner, f"{stolen:.3f} s stolen of {inner:.3f} s"


def test_other_hypervisors(kvm):
    """A KVM without the clock, KVM in disguise, others' signatures: named, and native's ops."""
    info = f'{SERIAL} run="pv info"'
    explicit, no_clock, no_steal, hidden, hyper_v, vmware = kvm.boots(
        Setup(f"pv=kvm {SERIAL}", cpu="host,-kvmclock"),
        Setup(info, cpu="host,-kvmclock"),
        Setup(info, cpu="host,-kvm-steal-time,-kvm-nopiodelay"),
        Setup(info, cpu="host,kvm=off"),
        Setup(info, cpu="host,hv-relaxed"),
        Setup(info, cpu="host,hv-relaxed,hv-vendor-id=VMwareVMware"),
    )
    clockless = r"this KVM offers no clock \(CLOCKSOURCE2\)"
    explicit.expect(f"^pvops: pv=kvm: {clockless}; pv=auto ", status=EXIT_NO_BACKEND)
    no_clock.expect(f"^pvops: no kvm: {clockless}$", "backend=native ring=0", "^hypervisor +KVM$")
    no_steal.expect(BANNER)
    own = [op for op, is_own in overridden(no_steal.console).items() if is_own]
    assert own == ["clock_init", "clock_ns"]
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
    qemu.boot("pv=kvm").expect(f"^pvops: pv=kvm: {why}; pv=auto ", status=EXIT_NO_BACKEND)
    qemu.boot('run="pv info"').expect(f"^pvops: no kvm: {why}$", "^signature +TCGTCGTCGTCG$")


# QEMU's emulated CPU sets the A bit of a PDPT entry in memory, where the AMD manual keeps it 0. KVM
# then refuses the four entries when it has to walk the page tables itself, for a write to the VGA's
# memory, and goes on with those that it saw last: of hv-stub, not of its guest. Without nested page
# tables KVM reads the entries before the CPU does.
def test_hv_stub(kvm):
    """hv-stub on KVM: its guest is in ring 1, and no instruction of it is trapped. There CPUID tells
    whose machine it is, KVM's; but the CPU is hv-stub's, and pv=kvm is refused."""
    work, explicit, no_rom = kvm.boots(
        Setup(f'pv=vmi {SERIAL} run="ls | wc; usertests pipes; pv stats"', hypervisor=""),
        Setup(f"pv=kvm {SERIAL}", hypervisor=""),
        Setup(SERIAL, hypervisor="hv.rom=off"),
        npt=False,
    )
    work.expect("backend=vmi ring=1 ", USERTESTS)
    assert {name: stats(work)[name] for name in TRAPPED} == dict.fromkeys(TRAPPED, 0)
    why = "the kernel is not in ring 0"
    explicit.expect(f"^pvops: pv=kvm: {why}; pv=auto ", status=EXIT_NO_BACKEND)
    no_rom.expect(f"^pvops: no kvm: {why}$", status=EXIT_NO_BACKEND)


@pytest.mark.long
def test_fence(kvm):
    """The fence holds on KVM too, against every attack that a guest survives. One fault is another:
    KVM knows the hypercall instructions of both makers, and refuses them to ring 1 with #GP."""
    result = kvm.boot("all", hypervisor="", kernel=HOSTILE, initrd=None, npt=False, limit=300)
    result.expect("segment limits not checked$", status=1)
    failed = re.findall(r"^([\w-]+): FAILED: (.*?, error 0),", result.console, re.MULTILINE)
    assert failed == [("privileged", "vmcall: vector 13, error 0")]
    passed = re.findall(r"^([\w-]+): ok$", result.console, re.MULTILINE)
    assert passed == [name for name in GOING_ON if name != "privileged"]


@pytest.mark.long
def test_stopped(kvm):
    """Each attack that ends a guest ends it there with the same words, and not hv-stub."""
    attacks = [Setup(name, hypervisor="", kernel=HOSTILE, initrd=None) for name in STOPPED]
    for name, result in zip(STOPPED, kvm.boots(*attacks, npt=False, limit=300)):
        expect_outcome(result, name, STOPPED[name][0])


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
    """MODE=kvm says which KVM it is; the console is this terminal; the guest's status is the end."""
    with at_a_terminal(kvm.log, "kernel", "make run MODE=kvm", MODE="kvm") as session:
        session.expect("run: (this machine's own KVM|.*nested, on the KVM of an emulated Linux)")
        session.expect("backend=kvm ring=0")
        session.prompt()
        assert session.run("echo a,b") == "a,b\n"
        session.send("exit 3\r")
        session.expect("ended 3")


def test_line_ends(kvm):
    """They are those of all machines: on its way out a newline gets no second carriage return."""
    status, console, _ = run(kvm.log, "kernel", MODE="kvm", RUN="echo one; echo two")
    assert status == 0
    assert "\none\ntwo\n" in console  # as Python reads it, where \r\r\n would be two lines


@pytest.mark.parametrize(
    "program, script, said",
    [
        ("apt-cache", "exit 0", "kvm: apt knows no package linux-image-cloud-amd64: `apt-get update`"),
        ("apt-get", "echo E: no network >&2; exit 100", "kvm: apt-get download failed: E: no network"),
    ],
)
def test_cannot_be_had(tmp_path, program, script, said):
    """Why these tests are skipped elsewhere is said in one line, and nothing half made is kept."""
    if not shutil.which("apt-get"):
        pytest.skip("there is no apt-get here")
    (tmp_path / program).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / program).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ended = subprocess.run(
        [ROOT / "tools/kvm/base.sh"], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(said), ended.stderr
    assert {file.name for file in (tmp_path / "cache").rglob("*")} <= {"paravane", "kvm", "lock"}


def test_no_cd(log):
    status, _, messages = run(log, "iso", MODE="kvm")
    assert status == 1 and "no CD" in messages
