# SPDX-License-Identifier: MIT
"""tests/test_backends.py: the same kernel.elf below hv-stub: what it does is the same, how it does
it is not."""

import re

import pytest

from machine import EXIT_NO_BACKEND, ROOT
from test_boot import USERTESTS, expect_usertests

STOP_LOAD = 0x70 - 0x10  # HV_EXIT_BASE of lib/hv.h, in the terms of an exit status

# How the kernel runs on hv-stub: the words for its command line.
WAYS = {
    "vmi": "pv=vmi",
    "vmi-unpatched": "pv=vmi pv.patch=off",
    "vmi-poison": "pv=vmi pv.patch=poison",
    "vmi-noext": "pv=vmi pv.ext=off",
    "vmi-nolazy": "pv=vmi pv.lazy=off",
    "trap": "pv=trap",
}
# What may differ: the backends' own lines.
OWN = re.compile(r"^(hv-stub|pvops:).*\n", re.MULTILINE)
STAT = re.compile(r"^([a-zA-Z ]+?) {2,}(\d+)$", re.MULTILINE)
TRAPPED = ("emulated", "forced", "port accesses")  # instructions that stopped in ring 1

# Programs whose output tells neither the time nor which addresses the kernel gave out.
SESSION = "ls; echo one two; cat README | wc; kill 99; nosuch; echo $?; crash; memstat | wc; wait"


def stats(result):
    """What `pv stats` shows, by name."""
    return {name: int(value) for name, value in STAT.findall(result.console)}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def test_usertests(judge, way):
    """All of usertests pass in ring 1, and under vmi not one instruction of them is trapped."""
    result = judge.boot(f'{way} run="usertests; pv stats"', hypervisor="", limit=240)
    result.expect(USERTESTS, r"^pvops: backend=\w+ ring=1 ")
    if "vmi" in way:
        counts = stats(result)
        assert counts["VMI calls"] > 1000
        assert {name: counts[name] for name in TRAPPED} == dict.fromkeys(TRAPPED, 0)


def test_same_output(judge, way):
    """But for the backends' own lines, the console is that of the native kernel."""
    native = judge.boot(f'pv=native run="{SESSION}"')
    guest = judge.boot(f'{way} run="{SESSION}"', hypervisor="")
    assert OWN.sub("", guest.console) == OWN.sub("", native.console)
    assert guest.status == native.status


@pytest.mark.quick
def test_auto_finds_vmi(judge):
    judge.boot('run="echo up"', hypervisor="").expect("^pvops: backend=vmi ring=1 ", "^up$")


@pytest.mark.quick
def test_zero_can_rise(qemu):
    """Without the ROM's OUTB (call 56) the port accesses are trapped, and counted."""
    result = qemu.boot('pv=vmi run="pv stats"', hypervisor="hv.none=56").expect()
    assert stats(result)["port accesses"] > 10


MUST = [10, 14, 30, 31, 32, 33, 39, 45, 66, 67]  # VMI calls without which there is no kernel in ring 1


@pytest.mark.parametrize("number", MUST)
def test_call_that_must_be_there(qemu, number):
    """Said before it is in ring 1."""
    why = "the VMI ROM lacks a call that nothing else can do"
    hypervisor = f"hv.none={number}"
    result = qemu.boot("pv=vmi", hypervisor=hypervisor)
    result.expect(f"^pvops: pv=vmi: {why}; pv=auto ", status=EXIT_NO_BACKEND)
    qemu.boot("", hypervisor=hypervisor).expect(f"^pvops: no vmi: {why}$", status=EXIT_NO_BACKEND)


@pytest.mark.long
@pytest.mark.parametrize("ext", ["on", "off"])
def test_calls_that_may_be_missing(qemu, ext):
    """Without any other one usertests still pass: the instruction itself is trapped."""
    for number in [n for n in range(74) if n not in MUST] + [*range(128, 133)]:
        line = f'pv=vmi pv.ext={ext} run="usertests"'
        qemu.boot(line, hypervisor=f"hv.none={number}", limit=120).expect(USERTESTS)


