# SPDX-License-Identifier: MIT
"""tests/test_cmdline.py: what the kernel's command line may say, and what it gets."""

import re

import pytest

from machine import EXIT_NO_BACKEND, Qemu
from session import PROMPT, ScreenSession
from test_boot import BANNER


@pytest.mark.quick
def test_unknown_key_is_named(qemu):
    result = qemu.boot('colour=blue fast run="echo up"').expect(BANNER, "^up$")
    result.expect("^command line: .*'colour'", "^command line: .*'fast'")


@pytest.mark.parametrize("key", ["pv.patch", "console"])
def test_unknown_value_is_named(qemu, key):
    """The default stays in force, and the line names key, value and choices."""
    result = qemu.boot(f'{key}=maybe run="echo up"')
    result.expect(BANNER, "^up$", rf"^command line: {re.escape(key)}=maybe .*\|(off|serial)\|")


def test_two_values_are_none(qemu):
    """Not even if they stand so in the list of choices."""
    result = qemu.boot('pv.lazy=on|off run="echo up"').expect("^up$")
    result.expect(r"^command line: pv\.lazy=on\|off is none of ")


@pytest.mark.parametrize("backend", ["xen", "vmi", "nonsense"])
def test_backend_that_is_not_there(machine, backend):
    """An explicit one: one line, and a status of its own. No falling back."""
    result = machine.boot(f"pv={backend} run=ls").expect(
        f"^pvops: .*pv={backend}", status=EXIT_NO_BACKEND
    )
    assert not result.find(BANNER)


@pytest.mark.parametrize("backend", ["auto", "native"])
def test_backend_that_is_there(qemu, backend):
    qemu.boot(f"pv={backend} run=ls").expect(BANNER)


@pytest.mark.quick
def test_run(machine):
    """Several commands in one value, which GRUB quotes in its own way."""
    result = machine.boot('run="echo a; echo b | cat; echo c$?d"').expect("^a$", "^b$", "^c0d$")
    assert not result.find("command line:")


@pytest.mark.parametrize("word", ["run='echo x'", "'run=echo x'", '"run=echo x"'])
def test_grub_quotes(qemu_cd, word):
    """However it was quoted in the menu, the kernel sees one value."""
    qemu_cd.boot(f"pv.patch=off {word} console=both").expect(r" patched=0$", "^x$")


def test_last_one_counts(qemu):
    qemu.boot("run=nosuch pv.patch=count pv.patch=off run=ls").expect(" patched=0$")


def test_value_too_long(qemu):
    """Of 400 bytes: named, and the rest of the line is understood."""
    qemu.boot(f"run={'x' * 400} console=both run=ls").expect("^command line: .*run=.* too long")


def test_line_too_long(qemu):
    """Of 20,000 bytes: said so; what fits is used."""
    result = qemu.boot("run=ls " + "word " * 4000)
    result.expect(BANNER, "^command line: cut after", "^command line: .*'word'")


def test_empty_line(log):
    """A shell, on the default console."""
    with ScreenSession(log) as session:
        session.wait(re.escape(PROMPT), session.serial)


def test_console_serial(log):
    """The prompt is on the serial port alone."""
    with ScreenSession(log, "console=serial") as session:
        session.wait(re.escape(PROMPT), session.serial)
        assert not any(PROMPT in line + " " for line in session.screen())


def test_console_vga(log):
    """The prompt is on the screen alone, and so is what is typed."""
    with ScreenSession(log, "console=vga") as session:
        session.wait(re.escape(PROMPT.strip()))
        session.type("exit 4\n")
        assert Qemu.decode(session.ended()) == 4
        assert PROMPT not in session.serial()


def test_console_both(log):
    with ScreenSession(log, "console=both") as session:
        session.wait(re.escape(PROMPT), session.serial)
        session.wait(re.escape(PROMPT.strip()))
