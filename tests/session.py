# SPDX-License-Identifier: MIT
"""tests/session.py: a person at a running machine, by the serial port or by keyboard and screen.

Where tests/machine.py boots to the end, a session types, waits for what the machine answers, and
so on. All sessions are context managers; leaving one ends its emulator.
"""

import io
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pexpect

from machine import (
    ROOT,
    SCRATCH,
    TIME_SCALE,
    BochsCd,
    Qemu,
    QemuKernel,
    Setup,
    last_lines,
    read_console,
    write_log,
)

PROMPT = "paravane$ "
PATIENCE = 20  # seconds to wait for an answer, before TIME_SCALE


class Session:
    """What the two kinds share: a scratch folder, and a log at the end."""

    def __init__(self, log, title):
        SCRATCH.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.title = title
        self.folder = tempfile.TemporaryDirectory(dir=SCRATCH)
        self.scratch = Path(self.folder.name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        write_log(self.log, self.title, self.transcript())
        self.folder.cleanup()

    def stop(self):
        """Ends the emulator, if it still runs."""
        raise NotImplementedError

    def transcript(self):
        """What was seen of the machine."""
        raise NotImplementedError

    def fail(self, wrong):
        __tracebackhide__ = True
        raise AssertionError(f"{self.title}: {wrong}{last_lines(self.transcript())}")


class Terminal(pexpect.spawn):
    """A program on a pseudo-terminal. What it writes is read without carriage returns."""

    def read_nonblocking(self, size=1, timeout=None):
        return super().read_nonblocking(size, timeout).replace("\r", "")


class SerialSession(Session):
    """A terminal at the first serial port."""

    def __init__(self, log, title):
        super().__init__(log, title)
        self.received = io.StringIO()
        self.terminal = None

    def start(self, command, environment=None):
        """Starts the emulator, or whatever runs it, and gives the session itself."""
        self.terminal = Terminal(
            command[0],
            command[1:],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            timeout=PATIENCE * TIME_SCALE,
            echo=False,
            encoding="utf-8",
            codec_errors="replace",
        )
        self.terminal.delaybeforesend = None
        self.terminal.logfile_read = self.received
        return self

    def send(self, text):
        """Types the text, as it is."""
        self.terminal.send(text)

    def expect(self, pattern):
        """Waits for a regular expression, and gives what came before it."""
        __tracebackhide__ = True
        wanted = [pattern, pexpect.TIMEOUT]
        if pattern is not pexpect.EOF:
            wanted.append(pexpect.EOF)
        if self.terminal.expect(wanted) != 0:
            self.fail(f"no {pattern!r}")
        return self.terminal.before

    def prompt(self):
        """Waits for the shell's prompt, and gives what came before it."""
        __tracebackhide__ = True
        return self.expect(re.escape(PROMPT))

    def run(self, command):
        """Types a command at the prompt, waits for the next one, and gives what came between."""
        __tracebackhide__ = True
        self.send(command + "\r")
        self.expect(re.escape(command) + "\n")
        return self.prompt()

    def ended(self):
        """Waits for the emulator to end, and gives its exit status."""
        __tracebackhide__ = True
        self.expect(pexpect.EOF)
        self.terminal.close()
        return self.terminal.exitstatus

    def stop(self):
        if self.terminal.isalive():
            os.killpg(self.terminal.pid, signal.SIGKILL)
        self.terminal.close(force=True)

    def transcript(self):
        return self.received.getvalue().replace("\r", "")


# QEMU's serial port on the terminal that it was started from, which also sends it every Ctrl-C.
TERMINAL = ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]


def qemu_serial(log, line="", **setup):
    """QEMU, with the terminal at its serial port."""
    setup = Setup(line, **setup)
    command = Qemu.hardware(setup) + TERMINAL + QemuKernel(log).medium(setup)
    return SerialSession(log, f"qemu, serial session: {setup}").start(command)


