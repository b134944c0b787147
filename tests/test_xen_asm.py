# SPDX-License-Identifier: MIT
"""tests/test_xen_asm.py: pvops/xen.asm, an instruction at a time, and events between any two of them.

A real Xen (test_xen.py) hits a gap of one instruction too seldom to show that it is closed. Here the
functions of the real kernel.elf run in an emulated CPU, with a Xen around it: see emulated_xen.py.
"""

from itertools import product

import pytest

pytest.importorskip("unicorn", reason="no Python module unicorn: make setup installs it")
from emulated_xen import ABI, ALL, CONSOLE, CONSOLE_IRQ, IF, LAYOUT, MASKED, OF_KERNEL  # noqa: E402
from emulated_xen import OF_PROGRAM, RESULT_FLAGS, RING_1_CS, SPARE, STACK, TIMER  # noqa: E402
from emulated_xen import TIMER_IRQ, X86, Guest, bits  # noqa: E402

SPURIOUS = LAYOUT["IRQ_BASE"] + LAYOUT["IRQ_SPURIOUS"]
SYSCALL_SIZE, FPU_FAULTS, EMPTY_BUS = 2, 1, 0xFF
PFN, PTE_FLAGS, PAGE_SHIFT = 0x3210, 0xFFF, 12


@pytest.fixture(scope="module")
def guest():
    return Guest()


# --- irq, traps --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function, eax, mask, mask_after, result",
    [
        ("xen_irq_disable", 0, 0, 1, {}),
        ("xen_irq_save", 0, 0, 1, {"eax": IF}),
        ("xen_irq_save", IF, 1, 1, {"eax": 0}),
        ("xen_irq_restore", IF, 1, 0, {}),
        ("xen_irq_restore", ALL ^ IF, 0, 1, {}),
        ("xen_irq_enable", 0, 1, 0, {}),
    ],
)
def test_mask(guest, function, eax, mask, mask_after, result):
    """The mask is IF turned round, and no register changes but the result. Nothing waits."""
    guest.enter(function, mask=mask, eax=eax)
    assert guest.go() == "return"
    assert (guest.get("mask"), guest.changed(), guest.calls) == (mask_after, result, [])


@pytest.mark.parametrize("function", ["xen_irq_enable", "xen_irq_restore"])
def test_enable_asks_for_what_waits(guest, function):
    guest.enter(function, events=[TIMER], eax=IF)
    guest.live()
    assert guest.calls == [("HYPERCALL_xen_version", ABI["XENVER_version"])]
    assert (guest.handled, guest.get("mask"), guest.changed()) == ([TIMER_IRQ], 0, {})


@pytest.mark.parametrize(
    "flags, events, place, mask",
    [
        (0, [], "iret", 1),
        (0, [TIMER], "iret", 1),
        (IF, [], "iret", 0),
        (IF, [MASKED], "iret", 0),
        (IF, [TIMER], "HYPERCALL_iret", 1),
    ],
)
@pytest.mark.parametrize("kind", [OF_PROGRAM, OF_KERNEL], ids=["program", "kernel"])
def test_iret(guest, kind, flags, events, place, mask):
    """By the CPU, or by Xen where an event waits; either finds all registers and the frame."""
    frame = kind[:2] + [RESULT_FLAGS | flags] + kind[3:]
    guest.enter("xen_iret", frame, events=events)
    assert (guest.go(), guest.get("mask"), guest.changed()) == (place, mask, {})
    assert guest.frame(len(frame)) == frame


@pytest.mark.parametrize(
    "events, vector, left, pending",
    [
        ([TIMER], TIMER_IRQ, [], 0),
        ([CONSOLE], CONSOLE_IRQ, [], 0),
        ([TIMER, CONSOLE], TIMER_IRQ, [CONSOLE], 1),
        ([MASKED, CONSOLE], CONSOLE_IRQ, [MASKED], 0),
        ([MASKED], SPURIOUS, [MASKED], 0),
        ([], SPURIOUS, [], 0),
    ],
)
@pytest.mark.parametrize(
    "place, kind",
    [
        ("kernel_main", OF_KERNEL),
        ("xen_iret", OF_KERNEL),
        ("xen_iret.window_end", OF_KERNEL),
        ("xen_iret.window", OF_PROGRAM),  # whose EIP may be anything
    ],
)
def test_upcall(guest, place, kind, events, vector, left, pending):
    """The lowest event is taken off and becomes its interrupt; if more wait, Xen is to come again."""
    frame = [guest.at[place], *kind[1:]]
    guest.enter("xen_upcall", frame, events=events)
    assert (guest.go(), guest.changed(), guest.frame(len(frame))) == (vector, {}, frame)
    after = [guest.get(field) for field in ("events", "pending", "selector", "mask")]
    assert after == [bits(*left), pending, 0, 1]


