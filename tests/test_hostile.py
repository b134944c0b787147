# SPDX-License-Identifier: MIT
"""tests/test_hostile.py: guests that attack hv-stub, and what must come of each attack.

The guest is tests/hostile/, one kernel with all the attacks; its command line says which it does.
After most it goes on and says so, as it got the fault that hardware gives. In the others it is
stopped, and hv-stub says what it did, prints its statistics and ends with its own status. It is
never hv-stub itself that fails (STOP_INTERNAL), and never a reset or a hang.
"""

import json
import re
import resource
import struct
import subprocess
import time
from dataclasses import dataclass

import pytest

from machine import BUILD, EXIT, HYPERVISOR, ROOT, TIME_SCALE, BochsCd, MachineError
from machine import Qemu, QemuKernel, Setup, constants, exit_line, read_console, write_log

HOSTILE = BUILD / "hostile.elf"
HV = constants("lib/hv.h")
MULTIBOOT = 0x1BADB002

# Why hv-stub stops a guest, as its exit status: enum stop in hv-stub/hv.h.
LOAD, FAULT, MEMORY, MODE, INTERNAL = (
    HV["HV_EXIT_BASE"] - EXIT["EXIT_BASE"] + why for why in range(5)
)

# After these the guest goes on. Named here too, so that none of them is lost.
GOING_ON = """
    fence-unpaged own-memory dpl-0 top-base expand-down conforming not-code gates host-selectors
    task-register segment-gone privileged ring-3 flags nested-task iret-frames gate-dpl
    debug-registers timer-storm no-eoi uart-storm string-io ports relocations init-unpaged
    fence-paged own-memory-paged slot-3 loops self-map read-only aliases pool accessed-dirty flushes
    reused writable-table large-pages large-unaligned invlpg-large relinked dirty-by-each
    operands-beyond wild-tables gate-wild bad-esp stack-page single-step rom-middle shared-garbage
    early-calls fence-vmi init-twice slot-3-vmi flushes-vmi release-large loops-vmi large-alias
    linear-mapping queue-index direct-gate direct-stack alarm-storm console-far console-endless
    calls fence-after
""".split()


@dataclass(frozen=True)
class Stop:
    """The guest is stopped, for this reason, in these words."""

    status: int
    words: str


GOES_ON = None
NO_GATE = Stop(FAULT, r"vector 6, for which it has no gate \(.*\)")
NOT_LOADED = Stop(FAULT, r"its segments cannot be loaded any more \(vector 13, error 00[03]0\)")
NO_SEGMENTS = Stop(FAULT, r"its GDT has no segments for CS=0009 SS=00[13]1, which it runs on")
BEYOND = Stop(MEMORY, r"address [0-9a-f]{8} is mapped to physical 03d[0-9a-f]{5}, which is not .*")
AROUND = Stop(MEMORY, r"address 40000000 is mapped to physical fff00000, which is not its memory")
ABOVE = Stop(MEMORY, r"page table entry 00000[01]0[01]:[0-9a-f]{8}, which is not its memory")
NO_TABLE = Stop(MEMORY, r"page table at 03d[0-9a-f]{5}, which is not its memory")
NO_ENTRY = Stop(FAULT, r"a page table entry at [0-9a-f]{8}, which is not mapped writable")
NOT_AN_ENTRY = Stop(MEMORY, "a page table entry at 40000000, which is not its memory")
NO_MODE = {
    "real-mode": Stop(MODE, "CR0=00000010: there is no real mode"),
    "two-level": Stop(MODE, "CR0=80010011 without CR4.PAE: two-level paging is not there"),
    "no-write-protect": Stop(MODE, "CR0=80000011: paging without WP is not there"),
    "ldt": Stop(MODE, "LDT 0030: there are no LDTs"),
}
NO_VM86 = Stop(MODE, "virtual-8086 mode, which there is not")


def no_tss(address):
    return Stop(FAULT, f"no TSS for a trap from a program: it would be at {address}")


