# SPDX-License-Identifier: MIT
"""tests/nested.py: real KVM, on a machine that has none: that of a Linux which QEMU emulates.

What runs it is tools/kvm/nested.sh. A boot takes four seconds before our kernel begins, so several
kernels can be booted in a row in one Linux.
"""

import re
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest

from machine import HYPERVISOR, ROOT, SCRATCH, TIME_SCALE, MachineError, Qemu, QemuKernel, Result
from machine import Setup, last_lines, read_console, run_to_end, write_log

END = re.compile(r"^(?:\[[\d.]+\] )?exit: (\d+)$\n?", re.MULTILINE)


@cache
def base():
    """Why there is no nested KVM here, or None."""
    made = subprocess.run(["tools/kvm/base.sh"], cwd=ROOT, capture_output=True, text=True)
    return made.stderr.strip() if made.returncode else None


class NestedKvm(Qemu):
    """QEMU with -accel kvm, inside. npt: may KVM use nested page tables? See test_hv_stub."""

    name = "nested-kvm"
    limit = 120

    def __init__(self, log):
        super().__init__(log)
        if base():
            pytest.skip(base())

    def hardware(self, setup):
        """Without the emulator and its -accel, which init adds."""
        return super().hardware(setup)[3:]

    def command(self, setups, scratch, **environment):
        files = {HYPERVISOR}
        runs = []
        for setup in setups:
            files |= {setup.kernel, setup.initrd} - {None}
            runs += ["--", *self.hardware(setup), "-serial", "stdio"]
            runs += QemuKernel.medium(self, setup)
        megs = max(setup.memory for setup in setups)
        command = ["tools/kvm/nested.sh", *map(str, files), *runs]
        to_file = ["bash", "-c", 'exec "$@" >"$0"', f"{scratch}/serial"]
        return to_file + command, {"STATUS": f"{scratch}/status", "MEM": str(megs), **environment}

    def boot(self, line="", limit=None, npt=True, **setup):
        return self.boots(Setup(line, **setup), limit=limit, npt=npt)[0]

    def boots(self, *setups, limit=None, busy=0, stamp=False, npt=True):
        """Boots one after the other; with `busy` processes beside it; with Linux's uptime at the
        beginning of each line."""
        title = f"{self.name}, " + " | ".join(map(str, setups))
        how = {"BUSY": str(busy), "STAMP": "1" if stamp else "", "NPT": str(int(npt))}
        SCRATCH.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            scratch = Path(folder)
            start = time.monotonic()
            limit = (limit or self.limit) * TIME_SCALE
            ended, messages = run_to_end(*self.command(setups, scratch, **how), limit)
            seconds = time.monotonic() - start
            console = read_console(scratch / "serial")
            status = scratch / "status"
            statuses = status.read_text().split() if status.exists() else []
        write_log(self.log, title, console)
        write_log(self.log, f"{self.name} ended with {ended} after {seconds:.2f} s", messages)
        told = [int(match[1]) for match in END.finditer(console)]
        decoded = [self.decode(int(status)) for status in statuses]
        if ended is None or told != decoded or len(told) != len(setups):
            reason = f"statuses {statuses}, decoded {decoded}; the console says {told}: {messages}"
            raise MachineError(f"{title}: {reason}{last_lines(console)}\n--- log: {self.log}")
        consoles = [console[: match.end()] for match in END.finditer(console)]
        starts = [0, *map(len, consoles)]
        return [
            Result(f"{self.name}, {setup}", text[at:], status, seconds, self.log)
            for setup, text, at, status in zip(setups, consoles, starts, told)
        ]
