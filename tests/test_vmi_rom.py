# SPDX-License-Identifier: MIT
"""tests/test_vmi_rom.py: the VMI ROM is what VMI 3.0 and Linux 2.6.24 expect.

The guest is tests/vmi/, a kernel that knows nothing of Paravane's own backend. It shows the ROM,
calls everything in it, and says what it found; what the ROM's bytes mean is looked up here.
"""

import re
import struct
import subprocess
from pathlib import Path

import pytest

from machine import BUILD, EXIT, ROOT, BochsCd, QemuKernel, Setup, constants

HV_STUB = BUILD / "hv-stub.elf"
VMITEST = BUILD / "vmitest.elf"
HV = constants("lib/hv.h")

STOP_FAULT = HV["HV_EXIT_BASE"] - EXIT["EXIT_BASE"] + 1  # as a guest's status
SYSTEM_CALLS = 10000

MENU = """
set timeout=0
menuentry vmitest {{
    multiboot /boot/hv-stub.elf
    module /boot/vmitest.elf vmitest.elf {}
}}
"""


class RomSetup(Setup):
    """hv-stub with our guest, whose command line stands in GRUB's menu."""

    def make_cd(self, image):
        menu = Path(image).with_suffix(".cfg")
        menu.write_text(MENU.format(self.line))
        make = ["iso/mkiso.sh", image, "menu", menu, HV_STUB, VMITEST]
        subprocess.run(make, cwd=ROOT, check=True)


class QemuRom(QemuKernel):
    """QEMU, which takes a module's command line behind its name."""

    def medium(self, setup, scratch=None):
        return ["-kernel", str(HV_STUB), "-initrd", f"{VMITEST} {setup.line}".strip()]


class BochsRom(BochsCd):
    """Bochs, with a CD of our own."""

    def command(self, setup, scratch, **more):
        return super().command(RomSetup(setup.line), scratch, **more)


@pytest.fixture(params=[QemuRom, BochsRom], ids=["qemu", "bochs-cd"])
def judge(request, log):
    """The fast machine, then the strict one."""
    return request.param(log)


@pytest.fixture
def qemu(log):
    return QemuRom(log)


def rom_of(result):
    """The ROM's bytes, from the guest's lines `rom OFFSET: BYTES`."""
    lines = re.findall("^rom ([0-9a-f]+): (.*)$", result.console, re.MULTILINE)
    rom = b"".join(bytes.fromhex(text) for _, text in lines)
    assert [int(offset, 16) for offset, _ in lines] == list(range(0, len(rom), 32))
    return rom


def text_at(rom, offset):
    """The string that ends with a zero."""
    return rom[offset : rom.index(0, offset)].decode("ascii")


def expect_header(rom):
    """The 144 bytes with which a ROM begins."""
    signature, length = struct.unpack_from("<HB", rom, 0x00)
    assert signature == 0xAA55
    assert 0 < length * 512 <= len(rom)
    assert sum(rom[: length * 512]) % 256 == 0
    assert rom[0x03] == 0xCB, "a BIOS calls this entry in real mode: only a far return will do"
    vmi, minor, major = struct.unpack_from("<4sBB", rom, 0x08)
    assert (vmi, major) == (b"cVmi", 3)
    assert minor == 0
    (top,) = struct.unpack_from("<I", rom, 0x10)
    assert top == HV["HV_VA_TOP"]
    assert top % 0x400000 == 0
    license_offset, pci_offset, pnp_offset = struct.unpack_from("<HHH", rom, 0x16)
    assert 0x90 <= license_offset < length * 512
    assert text_at(rom, license_offset) in ("GPL", "GPL v2")
    assert 0x90 <= pci_offset <= length * 512 - 24
    assert pnp_offset == 0
    for start, end in (0x0F, 0x10), (0x14, 0x16), (0x1C, 0x80):
        assert not any(rom[start:end]), f"reserved: {start:x} to {end:x}"
    return length, pci_offset


def expect_pci_data(data, length):
    """A PCI function that is a VMI ROM. Its class code has the lowest byte first."""
    signature, vendor, device, vpd, size, revision = struct.unpack_from("<4sHHHHB", data)
    assert (signature, vendor, device) == (b"PCIR", 0x15AD, 0x0801)
    assert (vpd, size, revision) == (0, 24, 0)
    interface, subclass, base_class = data[0x0D:0x10]
    assert (base_class, subclass, interface) == (5, 0x80, 0), "a memory controller, of no kind"
    image, _version, kind, last, reserved = struct.unpack_from("<HHBBH", data, 0x10)
    assert (image, kind, last, reserved) == (length, 0, 0x80, 0)


def expect_entries(rom):
    """Two stubs of eight bytes each. That they may be called anywhere, the guest has tried."""
    for stub in rom[0x80:0x88], rom[0x88:0x90]:
        assert any(stub)
        assert b"\xc3" in stub or stub[0] in (0xE9, 0xEB), "it neither returns nor jumps"


@pytest.mark.quick
def test_header(qemu):
    """Field by field."""
    rom = rom_of(qemu.boot("shutdown"))
    assert len(rom) == 2048
    length, pci_offset = expect_header(rom)
    expect_pci_data(rom[pci_offset : pci_offset + 24], length)
    expect_entries(rom)


def test_calls(judge):
    """Every call, before and after VMI_Init, from inside a guest."""
    result = judge.boot()
    failed = re.findall("^FAIL .*", result.console, re.MULTILINE)
    assert not failed, f"{result.title}: " + "; ".join(failed)
    result.expect(r"^vmitest: [1-9]\d* passed, 0 failed$")


def test_same_rom(judge):
    """The ROM does not depend on the machine."""
    expect_header(rom_of(judge.boot("shutdown")))


def test_shutdown(judge):
    """Call 37 ends the run well."""
    judge.boot("shutdown").expect("^ok VMI_Init$")


def test_reboot(qemu):
    """Call 36 resets the machine; QEMU, told not to reboot, ends without a status."""
    qemu.boot("reboot").expect("^ok VMI_Init$", status=None)


def test_system_calls_are_no_exits(judge):
    """Ring 3 goes to ring 1 and back, and the hypervisor does not notice."""
    result = judge.boot("syscalls")
    result.expect(f"^system calls: {SYSTEM_CALLS}, result 1$", status=STOP_FAULT)
    exits = result.find("^hv-stub: exits: (.*)$")[1]
    counts = {name: int(count) for name, count in re.findall(r"(\w[\w ]*) (\d+)", exits)}
    assert counts["INT n"] == 0
    assert sum(counts.values()) < SYSTEM_CALLS // 2, exits
