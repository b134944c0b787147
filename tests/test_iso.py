# SPDX-License-Identifier: MIT
"""tests/test_iso.py: build/paravane.iso, as it is given away: its size and its menu."""

import re
import subprocess

import pytest

from machine import BUILD, HYPERVISOR, INITRD, KERNEL, ROOT, Qemu, Setup
from session import TERMINAL, SerialSession
from test_boot import USERTESTS

ISO = BUILD / "paravane.iso"
ANY_BANNER = r"^pvops: backend=(\w+) ring=(\d) "
DOWN = "\x1b[B"
ENTER = "\r"


@pytest.fixture
def menu(log):
    """A terminal at a machine that has started from the CD and shows the menu."""
    command = Qemu.hardware(Setup()) + TERMINAL + ["-cdrom", str(ISO)]
    with SerialSession(log, "qemu, build/paravane.iso").start(command) as session:
        session.expect("Paravane, native: each")
        session.expect("Run usertests")
        yield session


def test_size():
    assert ISO.stat().st_size < 1_000_000


def test_same_bytes_again(tmp_path):
    """The same files give the same image."""
    again = tmp_path / "again.iso"
    files = [HYPERVISOR, KERNEL, INITRD]
    subprocess.run([ROOT / "iso/mkiso.sh", again, "menu", ROOT / "iso/grub.cfg", *files], check=True)
    assert again.read_bytes() == ISO.read_bytes()


def test_default_entry(menu):
    """Nobody presses a key: on hv-stub after two seconds."""
    menu.prompt()
    banner = re.search(ANY_BANNER, menu.transcript(), re.MULTILINE)
    assert banner and banner.groups() == ("vmi", "1")


@pytest.mark.parametrize(
    "entry, backend, mode",
    [(1, "native", "on"), (2, "vmi", "off"), (3, "trap", "on"), (4, "native", "count")],
)
def test_other_entry(menu, entry, backend, mode):
    menu.send(DOWN * entry + ENTER)
    menu.prompt()
    assert re.search(rf"^mode +{mode}$", menu.run("pv info"), re.MULTILINE)
    assert re.search(ANY_BANNER, menu.transcript(), re.MULTILINE)[1] == backend


def test_usertests_entry(menu):
    """The last one runs usertests and switches the machine off with its status."""
    menu.send(DOWN * 5 + ENTER)
    assert Qemu.decode(menu.ended()) == 0
    assert re.search(USERTESTS, menu.transcript(), re.MULTILINE)