def no_root(address):
    return Stop(MEMORY, f"CR3 is {address}, which is not its memory")


def no_code(selector):
    return Stop(FAULT, f"its gate for vector 6 names {selector}, which is no code of its kernel")


def no_stack(esp):
    return Stop(FAULT, f"no stack for a trap: its ESP is {esp}, at EIP [0-9a-f]{{8}}")


# What becomes of it in QEMU, and in Bochs if that is another thing: there the CPU sees that EIP or
# ESP lies behind the limit; and it does not let ring 1 into virtual-8086 mode, as QEMU's TCG does.
STOPPED = {
    "beyond": [BEYOND],
    "page-beyond": [BEYOND],
    "page-around": [AROUND],
    "page-above": [ABOVE],
    "large-beyond": [BEYOND],
    "table-beyond": [NO_TABLE],
    "table-above": [ABOVE],
    "l2-beyond": [NO_TABLE],
    "reserved-bits": [ABOVE],
    "cr3-beyond": [no_root("03d[0-9a-f]{5}")],
    "cr3-top": [no_root("ffffffff")],
    **{name: [stop] for name, stop in NO_MODE.items()},
    "no-gdt": [NO_SEGMENTS],
    "gdt-unmapped": [NO_SEGMENTS],
    "stack-gone": [NO_SEGMENTS],
    "ring-2": [NOT_LOADED],
    "no-idt": [NO_GATE],
    "idt-unmapped": [NO_GATE],
    "gate-absent": [NO_GATE],
    "gate-task": [NO_GATE],
    "gate-null": [no_code("0001")],
    "gate-host-selector": [no_code("0ff1")],
    "gate-switcher": [GOES_ON, NOT_LOADED],
    "iret-high": [GOES_ON, NOT_LOADED],
    "vm86": [NO_VM86, GOES_ON],
    "vm86-fault": [NO_VM86, GOES_ON],
    "tss-switcher": [no_stack("ffc06fec")],
    "tss-garbage": [Stop(FAULT, "its TSS names 0ff9 for a stack segment, which is none")],
    "tss-unmapped": [no_tss("40000000")],
    "tss-top": [no_tss("ffc05000")],
    "iret-nowhere": [Stop(FAULT, "iret with ESP 40000000, where there is no frame")],
    "fault-with-bad-esp": [no_stack("400007f0")],
    "push-into-switcher": [no_stack("ffc047f0")],
    "interrupt-with-bad-esp": [no_stack("400007f4")],
    "no-handler": [Stop(FAULT, r"vector 32, for which it has no gate \(.*\)")],
    "silent-console": [NO_GATE],
    "slow-console": [NO_GATE],
    "announce-beyond": [Stop(MEMORY, "it announced frame 00003d[0-9a-f]{2} as a page table")],
    "entry-around": [NOT_AN_ENTRY],
    "task-unavailable": [Stop(FAULT, "task register 0011, which is no available TSS")],
    "pointer-nowhere": [Stop(FAULT, "a table's limit and base at d0000000, which is not mapped")],
    "descriptor-nowhere": [
        Stop(FAULT, "a descriptor table at ffc04000, which is not mapped writable")
    ],
    "linear-unaligned": [NO_ENTRY],
    "queue-garbage": [NO_ENTRY],
    "direct-gate-switcher": [GOES_ON],
    "direct-stack-switcher": [no_stack("ffc047e8")],
    "direct-stack-unmapped": [no_stack("400007e8")],
    "direct-stack-page": [GOES_ON, no_stack("ffc067e8")],
}

# Of these another one has the same way through hv-stub, and the CPU no part in it. A boot in Bochs
# takes a second and a half: there they are in `make test-all` only.
LONG_IN_BOCHS = """
    page-above large-beyond table-above l2-beyond reserved-bits cr3-top gdt-unmapped idt-unmapped
    tss-garbage tss-unmapped two-level no-write-protect gate-null gate-host-selector vm86-fault
    fault-with-bad-esp slow-console announce-beyond ldt task-unavailable pointer-nowhere
    descriptor-nowhere direct-stack-unmapped
""".split()

