# SPDX-License-Identifier: MIT
"""tests/emulated_xen.py: functions of the real kernel.elf in an emulated CPU, and a Xen around them.

The CPU is Unicorn's, without a machine, and goes one instruction at a time. It stays in ring 0; `cs` says
in which ring it would be. Where the code leads to what is not there, we do what happens there: what a
hypercall does, a handler of the kernel, a program, and the CPU itself at `iret`.
"""

import struct
import subprocess

import unicorn
from unicorn import x86_const

from machine import KERNEL, constants

ABI, LAYOUT = constants("pvops/xen_abi.h"), constants("arch/x86/layout.h")
X86, IRQ = constants("lib/x86.h"), constants("arch/x86/arch.h")
HYPERCALLS = {name for name in ABI if name.startswith("HYPERCALL_")} - {"HYPERCALL_SIZE"}
RETURNING = HYPERCALLS - {"HYPERCALL_iret"}
SHARED = {  # the fields of struct xen_shared_info that xen.asm knows: where, and how long
    "pending": (ABI["XEN_UPCALL_PENDING"], 1),
    "mask": (ABI["XEN_UPCALL_MASK"], 1),
    "selector": (ABI["XEN_PENDING_SEL"], 4),
    "cr2": (ABI["XEN_CR2"], 4),
    "events": (ABI["XEN_EVTCHN_PENDING"], 4),
    "masked": (ABI["XEN_EVTCHN_MASK"], 4),
}
TIMER, MASKED, CONSOLE = 1, 5, 31  # channels: of the first 32 the lowest and the highest, and one between
TIMER_IRQ, CONSOLE_IRQ = LAYOUT["IRQ_BASE"] + IRQ["IRQ_TIMER"], LAYOUT["IRQ_BASE"] + IRQ["IRQ_SERIAL"]

ALL, PAGE = 0xFFFFFFFF, 4096
LOW, LOW_SIZE = 0x1000, 0x5000  # a little memory that is ours, for:
GDT, STACK, RETURN, HANDLERS, SPARE = 0x1000, 0x3000, 0x3000, 0x4000, 0x5000  # STACK is its top
CODE, DATA, USER_DATA = 0xB, 0x3, 0x63  # segments: type, and DPL << 5
PROGRAM_DS, ASTRAY = 0x1B, 0x20000000  # a program's DS may lead the kernel astray, to no memory

GENERAL = ["eax", "ecx", "edx", "ebx", "ebp", "esi", "edi"]
ARGUMENTS = ["ebx", "ecx", "edx", "esi"]  # of a hypercall
MARKS = {name: 0x11111111 * n for n, name in enumerate(GENERAL, 1)}
REGISTERS = GENERAL + ["esp", "eip", "eflags", "cs", "ds", "ss", "gdtr"]
NUMBERS = {name: getattr(x86_const, f"UC_X86_REG_{name.upper()}") for name in REGISTERS}
IF, RESULT_FLAGS, IRET, SPOILED = 0x200, 0x8D7, b"\xcf", 0xDEADBEEF

# Frames: EIP, CS, EFLAGS; and a program's ESP, SS.
RING_1_CS, USER_CS, USER_DS = LAYOUT["KERNEL_CS"] | 1, LAYOUT["USER_CS"], LAYOUT["USER_DS"]
OF_PROGRAM = [0x08048000, USER_CS, IF | RESULT_FLAGS, 0x3FFFF000, USER_DS]
OF_KERNEL = [RETURN, RING_1_CS, IF | RESULT_FLAGS]


def bits(*channels):
    return sum(1 << channel for channel in channels)


def segment(base, kind):
    """The descriptor of a flat segment."""
    return 0x00CF90000000FFFF | kind << 40 | base >> 24 << 56 | (base & 0xFFFFFF) << 16