def test_panic_traps_nothing(judge):
    """Not even a panic and the power-off behind it use a privileged instruction."""
    result = judge.boot('pv=vmi run="crash null"', hypervisor="hv.stats=on")
    found = result.find(r"^hv-stub: exits:.* emulated (\d+), forced (\d+), port accesses (\d+)$")
    assert found, result.console
    assert found.groups() == ("0", "0", "0")
    assert result.find(r"^hv-stub: cycles: .*VMI calls [1-9]"), result.console


def test_native_in_ring_1(judge):
    """Native's experiment: cli trapped and was emulated, pushf told the host's flag, CS the ring."""
    result = judge.boot("pv=native", hypervisor="")
    result.expect(
        "^native: CS is 0009, so this is ring 1; after cli, which somebody emulated, pushf$",
        "^native: shows IF=1, the host's",
        "use pv=trap or pv=vmi",
        status=EXIT_NO_BACKEND,
    )


def test_trap_in_ring_0(qemu):
    qemu.boot("pv=trap").expect("not in ring 1", status=EXIT_NO_BACKEND)


def test_without_rom(qemu):
    """pv=vmi is not there without the ROM; auto says why it was passed over."""
    qemu.boot("pv=vmi", hypervisor="hv.rom=off").expect("no VMI ROM", status=EXIT_NO_BACKEND)
    qemu.boot("", hypervisor="hv.rom=off").expect(
        "^pvops: no vmi: there is no VMI ROM", status=EXIT_NO_BACKEND
    )


@pytest.mark.parametrize("option", ["hv.nonsense=1", "hv.stats=yes", "hv.none=9999", "hv.none=5x", "hv.none=", "hv.none=4294967296"])
def test_unknown_option(qemu, option):
    """What is no option, or none of its values, is named, and changes nothing."""
    result = qemu.boot('run="pv info"', hypervisor=option)
    result.expect(f"^hv-stub: {option} means nothing here; ignored$", "^backend +vmi$")
    assert not result.find("^hv-stub: exits:")


@pytest.mark.parametrize("memory", [480, 512, 1024, 2048])
@pytest.mark.parametrize("way", ["pv=vmi", "pv=trap"])
def test_memory(qemu, way, memory):
    """Of a large machine the guest has nearly all: up to 1 GiB, which is what hv-stub maps."""
    result = qemu.boot(f'{way} run="memstat; usertests memory"', hypervisor="", memory=memory)
    total = int(result.expect(USERTESTS).find(r"^total +\d+ +(\d+)$")[1])
    assert total > min(memory, 1024) * 1024 * 63 / 64 - 2048


def test_trace(qemu):
    """A line an exit."""
    result = qemu.boot('pv=vmi run="echo up"', hypervisor="hv.trace=on")
    line = r"^hv-stub: (?:vector|call) \d+ at 0009:[0-9a-f]{8}$"
    assert len(re.findall(line, result.console, re.MULTILINE)) > 100


@pytest.mark.parametrize(
    "setup, said",
    [
        ({"kernel": "README.md"}, "no kernel"),
        ({"memory": 4}, "too little"),
    ],
)
def test_bad_start(qemu, setup, said):
    """What hv-stub cannot start with is named; the status is its own."""
    if "kernel" in setup:
        setup = {"kernel": ROOT / setup["kernel"]}
    qemu.boot("", hypervisor="", **setup).expect(
        f"^hv-stub: guest stopped: .*{said}", status=STOP_LOAD
    )


@pytest.mark.long
@pytest.mark.parametrize("part", range(5))
def test_fifty_boots(judge, way, part):
    """Ten boots in a row, of five times ten, in each way."""
    for _ in range(10):
        judge.boot(f'{way} run="ls | wc; echo up"', hypervisor="").expect("^up$")