STATISTICS = r"hv-stub: exits: interrupts \d+, .*, VMI calls \d+, .*, port accesses \d+"


def attack(machine, line, kernel=HOSTILE, **more):
    return machine.boot(line, kernel=kernel, initrd=None, hypervisor="", **more)


def expect_stop(result, stop):
    """The guest was stopped: one line that says what it did, the statistics, the status."""
    line = f"hv-stub: guest stopped: {stop.words}"
    result.expect(f"^{line}$", status=stop.status)
    *_, said, statistics, _ = result.console.strip().splitlines()
    assert re.fullmatch(line, said), said
    assert re.fullmatch(STATISTICS, statistics), statistics


def expect_outcome(result, name, outcome):
    """What is in the table."""
    assert "FAILED" not in result.console, result.console
    if outcome is GOES_ON:
        result.expect(f"^{name}: ok$")
    else:
        expect_stop(result, outcome)


def limits(machine):
    return "checked" if isinstance(machine, BochsCd) else "not checked"


# --- attacks after which the guest goes on ---------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3])
def test_million_calls(judge, seed):
    """VMI calls with arguments from a generator; the failing one is named, with its seed."""
    result = attack(judge, f"calls=1000000 seed={seed} calls fence-after", limit=600)
    result.expect(rf"^calls: 1000000 with seed {seed}, [1-9]\d* interrupts$", "^fence-after: ok$")


@pytest.mark.long
def test_every_port(judge):
    attack(judge, "calls=1000000 ports", limit=300).expect("^ports: ok$")


# --- attacks that end the guest --------------------------------------------------------------------


@pytest.mark.parametrize("name", STOPPED)
def test_stopped_in_qemu(qemu, name):
    expect_outcome(attack(qemu, name), name, STOPPED[name][0])


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.long] if n in LONG_IN_BOCHS else []) for n in STOPPED],
)
def test_stopped_in_bochs(bochs, name):
    expect_outcome(attack(bochs, name), name, STOPPED[name][-1])


def expect_contained(result, seed):
    """Stopped in words, or not at all; and not by a fault of hv-stub's own."""
    assert result.status in (0, FAULT, MEMORY, MODE), f"seed {seed}: {result.console}"
    if result.status:
        expect_stop(result, Stop(result.status, ".*"))


@pytest.mark.parametrize("seeds", [range(1, 9), pytest.param(range(9, 200), marks=pytest.mark.long)])
def test_wild_calls_in_qemu(qemu, seeds):
    """VMI calls with no argument spared: the guest does not get far."""
    for seed in seeds:
        expect_contained(attack(qemu, f"seed={seed} wild-calls"), seed)


@pytest.mark.parametrize("seeds", [[1], pytest.param(range(2, 20), marks=pytest.mark.long)])
def test_wild_calls_in_bochs(bochs, seeds):
    for seed in seeds:
        expect_contained(attack(bochs, f"seed={seed} wild-calls"), seed)


@pytest.mark.parametrize("name", ["halt-for-ever", "halt-idle"])
def test_halt(qemu, name):
    """As in hardware nothing happens any more; hv-stub does not spin, but halts as well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(MachineError, match="did not end"):
        attack(qemu, name, limit=4)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert used < 2 * TIME_SCALE, f"{used:.1f} s of the processor to do nothing"


# --- the hypervisor's own memory ---------------------------------------------------------------------

BASE, SIZE = 0x100000, 0x40000  # where hv-stub is linked and loaded, and more than it has

# What a guest may have changed rightly, by where it is: (symbol, first byte, end)
CHANGES = [
    ("host_idt", 0x80 * 8, 0x81 * 8),  # the direct gate
    ("host_gdt", 0, 509 * 8),  # the guest's descriptors
    ("tss_page", 12, 20),  # the stack for the direct gate
]
FIXED = ["host_idt", "host_gdt", "tss_page", "hv_root", "hv_top_guest", "identity_l2", "top_l2", "top_l1"]


def symbols():
    """(address, size) of what has a size, from the hypervisor's ELF."""
    nm = subprocess.run(["nm", "-S", HYPERVISOR], capture_output=True, text=True, check=True)
    lines = map(str.split, nm.stdout.splitlines())
    return {line[3]: (int(line[0], 16), int(line[1], 16)) for line in lines if len(line) == 4}


