# SPDX-License-Identifier: MIT
"""tests/machine.py: the machines that tests boot: QEMU with -kernel, QEMU and Bochs from a CD.

`boot` runs a kernel to its end and gives a Result. An emulator that does not end in time is
killed, and whatever happens its console is in the test's log, build/test-logs/<test>.log.
PARAVANE_TIME_SCALE=5 in the environment gives a slow host five times as long.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
KERNEL = BUILD / "kernel.elf"
HYPERVISOR = BUILD / "hv-stub.elf"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "paravane"
XEN = CACHE / "xen" / "xen.elf"  # what `make xen` builds
NO_XEN = None if XEN.exists() else f"no {XEN}: make xen builds it"
XEN_LINE = "console=com1 com1=115200,8n1"
XEN_MEMORY = 64  # MiB, besides the guest's
INITRD = BUILD / "initrd.tar"
SCRATCH = BUILD / "test-tmp"

TIME_SCALE = float(os.environ.get("PARAVANE_TIME_SCALE", "1"))


def constants(header):
    """The numbers that a C header defines, by name."""
    text = (ROOT / header).read_text()
    found = re.findall(r"^#define (\w+)\s+(0x[0-9A-Fa-f]+|\d+)\b", text, re.MULTILINE)
    return {name: int(value, 0) for name, value in found}


EXIT = constants("lib/exit.h")
EXIT_PANIC = EXIT["EXIT_PANIC"]
EXIT_NO_BACKEND = EXIT["EXIT_NO_BACKEND"]


class MachineError(AssertionError):
    """The machine did not end as a machine should: it hung, or emulator and console disagree."""


def last_lines(text, count=30):
    """The end of a console, set off from the message that it follows."""
    lines = text.rstrip().splitlines()[-count:]
    return "\n".join(["", "--- the last lines of the console:"] + ["    " + line for line in lines])


@dataclass(frozen=True)
class Setup:
    """What is booted, and on how large a PC."""

    line: str = ""  # the kernel's command line
    hypervisor: str | None = None  # the command line of hv-stub below it; None: there is none
    xen: Path | None = None  # a Xen below it
    xen_words: str = ""  # more words for that Xen's command line
    xen_memory: int = XEN_MEMORY  # MiB, besides the guest's
    kernel: Path = KERNEL
    initrd: Path | None = INITRD
    memory: int = 64  # MiB
    cpu: str | None = None  # None: the emulator's usual one
    date: str | None = None  # what the clock says at the start; None: what the host's says

    def make_cd(self, image):
        """Makes a CD that boots this at once; see iso/mkiso.sh."""
        modules = [self.initrd] if self.initrd else []
        if self.xen:
            booted = [self.xen_line(), self.xen, f"{self.kernel}::{self.line}"]
        elif self.hypervisor is None:
            booted = [self.line, self.kernel]
        else:
            booted = [self.hypervisor, HYPERVISOR, f"{self.kernel}::{self.line}"]
        subprocess.run(["iso/mkiso.sh", image, "line", *booted, *modules], cwd=ROOT, check=True)

    def xen_line(self):
        """The command line of the Xen below it."""
        return f"{XEN_LINE} dom0_mem={self.memory}M {self.xen_words}".strip()

    def __str__(self):
        cpu = f", {self.cpu}" if self.cpu else ""
        below = "" if self.hypervisor is None else f", hv-stub {self.hypervisor}"
        below += f", {self.xen.name}" if self.xen else ""
        return f"{self.memory} MiB{cpu}{below}: {self.line or 'no command line'}"


@dataclass(frozen=True)
class Result:
    """How a boot ended."""

    title: str  # which machine, with which command line
    console: str  # what it wrote, without carriage returns
    status: int | None  # its exit status; None when the machine was reset instead
    seconds: float  # from the start of the emulator to its end
    log: Path

    def expect(self, *patterns, status=0):
        """Fails the test unless the run ended so and the console holds each regular expression."""
        __tracebackhide__ = True
        wrong = [f"no {pattern!r}" for pattern in patterns if not self.find(pattern)]
        if self.status != status:
            wrong.insert(0, f"status {self.status}, not {status}")
        if wrong:
            raise AssertionError(
                f"{self.title}: {'; '.join(wrong)}{last_lines(self.console)}\n--- log: {self.log}"
            )
        return self

    def find(self, pattern):
        """The first match of a regular expression in the console, where ^ and $ match at lines."""
        return re.search(pattern, self.console, re.MULTILINE)


def write_log(log, title, text):
    with log.open("a") as file:
        file.write(f"=== {title}\n{text.rstrip()}\n\n")


def read_console(file):
    """What a serial port wrote to a file, without carriage returns."""
    return file.read_bytes().decode(errors="replace").replace("\r", "")


def run_to_end(command, environment, limit):
    """Runs a program in its own process group: (status, or None after `limit` seconds; output)."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def exit_line(console):
    """N of the `exit: N` that must be the last line of a console, or None."""
    lines = console.strip().splitlines()
    match = re.fullmatch(r"exit: (\d+)", lines[-1]) if lines else None
    return int(match[1]) if match else None


