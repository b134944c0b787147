# SPDX-License-Identifier: MIT
"""tests/test_run.py: `make run` and its kin, as a person uses them: iso/run.sh."""

import os
import subprocess

import pexpect
import pytest

import tree
from machine import ROOT, TIME_SCALE, write_log
from session import SerialSession

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
        ({"RUN": 'echo "x"'}, "double quotes"),
        ({"RUN": "reboot"}, "ended without a status"),
    ],
)
def test_failure_is_named(log, settings, said):
    status, _, messages = run(log, "kernel", **settings)
    assert status == 1
    assert said in messages


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


def test_leaving_bochs(log):
    """`exit` ends it, and the terminal is as it was."""
    with at_a_terminal(log, "bochs", "make run-bochs") as session:
        before = session.expect("run: Bochs").strip()
        session.prompt()
        session.send("exit\r")
        session.expect("ended 0")
        assert session.expect(pexpect.EOF).strip() == before
