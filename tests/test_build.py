# SPDX-License-Identifier: MIT
"""tests/test_build.py: the build itself: what it makes, from what, and what it leaves alone."""

import resource
import shutil
import struct
import subprocess
import time

import pytest

import tree
from machine import BUILD, INITRD, KERNEL, ROOT, TIME_SCALE, QemuKernel, write_log
from test_boot import BANNER

PRODUCTS = ["kernel.elf", "initrd.tar", "paravane.iso"]


def snapshot(folder):
    """Each file but those of build/, with its contents."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    inside = folder / "build"
    return {path: path.read_bytes() for path in files if inside not in path.parents}


@pytest.mark.parametrize("compiler", ["gcc", "clang", "i686-linux-gnu-gcc"])
def test_full_build(log, compiler):
    """From nothing and without a warning; nothing but build/ changes; the kernel boots."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    copy = tree.copy(BUILD / "test-build" / compiler)
    before = snapshot(copy)
    how = "CROSS=i686-linux-gnu-" if compiler.startswith("i686") else f"CC={compiler}"
    start = time.monotonic()
    status, said = tree.make(copy, how, "all", "iso", CI="1")
    write_log(log, f"make {how}: {time.monotonic() - start:.2f} s", said)
    assert status == 0, said
    assert "warning" not in said
    assert snapshot(copy) == before
    assert {product for product in PRODUCTS if (copy / "build" / product).exists()} == set(PRODUCTS)
    build = copy / "build"
    QemuKernel(log).boot(
        'run="usertests process"', kernel=build / "kernel.elf", initrd=build / "initrd.tar"
    ).expect(BANNER)


def test_same_bytes_again():
    """Two builds of the same sources give the same products, bit for bit."""
    copy = tree.copy(BUILD / "test-build" / "again")
    assert tree.make(copy, "all", "iso")[0] == 0
    for product in PRODUCTS:
        assert (copy / "build" / product).read_bytes() == (BUILD / product).read_bytes(), product


def test_nothing_to_do_twice():
    """After `make`, make has nothing to compile."""
    said = tree.make(ROOT, "-n", "all", "iso", "unit-build")[1]
    assert not [line for line in said.splitlines() if " -c " in line or "nasm" in line], said


def test_help():
    """Each target that a person calls is listed."""
    said = tree.make(ROOT, "help")[1]
    wanted = "setup doctor run run-iso run-bochs iso libpvops gdb lint clean test test-quick test-all"
    for target in wanted.split():
        assert f"make {target} " in said


def test_multiboot_header():
    """In the first 8 KiB, at a multiple of four, and its three words add up to 0."""
    start = KERNEL.read_bytes()[:8192]
    words = struct.unpack(f"<{len(start) // 4}I", start)
    at = words.index(0x1BADB002)
    assert sum(words[at : at + 3]) % 2**32 == 0


def sections(file):
    said = subprocess.run(["objdump", "-h", file], check=True, capture_output=True, text=True)
    return said.stdout


def test_debug_information():
    """What is booted has none; it is in kernel.debug, for GDB."""
    assert ".debug_info" not in sections(KERNEL)
    assert ".debug_info" in sections(BUILD / "kernel.debug")


def test_initrd_is_ustar():
    assert INITRD.read_bytes()[257:263] == b"ustar\0"


@pytest.mark.long
def test_build_time(log, record_property):
    """A full build takes 3 seconds on two idle cores. Here others are busy, so CPU time counts."""
    times = []
    for _ in range(3):
        copy = tree.copy(BUILD / "test-build" / "timed")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert tree.make(copy)[0] == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    shown = ", ".join(f"{seconds:.2f} s" for seconds in times) + " of CPU time"
    write_log(log, "full build", shown)
    record_property("full build", shown)
    assert min(times) <= 2 * 3 * TIME_SCALE, shown
