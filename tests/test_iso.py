# SPDX-License-Identifier: MIT
"""tests/test_iso.py: build/paravane.iso, as it is given away: its size and its menu."""

import re
import subprocess

import pytest

from machine import BUILD, INITRD, KERNEL, ROOT, Qemu, Setup
from session import TERMINAL, SerialSession
from test_boot import BANNER, USERTESTS

ISO = BUILD / "paravane.iso"
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
    make = [ROOT / "iso/mkiso.sh", again, "menu", ROOT / "iso/grub.cfg", KERNEL, INITRD]
    subprocess.run(make, check=True)
    assert again.read_bytes() == ISO.read_bytes()


def test_default_entry(menu):
    """Nobody presses a key: a native kernel after two seconds."""
    menu.prompt()
    banner = re.search(BANNER, menu.transcript(), re.MULTILINE)
    assert banner and banner[1] == banner[2] != "0"


@pytest.mark.parametrize("entry, mode, patched", [(1, "off", False), (2, "count", True)])
def test_other_entry(menu, entry, mode, patched):
    menu.send(DOWN * entry + ENTER)
    menu.prompt()
    assert re.search(rf"^mode +{mode}$", menu.run("pv info"), re.MULTILINE)
    banner = re.search(BANNER, menu.transcript(), re.MULTILINE)
    assert (banner[2] == banner[1]) == patched


def test_usertests_entry(menu):
    """The last one runs usertests and switches the machine off with its status."""
    menu.send(DOWN * 3 + ENTER)
    assert Qemu.decode(menu.ended()) == 0
    assert re.search(USERTESTS, menu.transcript(), re.MULTILINE)