def test_upcall_within_iret(guest):
    """Wherever xen_iret has cleared the mask, an upcall takes the frame beneath, which is xen_iret's."""
    window = set()
    for pending in 0, 1:
        guest.enter("xen_iret", OF_PROGRAM)
        guest.set(pending=pending)
        while guest.place() is None:
            guest.step()
            if not guest.get("mask"):
                window.add(guest["eip"])
    assert {guest.at[f"xen_iret{label}"] for label in (".window", ".go", ".deliver")} < window
    for eip in window:
        guest.enter("xen_upcall", [eip, RING_1_CS, IF, *OF_PROGRAM], events=[TIMER])
        assert (guest.go(), guest.frame(5)) == (TIMER_IRQ, OF_PROGRAM)
        assert guest.changed() == {"esp": STACK - 4 * len(OF_PROGRAM)}


@pytest.mark.parametrize(
    "function, frame", [("xen_iret", OF_PROGRAM), ("xen_iret", OF_KERNEL), ("xen_irq_enable", None)]
)
@pytest.mark.parametrize("channels", [(TIMER, CONSOLE), (CONSOLE, TIMER)])
def test_no_event_is_lost(guest, function, frame, channels):
    """One comes before each instruction of the function, another at each moment after: none is lost."""
    guest.enter(function, frame)
    alone = guest.live()
    guest.enter(function, frame)
    busy = guest.live((0, TIMER), (0, CONSOLE))
    for first, second in product(range(alone + 1), range(busy + 1)):
        guest.enter(function, frame)
        guest.live((first, channels[0]), (first + second, channels[1]))
        when = f"the second event {second} moments after the first, which came at {first}"
        handled = sorted(vector for vector in guest.handled if vector != SPURIOUS)
        assert handled == [TIMER_IRQ, CONSOLE_IRQ], when
        assert [guest.get(field) for field in ("events", "pending", "mask")] == [0, 0, 0], when
        assert guest.changed().keys() <= {"esp"}, when
        assert guest["esp"] == (OF_PROGRAM[3] if frame == OF_PROGRAM else STACK), when
        assert not frame or [guest["eip"], guest.cs, guest["eflags"]] == frame[:3], when


def test_syscall(guest):
    """It becomes the #UD of a syscall: EIP is that of the instruction."""
    guest.enter("xen_syscall", OF_PROGRAM)
    assert (guest.go(), guest.changed()) == (X86["VECTOR_UD"], {})
    assert guest.frame(5) == [OF_PROGRAM[0] - SYSCALL_SIZE, *OF_PROGRAM[1:]]


def test_no_fpu(guest):
    """#NM comes as it is, but Xen is told to make the FPU fault again."""
    guest.enter("xen_no_fpu", OF_PROGRAM)
    assert (guest.go(), guest.changed(), guest.frame(5)) == (X86["VECTOR_NM"], {}, OF_PROGRAM)
    assert guest.calls == [("HYPERCALL_fpu_taskswitch", FPU_FAULTS)]


@pytest.mark.parametrize("kind, masks_events", [("TYPE_INTERRUPT_GATE", 4), ("TYPE_TRAP_GATE", 0)])
@pytest.mark.parametrize("dpl", [0, 3])
def test_gate(guest, kind, masks_events, dpl):
    """What xen.c makes of a gate for Xen: through an interrupt gate, and only so, events are masked."""
    vector, entry = 0x21, 0xC0123456
    guest.enter(
        "xen_write_idt_entry",
        eax=vector,
        edx=RING_1_CS << 16 | entry & 0xFFFF,
        ecx=entry & 0xFFFF0000 | 0x8000 | dpl << 13 | X86[kind] << 8,
    )
    assert guest.go() == "return"
    ((call, traps),) = guest.calls
    assert call == "HYPERCALL_set_trap_table"
    fields = [guest.read(traps + at, size) for at, size in ((0, 1), (1, 1), (2, 2), (4, 4), (12, 4))]
    assert fields == [vector, dpl | masks_events, RING_1_CS, entry, 0]


# --- the others --------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0, PTE_FLAGS])
@pytest.mark.parametrize("mfn", [0x4567, 0xFFFFF, 0x100000, 0xABCDEF])
def test_frames(guest, mfn, flags):
    """Ours to the machine's and back, above 4 GiB too; flags stay. Only one entry of the table is there."""
    ours, machines = PFN << PAGE_SHIFT | flags, mfn << PAGE_SHIFT | flags
    for function, entry, table, index, frame, result in (
        ("xen_make_pte", ours, "xen_p2m", PFN, mfn, machines),
        ("xen_pte_pa", machines, "xen_m2p", mfn, PFN, ours),
    ):
        guest.write(SPARE, frame)
        guest.write(guest.at[table], SPARE - 4 * index & ALL)
        guest.enter(function, eax=entry & ALL, edx=entry >> 32)
        assert guest.go() == "return"
        assert guest["edx"] << 32 | guest["eax"] == result
        assert guest.changed().keys() <= {"eax", "edx"}


@pytest.mark.parametrize(
    "function, result",
    [
        ("xen_read_cr2", {"eax": OF_PROGRAM[0]}),
        ("xen_rdmsr", {"eax": 0, "edx": 0}),
        ("xen_in8", {"eax": EMPTY_BUS}),
    ],
)
def test_answers(guest, function, result):
    guest.enter(function)
    guest.set(cr2=OF_PROGRAM[0])
    assert (guest.go(), guest.changed()) == ("return", result)
