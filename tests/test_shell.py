# SPDX-License-Identifier: MIT
"""tests/test_shell.py: a person at the shell: on the serial port, and with keyboard and screen."""

import re

import pytest

from machine import NO_XEN, XEN, Qemu
from session import PROMPT, ScreenSession, bochs_serial, qemu_serial

BACKSPACE, DELETE = "\b", "\x7f"
CTRL_C, CTRL_D, CTRL_U = "\x03", "\x04", "\x15"


WAYS = {
    "native": ("pv=native", {}),
    "vmi": ("pv=vmi", {"hypervisor": ""}),
    "xen": ("pv=xen", {"xen": XEN}),
    "xen-unpatched": ("pv=xen pv.patch=off", {"xen": XEN}),
}


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def shell(request, log):
    line, below = request.param
    if "xen" in below and NO_XEN:
        pytest.skip(NO_XEN)
    with qemu_serial(log, line, **below) as session:
        session.on_xen = "xen" in below
        session.prompt()
        yield session


@pytest.fixture
def screen(log):
    with ScreenSession(log) as session:
        session.wait(re.escape(PROMPT.strip()))
        yield session


@pytest.mark.quick
def test_commands(shell):
    assert shell.run("echo one  two") == "one two\n"
    assert shell.run('echo "one  two"') == "one  two\n"
    assert re.search(r"\bsh$", shell.run("ls"), re.MULTILINE)
    assert "not found" in shell.run("nosuch")
    assert shell.run("echo $?") == "127\n"
    assert shell.run("") == ""


@pytest.mark.quick
def test_pipes(shell):
    assert shell.run("echo one two three | wc").split()[:3] == ["1", "3", "14"]
    assert shell.run("echo through | cat | cat | cat") == "through\n"
    assert shell.run("cat < README | wc") == shell.run("wc < README")


def test_sequence_and_status(shell):
    assert shell.run("echo a; echo b") == "a\nb\n"
    assert shell.run("usertests nosuch; echo $?").endswith("\n1\n")
    assert shell.run("echo $?") == "0\n"
    assert shell.run("echo x | nosuch; echo $?").endswith("127\n")


def test_background(shell):
    """What is behind `&` runs at once; `wait` waits for what is before it."""
    output = shell.run("usertests time | wc & echo here; ps; wait; echo after")
    counts = r"^ +[1-9]\d* +\d+ +\d+ *$"
    order = [r"^here$", r"blocked .* wc$", counts, r"^\[\d+\] wc: done$", r"^after$"]
    at = 0
    for line in order:
        match = re.compile(line, re.MULTILINE).search(output, at)
        assert match, f"no {line!r} in its place:\n{output}"
        at = match.end()


def test_kill(shell):
    """`kill` ends a command in the background, by the number that the shell gave it."""
    job = re.search(r"^\[(\d+)\]$", shell.run("usertests time | wc &"), re.MULTILINE)[1]
    assert re.search(rf"^ +{job} .* wc$", shell.run("ps"), re.MULTILINE)
    output = shell.run(f"kill {job}; wait; ps")
    assert re.search(rf"^\[{job}\] wc: .*\(137\)$", output, re.MULTILINE), output
    assert not re.search(rf"^ +{job} ", output, re.MULTILINE), output


def test_editing(shell):
    shell.send(f"echo hellp{BACKSPACE}o worlt{DELETE}d\r")
    shell.expect(r"\nhello world\n")
    shell.prompt()
    shell.send(f"echo not this{CTRL_U}echo that\r")
    shell.expect(r"\nthat\n")
    shell.prompt()
    shell.send(BACKSPACE * 5 + "echo x\r")
    shell.expect(r"\nx\n")


def test_interrupt(shell):
    """Ctrl-C ends what reads or runs, and the shell goes on."""
    shell.send("cat\rechoed by cat\r")
    shell.expect("\nechoed by cat\nechoed by cat\n")
    shell.send(CTRL_C)
    shell.prompt()
    assert shell.run("echo $?") == "137\n"


def test_interrupt_of_a_line(shell):
    """Ctrl-C at the prompt forgets the line."""
    shell.send("echo forgotten" + CTRL_C + "echo fresh\r")
    shell.expect(r"\nfresh\n")
    shell.prompt()
    assert "\nforgotten" not in shell.transcript()


def test_end_of_input(shell):
    """Ctrl-D ends cat, then the shell, and so the machine, with the last status."""
    shell.send("cat\rtext\r" + CTRL_D)
    shell.expect("text\ntext\n")
    shell.prompt()
    shell.run("nosuch")
    shell.send(CTRL_D)
    assert Qemu.decode(shell.ended()) == 94  # 127, capped