def read_only_segments():
    """(physical address, bytes) of each segment that nobody writes to."""
    elf = HYPERVISOR.read_bytes()
    offset, size, count = *struct.unpack_from("<I", elf, 28), *struct.unpack_from("<HH", elf, 42)
    for at in range(offset, offset + size * count, size):
        kind, start, _, physical, length, _, flags = struct.unpack_from("<7I", elf, at)
        if kind == 1 and length and not flags & 2:
            yield physical, elf[start : start + length]


class QemuAfterwards(QemuKernel):
    """QEMU without the port that ends it: when the guest is done, its memory is read."""

    def memory_after(self, line, scratch, limit=60):
        """The console and hv-stub's memory; and a guest that has ended does not go on."""
        setup = Setup(line, hypervisor="", kernel=HOSTILE, initrd=None)
        command = Qemu.hardware(setup)
        at = command.index("-device")
        del command[at : at + 2]
        command += ["-serial", f"file:{scratch}/serial", "-qmp", "stdio"] + self.medium(setup)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as qemu:
            try:
                console = self.wait_for_end(qemu, scratch, limit * TIME_SCALE)
                write_log(self.log, f"QEMU without exit port: {line}", console)
                self.save(qemu, scratch)
                time.sleep(0.3)
                assert read_console(scratch / "serial") == console, "the guest went on"
                return console, (scratch / "memory").read_bytes()
            finally:
                qemu.kill()

    @staticmethod
    def wait_for_end(qemu, scratch, limit):
        end = time.monotonic() + limit
        console = ""
        while exit_line(console) is None:
            assert time.monotonic() < end and qemu.poll() is None, f"no end: {console}"
            time.sleep(0.1)
            if (scratch / "serial").exists():
                console = read_console(scratch / "serial")
        return console

    @staticmethod
    def save(qemu, scratch):
        area = {"val": BASE, "size": SIZE, "filename": str(scratch / "memory")}
        qemu.stdout.readline()  # a greeting
        for command, arguments in [("qmp_capabilities", {}), ("pmemsave", area)]:
            qemu.stdin.write(json.dumps({"execute": command, "arguments": arguments}))
            qemu.stdin.flush()
            answer = json.loads(qemu.stdout.readline())
            assert "return" in answer, answer


class BochsAfterwards(BochsCd):
    """Bochs, whose debugger saves the memory when hv-stub comes to its end."""

    script = None

    def memory_after(self, line, scratch):
        """The console and hv-stub's memory."""
        self.script = scratch / "script"
        end = symbols()["host_leave"][0]
        save = f'writemem "{scratch}/memory" {BASE:#x} {SIZE:#x}'
        self.script.write_text(f"pb {end:#x}\nc\n{save}\nc\nq\n")
        return attack(self, line).console, (scratch / "memory").read_bytes()

    def command(self, *arguments, **more):
        command, environment = super().command(*arguments, **more)
        return command, environment | {"BOCHS_RC": str(self.script)}


@pytest.fixture(params=[QemuAfterwards, BochsAfterwards], ids=["qemu", "bochs-cd"])
def witness(request, log):
    """The fast machine, then the strict one, which show hv-stub's memory afterwards."""
    return request.param(log)


