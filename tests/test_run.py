# SPDX-License-Identifier: MIT
"""tests/test_run.py: `make run` and its kin, as a person uses them: iso/run.sh."""

import os
import re
import shutil
import subprocess

import pexpect
import pytest

import tree
from machine import BUILD, NO_XEN, ROOT, TIME_SCALE, Qemu, write_log
from session import SerialSession

NEEDS_XEN = pytest.mark.skipif(bool(NO_XEN), reason=NO_XEN or "")
MINIKERNEL = str(BUILD / "minikernel.elf")  # another kernel, not for Xen
SETTINGS = ["MODE", "KERNEL", "ARGS", "HVARGS", "RUN", "MEM", "QEMU"]


def environment(**settings):
    """This one, with these settings and no others."""
    clean = {key: value for key, value in os.environ.items() if key not in SETTINGS}
    return {**clean, **settings}


def run(log, medium, **settings):
    """Runs iso/run.sh without a terminal: its status, its output, its messages."""
    ended = subprocess.run(
        [ROOT / "iso/run.sh", medium],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120 * TIME_SCALE,
    )
    write_log(log, f"iso/run.sh {medium} {settings}", ended.stdout + ended.stderr)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("medium", ["kernel", "iso", "bochs"])
def test_status(log, medium):
    """RUN's last status is the command's status; ARGS reach the kernel; the console is stdout."""
    status, console, _ = run(log, medium, RUN="echo hello; exit 3", ARGS="pv.patch=off")
    assert status == 3
    assert "\nhello\n" in console.replace("\r", "")
    assert "patched=0" in console


def test_success(log):
    status, _, messages = run(log, "kernel", RUN="ls")
    assert status == 0
    assert "Ctrl-A X" in messages


@pytest.mark.parametrize("medium", ["kernel", "iso", "bochs"])
@pytest.mark.parametrize("mode, ring", [("vmi", 1), ("trap", 1), ("native", 0)])
def test_mode(log, medium, mode, ring):
    """MODE says what runs below the kernel; a comma in RUN does not end its module's line."""
    status, console, _ = run(log, medium, MODE=mode, RUN="echo a,b", HVARGS="hv.stats=on")
    assert status == 0
    assert f"backend={mode} ring={ring}" in console
    assert "\na,b\n" in console.replace("\r", "")
    assert ("hv-stub: exits:" in console) == (mode != "native")


def test_memory(log):
    outputs = {run(log, "kernel", RUN="memstat", MEM=megs)[1] for megs in ("16", "32")}
    assert len(outputs) == 2


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"QEMU": "qemu-system-i386 -no-such-option"}, "QEMU itself failed"),
        ({"MODE": "nonsense"}, "MODE=nonsense is not known"),
        ({"MODE": "xen", "XDG_CACHE_HOME": "/nowhere"}, "make xen builds it"),
        ({"KERNEL": "nosuch.elf"}, "no kernel nosuch.elf"),
        ({"KERNEL": "README.md"}, "README.md is not an ELF file"),
        ({"QEMU": "nosuch"}, "there is no program nosuch"),
        ({"QEMU": "/dev/null"}, "there is no program /dev/null"),
        ({"QEMU": "false"}, "false does not start"),
        ({"MEM": "abc"}, "MEM=abc is not a number"),
        ({"MEM": "0"}, "MEM=0 is not a number"),
        ({"MEM": "3"}, "4 or more"),
        ({"RUN": 'echo "x"'}, "double quotes"),
        ({"RUN": "reboot"}, "ended without a status"),
    ],
)
def test_failure_is_named(log, settings, said):
    status, _, messages = run(log, "kernel", **settings)
    assert status == 1
    assert said in messages


def test_status_of_a_missing_program(log):
    """A shell's 127 for what it cannot start is a guest's 47 as well: that one is the guest's."""
    assert run(log, "kernel", RUN="exit 47")[0] == 47


