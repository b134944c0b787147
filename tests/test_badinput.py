# SPDX-License-Identifier: MIT
"""tests/test_badinput.py: what is wrong is named; what can go on goes on; nothing hangs."""

import os
import random
import struct

import pytest

import initrd
from machine import EXIT_PANIC, INITRD
from test_boot import BANNER, expect_usertests

LEAST_MEMORY = 8  # MiB in which everything works


@pytest.mark.quick
def test_no_initrd(machine):
    machine.boot(initrd=None).expect("^panic: no initrd", status=EXIT_PANIC)


def test_empty_initrd(qemu, tmp_path):
    empty = tmp_path / "empty.tar"
    empty.write_bytes(b"\0" * 10 * initrd.BLOCK)
    qemu.boot(initrd=empty).expect("^panic: cannot start .*'sh' of the initrd", status=EXIT_PANIC)


def test_not_an_archive(machine, tmp_path):
    noise = tmp_path / "noise"
    noise.write_bytes(random.Random(1).randbytes(50_000))
    machine.boot(initrd=noise).expect(
        "^initrd: damaged at byte 0: not a POSIX ustar header",
        "^panic: cannot start .*'sh' of the initrd",
        status=EXIT_PANIC,
    )


@pytest.mark.parametrize("where, length", [("header", 100), ("data", 600)])
def test_truncated_in_the_last_file(qemu, tmp_path, where, length):
    """The damage is named, and the shell, which lies before it, runs."""
    archive = tmp_path / "short.tar"
    offset = initrd.small(archive)["README"]
    os.truncate(archive, offset + length)
    qemu.boot('run="echo up; cat README"', initrd=archive).expect(
        rf"^initrd: damaged at byte {offset}: the archive ends too early",
        "^up$",
        "README: .*no such",
        status=1,
    )


def test_truncated_in_the_first_file(qemu, tmp_path):
    """No shell, so nothing to do."""
    archive = tmp_path / "short.tar"
    initrd.small(archive)
    os.truncate(archive, 5000)
    qemu.boot(initrd=archive).expect(
        "^initrd: damaged at byte 0: the archive ends too early",
        "^panic: cannot start .*'sh' of the initrd",
        status=EXIT_PANIC,
    )


@pytest.mark.parametrize(
    "field, at, data, why",
    [
        ("magic", 257, b"notar", "not a POSIX ustar header"),
        ("checksum", 148, b"0000000", "a header's checksum is wrong"),
        ("name", 0, b"other", "a header's checksum is wrong"),
        ("size", 124, b"123x567", "a header's checksum is wrong"),
    ],
)
def test_corrupted_header(qemu, tmp_path, field, at, data, why):
    archive = tmp_path / f"{field}.tar"
    offset = initrd.small(archive)["cat"]
    initrd.overwrite(archive, offset + at, data)
    qemu.boot('run="echo up"', initrd=archive).expect(
        rf"^initrd: damaged at byte {offset}: {why}", BANNER, "^up$"
    )


def test_too_many_files(qemu, tmp_path):
    files = initrd.built_files() | {f"file{n}": b"x" for n in range(200)}
    many = initrd.build(tmp_path / "many.tar", files)
    qemu.boot('run="echo up"', initrd=many).expect("^initrd: more than [0-9]+ files", "^up$")


def test_long_file_name(qemu, tmp_path):
    files = initrd.built_files() | {"n" * 60: b"x", "last": b"after it\n"}
    odd = initrd.build(tmp_path / "long.tar", files)
    qemu.boot('run="cat last"', initrd=odd).expect("^initrd: 'n+' has a name", "^after it$")


@pytest.mark.parametrize("shell", ["text", "nothing", "outside"])
def test_shell_that_cannot_run(qemu, tmp_path, shell):
    """Process 1 is no ELF file, is empty, or wants to be where the kernel is."""
    files = initrd.built_files()
    elf = bytearray(files["sh"])
    (headers,) = struct.unpack_from("<I", elf, 28)
    struct.pack_into("<I", elf, headers + 8, 0xC0100000)  # the first segment's address
    files["sh"] = {"text": b"#!/bin/sh\n", "nothing": b"", "outside": bytes(elf)}[shell]
    bad = initrd.build(tmp_path / "bad.tar", files)
    qemu.boot(initrd=bad).expect("^panic: cannot start .*'sh' of the initrd", status=EXIT_PANIC)


def test_program_that_cannot_run(qemu):
    """A text, and every damaged ELF file of the initrd, is refused by name; the shell goes on."""
    damaged = [name for name in initrd.built_files() if name.startswith("bad-")]
    assert len(damaged) > 5
    damaged.remove("bad-none")  # the control, with nothing wrong
    commands = [f"{name}; echo {name}=$?" for name in ["README", *damaged]]
    for at in range(0, len(commands), 4):
        line = "; ".join(commands[at : at + 4])
        result = qemu.boot(f'run="{line}"').expect()
        for name in (["README"] + damaged)[at : at + 4]:
            result.expect(rf"^sh: {name}: ", rf"^{name}=126$")


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 7])
def test_too_little_memory(qemu, size):
    """It works, or says how much is too little; it does not hang or break."""
    result = qemu.boot('run="memstat"', memory=size, limit=10)
    if result.status != 0:
        result.expect(r"^panic: .*memory", status=EXIT_PANIC)


def test_initrd_too_large(qemu, tmp_path):
    """So large that nothing is left."""
    files = initrd.built_files() | {"large": b"x" * 6_500_000}
    large = initrd.build(tmp_path / "large.tar", files)
    qemu.boot(initrd=large, memory=LEAST_MEMORY).expect(
        r"^panic: .*memory are too little.*KiB", status=EXIT_PANIC
    )


@pytest.mark.parametrize("hypervisor", [None, ""])
def test_initrd_beyond_the_boot_tables(qemu, tmp_path, hypervisor):
    """There is memory enough, but the kernel cannot reach it yet."""
    files = initrd.built_files() | {"large": b"x" * (17 << 20)}
    large = initrd.build(tmp_path / "large.tar", files)
    result = qemu.boot(initrd=large, memory=128, hypervisor=hypervisor)
    result.expect(
        r"^panic: kernel and initrd take 1\d{4} KiB, and must be within the first 16384 KiB$",
        status=EXIT_PANIC,
    )


def test_least_memory(judge):
    expect_usertests(judge.boot('run="usertests"', memory=LEAST_MEMORY))


def test_comma_in_the_name(qemu, tmp_path):
    """QEMU separates modules by commas; the test-bed doubles them."""
    name = tmp_path / "a,b.tar"
    name.write_bytes(INITRD.read_bytes())
    qemu.boot('run="echo up"', initrd=name).expect("^up$")


@pytest.mark.long
def test_random_damage(qemu, tmp_path):
    """A hundred initrds with a few flipped bytes: each runs, or ends with a panic that says why."""
    original = INITRD.read_bytes()
    for seed in range(100):
        chance = random.Random(seed)
        archive = bytearray(original)
        for _ in range(chance.choice([1, 10, 1000])):
            archive[chance.randrange(len(archive))] ^= chance.randrange(1, 256)
        damaged = tmp_path / "damaged.tar"
        damaged.write_bytes(archive)
        result = qemu.boot('run="echo up"', initrd=damaged, limit=20)
        if result.status == EXIT_PANIC:
            result.expect("^panic: cannot start", status=EXIT_PANIC)