def fixed_memory(memory):
    """The pages of descriptors and page tables, without what guests may change."""
    memory, where = bytearray(memory), symbols()
    for symbol, first, end in CHANGES:
        at = where[symbol][0] - BASE
        memory[at + first : at + end] = bytes(end - first)
    return {name: bytes(memory[where[name][0] - BASE :][: where[name][1]]) for name in FIXED}


def expect_own_memory(witness, folder, line):
    """After the attacks hv-stub's code is that of its file, and its descriptors and page tables are
    those that a guest which does nothing leaves. Gives the console."""
    (folder / "before").mkdir()
    said, before = witness.memory_after("", folder / "before")
    base = int(re.search("^hv-stub: guest in ring 1 with .* at ([0-9a-f]+)$", said, re.M)[1], 16)
    console, after = witness.memory_after(f"base={base} {line}", folder)
    for address, code in read_only_segments():
        assert after[address - BASE :][: len(code)] == code, f"the code at {address:08x} has changed"
    wanted, found = fixed_memory(before), fixed_memory(after)
    assert [name for name in FIXED if wanted[name] != found[name]] == []
    assert "FAILED" not in console, console
    return console


@pytest.mark.parametrize("line", ["vm86", "queue-garbage", "seed=3 wild-calls", "entry-around"])
def test_own_memory_in_qemu(log, tmp_path, line):
    expect_own_memory(QemuAfterwards(log), tmp_path, line)


@pytest.mark.parametrize(
    "line", ["entry-around", pytest.param("seed=3 wild-calls", marks=pytest.mark.long)]
)
def test_own_memory_in_bochs(log, tmp_path, line):
    expect_own_memory(BochsAfterwards(log), tmp_path, line)


def test_going_on(witness, tmp_path):
    """All attacks after which the guest goes on, in one boot. Each that failed says why; then the
    table says which were to come."""
    console = expect_own_memory(witness, tmp_path, "all")
    assert f"KiB, segment limits {limits(witness)}\n" in console
    assert re.findall(r"^([\w-]+): ok$", console, re.MULTILINE) == GOING_ON
    assert max(map(len, console.splitlines())) == 4096, "what console-endless may print in one call"


# --- before the guest runs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags, said",
    [
        (0x00000004, "its Multiboot header asks for a video mode: flags 00000004"),
        (0x00010007, "its Multiboot header asks for a video mode: flags 00010007"),
        (0x00008003, "its Multiboot header asks for what we lack: flags 00008003"),
        (None, "its kernel has no Multiboot header"),
    ],
)
def test_multiboot_header(qemu, tmp_path, flags, said):
    """A kernel that asks for more than it would get, or that is none, is refused by name."""
    expect_stop(attack(qemu, "", kernel=with_flags(tmp_path, flags)), Stop(LOAD, said))


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 0x00040003])
def test_multiboot_header_granted(qemu, tmp_path, flags):
    attack(qemu, "gates", kernel=with_flags(tmp_path, flags)).expect("^gates: ok$")


def with_flags(folder, flags):
    """The guest with other flags in its Multiboot header; None: without the header."""
    elf = HOSTILE.read_bytes()
    old = struct.pack("<3I", MULTIBOOT, 0, -MULTIBOOT % 2**32)
    new = bytes(12) if flags is None else struct.pack("<3I", MULTIBOOT, flags, -(MULTIBOOT + flags) % 2**32)
    assert elf.count(old) == 1
    kernel = folder / "hostile.elf"
    kernel.write_bytes(elf.replace(old, new))
    return kernel


def test_table_is_complete():
    """Every attack that the guest knows is in a table here."""
    source = (ROOT / "tests/hostile/main.c").read_text()
    names = re.findall(r'^    \{"([\w-]+)", (?:UNPAGED|PAGED|PARAVIRTUAL), ', source, re.MULTILINE)
    others = ["halt-for-ever", "halt-idle", "wild-calls"]
    assert sorted(names) == sorted([*GOING_ON, *STOPPED, *others])