@pytest.mark.parametrize("mode, is_read", [("native", False), ("vmi", True)])
def test_hvargs_of_nobody(log, mode, is_read):
    """It is said that nobody reads them, and the run goes on."""
    status, _, messages = run(log, "kernel", MODE=mode, HVARGS="hv.stats=on", RUN="exit 3")
    assert status == 3
    assert ("nobody reads them" in messages) != is_read


def test_kvm_that_cannot_be_had(log, tmp_path):
    """Why this machine's KVM is not used, asked with our own kernel whatever the user's is; and when
    there is no other, the last line is why, with nothing about a QEMU that never ran."""
    if not shutil.which("apt-get"):
        pytest.skip("there is no apt-get here")
    for name, script in {
        "qemu": '[ "$1" = --version ] || { echo; echo "qemu: no MSR for $*"; exit 1; }',
        "apt-get": "echo E: no network >&2; exit 100",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    settings = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    status, _, messages = run(log, "kernel", MODE="kvm", QEMU="qemu", KERNEL=MINIKERNEL, **settings)
    assert status == 1
    why = r"it is not there|it is not writable|no MSR for .* -kernel build/kernel\.elf .*"
    assert re.search(f"^run: /dev/kvm does not run our kernel \\(({why})\\); nested", messages, re.MULTILINE)
    assert messages.splitlines()[-1].startswith("kvm: ")


@NEEDS_XEN
@pytest.mark.parametrize(
    "settings, said",
    [
        ({"MEM": "4"}, "not enough memory for Xen"),
        ({"HVARGS": "pv=no-32"}, "this Xen runs no 32-bit guests; `make xen`"),
        ({"KERNEL": MINIKERNEL}, "Xen ended: its last lines say why"),
        ({"RUN": "crash df"}, "Xen ended: its last lines say why"),
        ({"RUN": "reboot"}, "ended without a status"),
    ],
)
def test_xen_ends(log, settings, said):
    """What Xen refuses is no success, also where no status was expected; and its cause is named."""
    status, _, messages = run(log, "kernel", MODE="xen", **settings)
    assert status == 1
    assert said in messages.splitlines()[-1]


def test_make_passes_dollars(log):
    """A dollar sign in RUN is the guest's, not make's."""
    status, said = tree.make(ROOT, "run", "RUN=nosuch; echo status $?")
    write_log(log, "make run", said)
    assert status == 0
    assert "status 127" in said


def at_a_terminal(log, medium, title, **settings):
    command = ["sh", "-c", f"stty -g; iso/run.sh {medium}; echo ended $?; stty -g"]
    return SerialSession(log, title).start(command, environment(**settings))


def test_leaving_qemu(log):
    """Ctrl-A X ends it with status 0."""
    with at_a_terminal(log, "kernel", "make run") as session:
        session.prompt()
        session.send("\x01x")
        session.expect("ended 0")


@NEEDS_XEN
def test_leaving_xen(log):
    """There, too, a person is at the console, with QEMU's monitor behind Ctrl-A C, and may leave."""
    with at_a_terminal(log, "kernel", "make run MODE=xen", MODE="xen") as session:
        session.prompt()
        assert session.run("echo Panic on CPU") == "Panic on CPU\n"
        session.send("\x01c")
        session.expect(r"\(qemu\) ")
        session.send("\x01x")
        session.expect("ended 0")


@NEEDS_XEN
def test_iso_xen(log):
    """`make iso-xen` says how to boot its CD: as it says, the prompt comes, and `exit` is the end.
    There Xen has a screen too, and keeps it."""
    status, said = tree.make(ROOT, "-j1", "iso-xen")
    assert status == 0, said
    with SerialSession(log, "build/paravane-xen.iso").start(["sh", "-c", said.splitlines()[-1]]) as session:
        assert "Xen is keeping VGA console" in session.prompt()
        session.send("exit\r")
        assert Qemu.decode(session.ended()) == 0


def test_leaving_bochs(log):
    """`exit` ends it, and the terminal is as it was."""
    with at_a_terminal(log, "bochs", "make run-bochs") as session:
        before = session.expect("run: Bochs").strip()
        session.prompt()
        session.send("exit\r")
        session.expect("ended 0")
        assert session.expect(pexpect.EOF).strip() == before