def test_paste(shell):
    """Forty lines at once, faster than they are read: no byte is lost. But Xen only keeps 128 bytes,
    and tells nobody to wait: there it is as many at a time as it has room for."""
    lines = [f"this is line {n}" for n in range(40)]
    at_once = 6 if shell.on_xen else len(lines)
    shell.send("wc\r")
    for first in range(0, len(lines), at_once):
        piece = lines[first : first + at_once]
        shell.send("".join(line + "\r" for line in piece))
        shell.expect(re.escape(piece[-1]) + "\n")
    shell.send(CTRL_D)
    shell.expect(rf"\b40 +160 +{sum(len(line) + 1 for line in lines)}\b")


def test_exit(shell):
    shell.send("exit 6\r")
    assert Qemu.decode(shell.ended()) == 6


def test_bochs(log):
    with bochs_serial(log) as session:
        session.prompt()
        assert session.run("echo one two | wc").split()[:2] == ["1", "2"]
        session.send("cat\rx\r")
        session.expect("\nx\nx\n")
        session.send(CTRL_C)
        session.prompt()
        assert session.run("echo $?") == "137\n"
        session.send("exit\r")
        session.ended()
        assert "exit: 0\n" in session.transcript()


@pytest.mark.quick
def test_screen(screen):
    """What is typed on the keyboard appears on the screen, with shift, and is carried out."""
    screen.type('echo "Quick: {Brown} <Fox>|" ; echo $?_+\n')
    screen.wait(r"^Quick: \{Brown\} <Fox>\|$")
    screen.wait(r"^0_\+$")
    screen.type("echo hellp\bo | cat\n")
    screen.wait("^hello$")
    screen.type("exit 5\n")
    assert Qemu.decode(screen.ended()) == 5


def test_many_jobs(shell):
    """More in one line than there is room for at a time: those that have ended make room."""
    output = shell.run(";".join(["ls&ls"] * 17 + ["wait"]))
    assert output.count("] ls: done\n") == 17 and "too many" not in output, output


def test_interrupt_of_forks(shell):
    """Ctrl-C ends a program that forks all the time, and the child that it makes just then."""
    for _ in range(8):
        shell.send("bench 500 fork_256\r")
        shell.expect(r"\nfork_256 +500 +\d")
        shell.send(CTRL_C)
        shell.prompt()
        assert not re.search(r"\bbench$", shell.run("ps"), re.MULTILINE)


def test_shell_survives_exhaustion(shell):
    """While others take all memory the shell may lack it for a command, but goes on itself."""
    shell.send("usertests exhaustion | wc & " + "ls | wc; " * 8 + "wait; echo still\r")
    shell.expect(r"(?<!echo )still\n")
    shell.prompt()
    assert shell.run("echo here") == "here\n"


def test_screen_typing_during_output(screen):
    """An echo comes in the middle of a line that scrolls: the screen goes on, in its bounds."""
    for _ in range(3):
        screen.type("pv sites; pv sites\n")
        for _ in range(8):
            screen.press("ret")
        screen.type("echo still here\n")
        screen.wait("^still here$")
        screen.type("echo\n" * 26)


def test_screen_extra_keys(screen):
    """Keys that the PC/AT's 84 did not include type nothing, but for three that were doubled."""
    screen.type("cat\n")
    for key in ("volumedown", "volumeup", "audiomute", "calculator", "print", "home", "delete"):
        screen.press(key)
        screen.press("ctrl", key)
    screen.type("x\n")
    screen.wait("^x\nx$")
    screen.type("a")
    screen.press("kp_divide")
    screen.press("kp_enter")
    screen.wait("^a/\na/$")
    screen.press("ctrl_r", "c")
    screen.wait(r"^\^C$")


def test_screen_control_keys(screen):
    screen.type("cat\nx\n")
    screen.wait("^x\nx$")
    screen.press("ctrl", "c")
    screen.wait(r"^\^C$")
    screen.type("echo status $?\n")
    screen.wait("^status 137$")
    screen.press("ctrl", "d")
    assert Qemu.decode(screen.ended()) == 0


def test_screen_caps_lock(screen):
    screen.press("caps_lock")
    screen.type("a1Bc")
    screen.wait(re.escape(PROMPT) + "A1bC$")


def test_screen_scrolls(screen):
    """More lines than there are rows: the last ones stay."""
    screen.type("pv ops; echo end\n")
    screen.wait("^end$")
    assert screen.screen()[-1].startswith(PROMPT.strip())
    assert not any("pvops: backend" in line for line in screen.shown)