class Guest:
    """guest["eax"] is a register, guest.at["xen_iret"] an address, guest.get("mask") what Xen shares."""

    def __init__(self):
        self.cpu = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
        nm = subprocess.run(["nm", KERNEL.with_suffix(".debug")], capture_output=True, text=True, check=True)
        self.at = {name: int(address, 16) for address, _, name in map(str.split, nm.stdout.splitlines())}
        self.load_kernel()
        self.cpu.mem_map(LOW, LOW_SIZE)
        gdt = struct.pack("<4Q", 0, segment(0, CODE), segment(0, DATA), segment(ASTRAY, USER_DATA))
        self.cpu.mem_write(GDT, gdt)
        self["gdtr"] = (0, GDT, len(gdt) - 1, 0)
        self["ss"], self["cs"] = LAYOUT["KERNEL_DS"], LAYOUT["KERNEL_CS"]
        self.places = {RETURN: "return", OF_PROGRAM[0]: "program"}
        for name in HYPERCALLS:
            self.places[self.at["xen_hypercalls"] + ABI[name] * ABI["HYPERCALL_SIZE"]] = name
        for vector in range(LAYOUT["IDT_ENTRIES"]):
            self.places[HANDLERS + vector] = vector
            self.write(self.at["xen_gates"] + 4 * vector, HANDLERS + vector)
        for channel, vector in (TIMER, TIMER_IRQ), (CONSOLE, CONSOLE_IRQ):
            self.write(self.at["xen_vectors"] + channel, vector, 1)

    def load_kernel(self):
        elf = KERNEL.read_bytes()
        offset, size, count = *struct.unpack_from("<I", elf, 28), *struct.unpack_from("<HH", elf, 42)
        for header in range(offset, offset + size * count, size):
            kind, start, address, _, length, memory = struct.unpack_from("<6I", elf, header)
            if kind == 1:  # LOAD
                self.cpu.mem_map(address, -(-memory // PAGE) * PAGE)
                self.cpu.mem_write(address, elf[start : start + length])

    # --- registers and memory

    def __getitem__(self, register):
        return self.cpu.reg_read(NUMBERS[register])

    def __setitem__(self, register, value):
        self.cpu.reg_write(NUMBERS[register], value)

    def read(self, address, size=4):
        return int.from_bytes(self.cpu.mem_read(address, size), "little")

    def write(self, address, value, size=4):
        self.cpu.mem_write(address, value.to_bytes(size, "little"))

    def get(self, field):
        offset, size = SHARED[field]
        return self.read(self.at["xen_shared"] + offset, size)

    def set(self, **fields):
        for field, value in fields.items():
            offset, size = SHARED[field]
            self.write(self.at["xen_shared"] + offset, value, size)

    def push(self, *words):
        """They lie in memory as they are written here: the last one is pushed first."""
        for word in reversed(words):
            self["esp"] -= 4
            self.write(self["esp"], word)

    def pop(self):
        self["esp"] += 4
        return self.read(self["esp"] - 4)

    def frame(self, size):
        return [self.read(self["esp"] + 4 * n) for n in range(size)]

    # --- one function

    def enter(self, function, frame=None, mask=1, events=(), **registers):
        """Begins it, while these events wait: by a call; or, with a frame, by a trap, in a program's DS."""
        self.cs, self.calls, self.handled, self.before = RING_1_CS, [], [], MARKS | registers
        for name, value in self.before.items():
            self[name] = value
        self["esp"], self["eip"], self["eflags"] = STACK, self.at[function], IF
        self["ds"] = PROGRAM_DS if frame else LAYOUT["KERNEL_DS"]
        self.push(*frame or [RETURN])
        self.before["esp"] = self["esp"] if frame else STACK
        self.set(pending=0, mask=1, selector=0, events=0, masked=ALL ^ bits(TIMER, CONSOLE))
        for channel in events:
            self.event(channel)
        self.set(mask=mask)

    def changed(self):
        """The registers that are not as they were when the trap had come, or before the call."""
        return {name: self[name] for name, value in self.before.items() if self[name] != value}

    def place(self):
        """What the code has led to; None if an instruction of its own is next."""
        eip = self["eip"]
        if eip in self.places:
            return self.places[eip]
        return "iret" if self.cpu.mem_read(eip, 1) == IRET else None

    def step(self):
        """An instruction, or a hypercall that returns."""
        name = self.place()
        if name is None:
            self.cpu.emu_start(self["eip"], 0, count=1)
        else:
            self.hypercall(name)

    def go(self):
        """Goes on to where the function leads for good, and says where that is; a handler is its vector."""
        while (place := self.place()) is None or place in RETURNING:
            self.step()
        return place

    # --- the others

    def hypercall(self, name):
        """Returns 0. A Xen that is made for debugging spoils the arguments."""
        self.calls.append((name, self["ebx"]))
        for register in ARGUMENTS:
            self[register] = SPOILED
        self["eax"] = 0
        self["eip"] = self.pop()
        self.deliver()

    def event(self, channel):
        """Comes. Xen tells the guest; but not if it was told, and has not looked since."""
        self.set(events=self.get("events") | bits(channel))
        if not self.get("masked") & bits(channel) and not self.get("selector"):
            self.set(selector=1, pending=1)
        self.deliver()

    def deliver(self):
        """What Xen does whenever it goes back to the guest."""
        if self.get("mask") or not self.get("pending"):
            return
        if self.cs == USER_CS:
            stack, self["esp"] = self["esp"], STACK
            self.push(stack, USER_DS)
        self.push(self["eip"], self.cs, self["eflags"])
        self["eip"], self.cs = self.at["xen_upcall"], RING_1_CS
        self.set(mask=1)

    def iret(self):
        self["eip"], self.cs, self["eflags"] = self.pop(), self.pop(), self.pop()
        if self.cs == USER_CS:
            self["esp"] = self.pop()

    def handle(self, vector):
        """A handler looks at its frame to know what to do at its end: it must not be xen_iret's."""
        own = self.at["xen_iret"] <= self.read(self["esp"]) < self.at["xen_upcall"]
        assert not own, f"interrupt {vector} has interrupted xen_iret, not what that returns to"
        self.handled.append(vector)
        self["eip"] = self.at["xen_iret"]

    def live(self, *arrivals):
        """Everybody does his part until all is done. arrivals: (moment, channel). Gives the last moment."""
        for moment in range(1000):
            for when, channel in arrivals:
                if when == moment:
                    self.event(channel)
            place = self.place()
            if place is None or place in RETURNING:
                self.step()
            elif place == "iret":
                self.iret()
            elif place == "HYPERCALL_iret":
                self.iret()
                self.set(mask=0 if self["eflags"] & IF else 1)
                self.deliver()
            elif place not in ("program", "return"):
                self.handle(place)
            elif all(when <= moment for when, _ in arrivals):
                return moment
        raise AssertionError("it never ends")
