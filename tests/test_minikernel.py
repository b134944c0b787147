# SPDX-License-Identifier: MIT
"""tests/test_minikernel.py: a foreign kernel on libpvops.a, on every hypervisor; docs/porting.md."""

import subprocess

import pytest

from machine import BUILD, EXIT_NO_BACKEND, ROOT, Setup
from nested import NestedKvm

MINIKERNEL = BUILD / "minikernel.elf"
LIBRARY = BUILD / "libpvops.a"
GUEST = {"hypervisor": ""}


def boot(machine, line, **more):
    return machine.boot(line, kernel=MINIKERNEL, initrd=None, **more)


def expect_ticks(result, backend, ring):
    result.expect(
        r"^minikernel at 80100000, \d+ MiB$",
        rf"^pvops: backend={backend} ring={ring} sites=(\d+) patched=\1$",
    )
    count, ms = map(int, result.find(rf"^(\d+) ticks in (\d+) ms on {backend}, in ring {ring}$").groups())
    assert count >= 20 and ms > 0


@pytest.mark.parametrize(
    "backend, ring, more", [("native", 0, {}), ("vmi", 1, GUEST), ("trap", 1, GUEST)]
)
def test_runs(judge, backend, ring, more):
    """In its own place of memory it prints, and is interrupted by the timer."""
    expect_ticks(boot(judge, f"pv={backend}", **more), backend, ring)


def test_auto(judge):
    expect_ticks(boot(judge, "", **GUEST), "vmi", 1)


def test_kvm(log):
    """On KVM, and on hv-stub on KVM."""
    mine = {"kernel": MINIKERNEL, "initrd": None}
    alone, guest = NestedKvm(log).boots(Setup("", **mine), Setup("", **mine, **GUEST), npt=False)
    expect_ticks(alone, "kvm", 0)
    expect_ticks(guest, "vmi", 1)


def test_no_backend(qemu):
    boot(qemu, "pv=vmi").expect("^pvops: pv=vmi: there is no VMI ROM", status=EXIT_NO_BACKEND)


def test_document(qemu, tmp_path):
    """The commands of docs/porting.md, one by one, in a folder that has nothing of ours but the
    example, and the tree beside it."""
    text = (ROOT / "docs/porting.md").read_text()
    commands = text.split("## Compiling and linking")[1].split("```")[1].strip().splitlines()
    assert [line.split()[0] for line in commands] == ["gcc", "nasm", "ld"]
    (tmp_path / "paravane").symlink_to(ROOT)
    for name in ("main.c", "boot.asm", "minikernel.ld"):
        (tmp_path / name).write_text((ROOT / "tests/minikernel" / name).read_text())
    for command in commands:
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), command
    result = qemu.boot("pv=vmi", kernel=tmp_path / "mine.elf", initrd=None, **GUEST)
    expect_ticks(result, "vmi", 1)


def lint(library):
    ended = subprocess.run(
        [ROOT / "tools/lint/porting.sh", library], capture_output=True, text=True, cwd=ROOT
    )
    return ended.returncode, ended.stdout


def test_symbols():
    assert lint(LIBRARY) == (0, "")


@pytest.mark.parametrize(
    "source, said",
    [
        ("int schedule(void); int f(void) { return schedule(); }", "> schedule"),
        ("int kernel_end;", "< kernel_end"),
    ],
)
def test_symbols_are_compared(tmp_path, source, said):
    """One more that is asked for is named, and one that is documented but not asked for."""
    (tmp_path / "more.c").write_text(source)
    more, library = tmp_path / "more.o", tmp_path / "more.a"
    subprocess.run(["gcc", "-m32", "-fno-pie", "-c", tmp_path / "more.c", "-o", more], check=True)
    library.write_bytes(LIBRARY.read_bytes())
    subprocess.run(["ar", "r", library, more], check=True)
    status, told = lint(library)
    assert status == 1 and said in told