def bochs_serial(log, line=""):
    """Bochs, with the terminal at its serial port."""
    session = SerialSession(log, f"bochs-cd, serial session: {line}")
    return session.start(*BochsCd(log).command(Setup(line), session.scratch, "term", "/dev/tty"))


# What QEMU calls the keys, where the character itself is not their name.
KEYS = {
    " ": "spc",
    "\n": "ret",
    "\b": "backspace",
    "-": "minus",
    "=": "equal",
    ";": "semicolon",
    "'": "apostrophe",
    ",": "comma",
    ".": "dot",
    "/": "slash",
    "\\": "backslash",
    "[": "bracket_left",
    "]": "bracket_right",
    "`": "grave_accent",
}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))
KEY_HOLD = 20  # milliseconds that a key stays down


class ScreenSession(Session):
    """A keyboard and a VGA text screen, by QEMU's machine protocol; the serial port is recorded."""

    ROWS, COLUMNS, ADDRESS = 25, 80, 0xB8000

    def __init__(self, log, line=""):
        super().__init__(log, f"qemu, keyboard and screen: {line}")
        self.serial_file = self.scratch / "serial"
        self.memory_file = self.scratch / "screen"
        setup = Setup(line)
        command = Qemu.hardware(setup) + ["-serial", f"file:{self.serial_file}"]
        command += ["-chardev", "stdio,id=qmp", "-mon", "qmp,mode=control"]
        command += QemuKernel(log).medium(setup)
        self.shown = []
        self.qemu = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.monitor("qmp_capabilities")

    def monitor(self, execute, **arguments):
        """One command of the machine protocol. False if the machine has ended before its answer."""
        try:
            self.qemu.stdin.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
            self.qemu.stdin.flush()
        except BrokenPipeError:
            return False
        for answer in map(json.loads, self.qemu.stdout):
            assert "error" not in answer, f"{self.title}: {execute}: {answer['error']['desc']}"
            if "return" in answer:
                return True
        return False

    def press(self, *keys):
        """Presses keys together, by QEMU's names: press("ctrl", "c")."""
        names = [{"type": "qcode", "data": key} for key in keys]
        self.monitor("send-key", keys=names, **{"hold-time": KEY_HOLD})

    def type(self, text):
        """Presses the keys that write the text on a US keyboard."""
        for character in text:
            shift = character.isupper() or character in SHIFTED
            plain = SHIFTED.get(character, character.lower())
            self.press(*(["shift"] if shift else []), KEYS.get(plain, plain))

    def screen(self):
        """The lines on the screen, read from the machine's memory."""
        size = self.ROWS * self.COLUMNS * 2
        if self.monitor("pmemsave", val=self.ADDRESS, size=size, filename=str(self.memory_file)):
            text = self.memory_file.read_bytes()[::2].decode("cp437")
            rows = [text[at : at + self.COLUMNS] for at in range(0, len(text), self.COLUMNS)]
            self.shown = [row.replace("\0", " ").rstrip() for row in rows]
        return self.shown

    def serial(self):
        """What the machine wrote to its serial port so far."""
        return read_console(self.serial_file)

    def wait(self, pattern, read=None):
        """Waits until the screen, or what `read` gives, holds the regular expression."""
        __tracebackhide__ = True
        read = read or (lambda: "\n".join(self.screen()))
        end = time.monotonic() + PATIENCE * TIME_SCALE
        while not (match := re.search(pattern, read(), re.MULTILINE)):
            if time.monotonic() > end or self.qemu.poll() is not None:
                self.fail(f"no {pattern!r}")
            time.sleep(0.05)
        return match

    def ended(self):
        """Waits for QEMU to end, and gives its exit status."""
        return self.qemu.wait(PATIENCE * TIME_SCALE)

    def stop(self):
        self.qemu.kill()
        self.qemu.communicate()

    def transcript(self):
        return "\n".join(["(screen)", *self.shown, "(serial)", self.serial()])