class Machine:
    """A way to boot. A subclass gives the emulator's command and reads how it ended."""

    name = "none"
    limit = 60  # seconds that a boot may take, before TIME_SCALE

    def __init__(self, log):
        self.log = log

    def boot(self, line="", limit=None, **setup):
        """Boots with this command line, and what else Setup has, and waits for the end."""
        limit = (limit or self.limit) * TIME_SCALE
        setup = Setup(line, **setup)
        title = f"{self.name}, {setup}"
        SCRATCH.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            scratch = Path(folder)
            command, environment = self.command(setup, scratch)
            start = time.monotonic()
            ended, messages = run_to_end(command, environment, limit)
            seconds = time.monotonic() - start
            serial = scratch / "serial"
            console = read_console(serial) if serial.exists() else ""
            messages += self.messages(scratch)
        write_log(self.log, title, console)
        write_log(self.log, f"{self.name} ended with {ended} after {seconds:.2f} s", messages)
        if ended is None:
            reason = f"did not end within {limit:.0f} s"
        else:
            status, reason = self.status(ended, messages, console)
        if reason:
            raise MachineError(f"{title}: {reason}{last_lines(console)}\n--- log: {self.log}")
        return Result(title, console, status, seconds, self.log)

    def command(self, setup, scratch):
        """(the command that writes the console to scratch/serial, what its environment needs)"""
        raise NotImplementedError

    def messages(self, scratch):
        """What the emulator said, but for its standard output."""
        return ""

    def status(self, ended, messages, console):
        """(the guest's exit status, why that cannot be believed or None)"""
        raise NotImplementedError


class Qemu(Machine):
    """QEMU, whose exit status tells the guest's: both it and the console must say the same."""

    def command(self, setup, scratch):
        console = ["-serial", f"file:{scratch}/serial"]
        return self.hardware(setup) + console + self.medium(setup, scratch), {}

    @staticmethod
    def hardware(setup):
        """The PC itself, without its serial port and what it boots."""
        memory = setup.memory + (setup.xen_memory if setup.xen else 0)
        qemu = "qemu-system-x86_64" if setup.xen else "qemu-system-i386"
        command = [qemu, "-accel", "tcg", "-m", str(memory), "-nodefaults"]
        command += ["-no-user-config", "-vga", "std", "-display", "none", "-no-reboot"]
        command += ["-device", f"isa-debug-exit,iobase={EXIT['EXIT_PORT']:#x},iosize=1"]
        command += ["-cpu", setup.cpu] if setup.cpu else []
        return command + (["-rtc", f"base={setup.date}"] if setup.date else [])

    @staticmethod
    def decode(ended):
        """The guest's status from QEMU's, or None; see lib/exit.h."""
        if ended % 2 == 1 and ended >> 1 >= EXIT["EXIT_BASE"]:
            return (ended >> 1) - EXIT["EXIT_BASE"]
        return None

    def medium(self, setup, scratch):
        """The options that say what to boot."""
        raise NotImplementedError

    def status(self, ended, messages, console):
        told = exit_line(console)
        if ended == 0 and told is None:
            return None, None
        status = self.decode(ended)
        if status is None:
            return None, f"QEMU itself ended with {ended}: {messages.strip()}"
        if told != status:
            return status, f"the exit port says {status}, the last line of the console does not"
        return status, None


class QemuKernel(Qemu):
    """QEMU loads the kernel and the initrd itself."""

    name = "qemu"

    def medium(self, setup, scratch=None):
        modules = [str(setup.initrd)] if setup.initrd else []
        if setup.xen:
            options = ["-kernel", str(setup.xen), "-append", setup.xen_line()]
            modules.insert(0, f"{setup.kernel} {setup.line}")
        elif setup.hypervisor is None:
            options = ["-kernel", str(setup.kernel), "-append", setup.line]
        else:
            options = ["-kernel", str(HYPERVISOR), "-append", setup.hypervisor]
            modules.insert(0, f"{setup.kernel} {setup.line}")
        if modules:
            options += ["-initrd", ",".join(module.replace(",", ",,") for module in modules)]
        return options


class QemuCd(Qemu):
    """GRUB loads both from a CD."""

    name = "qemu-cd"

    def medium(self, setup, scratch):
        setup.make_cd(scratch / "cd.iso")
        return ["-cdrom", f"{scratch}/cd.iso"]


class BochsCd(Machine):
    """Bochs, the strict one, with a CD. Only the console tells the guest's status."""

    name = "bochs-cd"
    limit = 120

    def command(self, setup, scratch, mode="file", serial=None):
        assert setup.cpu is None, "Bochs has the CPU of iso/bochsrc"
        setup.make_cd(scratch / "cd.iso")
        environment = {
            "BOCHS_MEGS": str(setup.memory),
            "BOCHS_ISO": f"{scratch}/cd.iso",
            "BOCHS_MODE": mode,
            "BOCHS_SERIAL": serial or f"{scratch}/serial",
            "TERM": "xterm",
        }
        return ["iso/bochs.sh", f"{scratch}/bochs.log"], environment

    def messages(self, scratch):
        files = [scratch / "bochs.log", scratch / "bochs.log.out"]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def status(self, ended, messages, console):
        if "Shutdown port: shutdown requested" not in messages:
            return None, f"Bochs ended by itself: {messages.strip()[-1000:]}"
        told = exit_line(console)
        if told is None:
            return None, "the last line of the console is not `exit: N`"
        return told, None
