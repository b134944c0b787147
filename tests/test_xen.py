# SPDX-License-Identifier: MIT
"""tests/test_xen.py: the same kernel.elf as domain 0 of a real Xen, which `make xen` has built."""

import gzip
import re
import subprocess

import pytest

import tree
from machine import BUILD, EXIT_NO_BACKEND, EXIT_PANIC, INITRD, NO_XEN, ROOT, XEN, Qemu, Setup
from machine import constants
from nested import NestedKvm
from session import TERMINAL, SerialSession, qemu_serial
from test_backends import OWN, SESSION
from test_boot import USERTESTS
from test_run import run

pytestmark = pytest.mark.skipif(bool(NO_XEN), reason=NO_XEN or "")

BANNER = r"^pvops: backend=xen ring=1 "
WAYS = {
    "patched": "pv=xen",
    "unpatched": "pv=xen pv.patch=off",
    "poison": "pv=xen pv.patch=poison",
    "count": "pv=xen pv.patch=count",
    "nolazy": "pv=xen pv.lazy=off",
}


ABI = ROOT / "pvops/xen_abi.h"
HEADERS = ["xen", "callback", "elfnote", "event_channel", "memory", "physdev", "sched", "vcpu"]


def compile_only(tmp_path, text):
    """What the compiler has to complain about in a file that may include Xen's public headers."""
    (tmp_path / "xen").symlink_to(XEN.parent / "include")
    source = tmp_path / "abi.c"
    source.write_text(text)
    command = ["gcc", "-m32", "-std=gnu11", "-ffreestanding", "-fsyntax-only", "-w"]
    command += ["-I.", f"-I{tmp_path}", str(source)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr


def test_abi_numbers(tmp_path):
    """Each number of our header is that of Xen's, under Xen's name."""
    numbers = constants("pvops/xen_abi.h")
    ours = {"HYPERCALL_SIZE", *re.findall(r"XEN_(?!ELFNOTE)\w+", ABI.read_text())}
    lines = ["#include <stdint.h>", "#define __XEN_INTERFACE_VERSION__ 0x00040e00"]
    lines += [f"#include <xen/{header}.h>" for header in [*HEADERS, "version"]]
    for name, value in numbers.items():
        if name not in ours:
            theirs = re.sub("^HYPERCALL_", "__HYPERVISOR_", name)
            lines.append(f'_Static_assert({theirs} == {value}, "{name}");')
    assert len(lines) > 50
    assert compile_only(tmp_path, "\n".join(lines)) == ""


def test_abi_structures(tmp_path):
    assert compile_only(tmp_path, (ROOT / "tests/xen/abi.c").read_text()) == ""


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def way(request):
    return request.param


def test_usertests(qemu, way):
    qemu.boot(f'{way} run="usertests"', xen=XEN).expect(USERTESTS, BANNER)


def test_usertests_from_cd(qemu_cd):
    """GRUB loads Xen, and pv=auto finds it."""
    qemu_cd.boot('run="usertests"', xen=XEN).expect(USERTESTS, BANNER)


@pytest.mark.parametrize("cpu", ["Nehalem", "Haswell", "EPYC", "max"])
def test_cpu(qemu, cpu):
    qemu.boot('run="usertests protection"', xen=XEN, cpu=cpu).expect(USERTESTS, BANNER)


def test_same_output(qemu, way):
    """But for the backends' own lines, the console is that of the native kernel, after Xen's own."""
    native = qemu.boot(f'pv=native run="{SESSION}"')
    guest = qemu.boot(f'{way} run="{SESSION}"', xen=XEN)
    _, first, rest = guest.console.partition("Paravane\n")
    assert OWN.sub("", first + rest) == OWN.sub("", native.console)
    assert guest.status == native.status


def test_pv(qemu):
    """What the program `pv` says: the backend, what its sites hold, and no indirect call left."""
    result = qemu.boot('run="pv info; pv ops; pv sites"', xen=XEN)
    result.expect(r"^backend +xen$", r"^shared_kernel_l2 +no$", r"^has_pc_devices +no$")
    result.expect(r"irq_disable .* -> c605.* inline", r"set_pte .* -> (2e)?e8.* direct call")
    assert not result.find(r" indirect$")


def test_memory(qemu):
    """From little, to more than fits below Xen; it also is more than Xen's own tables map."""
    for memory, used in ((8, 8), (256, 256), (900, 856)):
        result = qemu.boot('run="memstat"', xen=XEN, memory=memory)
        result.expect(BANNER, rf"^total +\d+ +{used * 1024}$")


def test_frames_above_4_gib(qemu):
    """Machine frame numbers of more than 20 bits: entries with something in their high half."""
    more = {"xen_memory": 6000, "xen_words": "bootscrub=off"}
    result = qemu.boot('run="usertests"', xen=XEN, **more).expect(BANNER, USERTESTS)
    assert int(result.find(r"Dom0 alloc\.: +([0-9a-f]+)->")[1], 16) > 1 << 32


def test_typed_early(log):
    """What came when nobody listened yet is read all the same, without another key."""
    with qemu_serial(log, "pv=xen", xen=XEN) as session:
        session.expect("Paravane\n")
        session.send("echo typed early\r")
        session.expect(r"(?<!echo )typed early\n")


def test_much_output(qemu):
    """120 KiB at once, through Xen's buffer, up to the last line."""
    result = qemu.boot('run="pv sites; pv sites; pv sites; pv sites; pv sites"', xen=XEN)
    count = int(result.expect(BANNER).find(r"sites=(\d+)")[1])
    assert len(re.findall(r"^c0[0-9a-f]{6} \S+\+0x", result.console, re.MULTILINE)) == 5 * count


def test_run(log):
    """`make run MODE=xen`, and from a CD made for the run: the status comes through."""
    for medium in ("kernel", "iso"):
        status, console, _ = run(log, medium, MODE="xen", RUN="echo a,b; exit 3")
        assert status == 3
        assert "backend=xen ring=1" in console and "\na,b" in console.replace("\r", "")


def test_iso(log):
    """`make iso-xen`: a CD whose menu starts Xen if nobody presses a key."""
    subprocess.run(["make", "-j1", "iso-xen"], cwd=ROOT, check=True, capture_output=True)
    command = Qemu.hardware(Setup(xen=XEN)) + TERMINAL
    command += ["-cdrom", str(BUILD / "paravane-xen.iso")]
    with SerialSession(log, "qemu, build/paravane-xen.iso").start(command) as session:
        session.prompt()
        assert re.search(BANNER, session.transcript(), re.MULTILINE)


def test_clock(qemu):
    """Xen's clock goes, and its wall clock is the machine's."""
    more = {"xen": XEN, "date": "2031-02-03T04:05:00"}
    result = qemu.boot('run="usertests time; uptime"', **more).expect(BANNER, USERTESTS)
    minutes, seconds = map(int, result.find(r"^date +2031-02-03 04:(\d\d):(\d\d) UTC$").groups())
    assert 0 <= 60 * (minutes - 5) + seconds <= result.seconds + 1


CRASHES = [
    ("null", "wrote to address 00000010"),
    ("panic", "panic: somebody asked for it"),
    ("assert", "panic: assert:"),
    ("stack", "panic: kernel stack overflow"),
]


@pytest.mark.parametrize("how, said", CRASHES)
def test_crash(qemu, how, said):
    """A kernel that breaks itself says so on Xen's console, and ends with a panic's status."""
    result = qemu.boot(f'run="crash {how}"', xen=XEN)
    result.expect(said, "^called from:$", status=EXIT_PANIC)


@pytest.mark.long
def test_double_fault(qemu):
    """Without a stack Xen has no way to tell the kernel: it ends it, with a report of its own."""
    result = qemu.boot('run="crash df"', xen=XEN)
    result.expect(BANNER, r"^\(XEN\) domain_crash_sync called", "Hardware Dom0 crashed", status=None)


@pytest.mark.parametrize("backend", ["native", "vmi", "trap", "kvm", "nonsense"])
def test_other_backend(qemu, backend):
    """Asked for explicitly, on Xen: one line, and a status of its own."""
    result = qemu.boot(f"pv={backend} run=ls", xen=XEN)
    result.expect(f"^pvops: pv={backend}: ", status=EXIT_NO_BACKEND)
    assert not result.find(r"^pvops: backend=")


def test_not_on_xen(qemu):
    """pv=xen, where nobody entered the kernel by Xen's note."""
    qemu.boot("pv=xen").expect(
        "^pvops: pv=xen: Xen did not start this kernel; pv=auto ", status=EXIT_NO_BACKEND
    )


def patched(folder, name, old, new):
    """A Xen with some bytes changed, in one place."""
    image, count = re.subn(old, new, XEN.read_bytes(), flags=re.DOTALL)
    assert count == 1 and len(image) == XEN.stat().st_size
    other = folder / name
    other.write_bytes(image)
    return other


# Its interface stands in start_info; its number is what two functions return, 4 and then 17.
OTHERS = {
    "interface": (rb"xen-3(\.0-x86_%d%s)", rb"xen-9\1", "this Xen's interface is not "),
    "version": (
        rb"\xb8\x04(\0{3}\xe9.{4}\x90*\xb8\x11\0{3}\xe9)", b"\xb8\x03\\1", "this is no Xen 4\\b"
    ),
}


@pytest.mark.parametrize("line", ["pv=xen", ""])
@pytest.mark.parametrize("other", OTHERS)
def test_another_xen(qemu, tmp_path, line, other):
    *change, said = OTHERS[other]
    xen = patched(tmp_path, "xen-other.elf", *change)
    result = qemu.boot(line, xen=xen)
    result.expect(f"^pvops: (pv=xen|no xen): {said}", status=EXIT_NO_BACKEND)


def variant(folder, file, old, new):
    """The kernel, with one place of its sources changed."""
    copy = tree.copy(folder / "tree", with_objects=True)
    text = (copy / file).read_text()
    assert text.count(old) == 1
    (copy / file).write_text(text.replace(old, new))
    status, said = tree.make(copy, "build/kernel.elf", CI="")
    assert status == 0, said
    return copy / "build/kernel.elf"


def test_missing_hypercall(qemu, tmp_path):
    """A Xen that does not have what the kernel asks for. It has no hypercall 54."""
    old = "HYPERCALL_set_timer_op      15"
    kernel = variant(tmp_path, "pvops/xen_abi.h", old, old.replace("15", "54"))
    said = r"^pvops: pv=xen: this Xen lacks hypercall 54 \(set_timer_op\)$"
    qemu.boot("pv=xen", xen=XEN, kernel=kernel).expect(said, status=EXIT_NO_BACKEND)


def test_clock_page_never_even(qemu, log, tmp_path):
    """A page whose version stays odd, on Xen and on KVM: here, a kernel to which even is odd."""
    old = "!(version & 1)"
    kernel = variant(tmp_path, "pvops/pvclock.c", old, "(version & 1)")
    why = "the clock page never becomes complete: its version stays odd or 0"
    result = qemu.boot("pv=xen", xen=XEN, kernel=kernel)
    result.expect(f"^pvops: pv=xen: {why}; pv=auto ", status=EXIT_NO_BACKEND)
    explicit, auto = NestedKvm(log).boots(
        Setup("pv=kvm console=serial", kernel=kernel),
        Setup("console=serial run=ls", kernel=kernel),
    )
    explicit.expect(f"^pvops: pv=kvm: {why}; pv=auto ", status=EXIT_NO_BACKEND)
    auto.expect(f"^pvops: no kvm: {why}$", "^pvops: backend=native ring=0 ")


def test_too_little_memory(qemu, tmp_path):
    """What is too little for the kernel's pages alone, Xen itself says."""
    said = r"^\(XEN\) Domain 0 allocation is too small"
    qemu.boot("pv=xen", xen=XEN, memory=3).expect(said, status=None)
    large = tmp_path / "large.tar"
    large.write_bytes(INITRD.read_bytes().ljust(2 << 20, b"\0"))
    result = qemu.boot("pv=xen", xen=XEN, memory=4, initrd=large)
    result.expect(r"^panic: \d+ KiB of memory are too little", status=EXIT_PANIC)


def test_32_bit_guests_switched_off(qemu):
    """Then Xen itself says so, and resets the machine: our kernel never runs."""
    result = qemu.boot("pv=xen", xen=XEN, xen_words="pv=no-32")
    result.expect(r"^\(XEN\) .* failed to switch to compat", status=None)


@pytest.mark.long
def test_debians_own_xen(qemu, tmp_path):
    """Which is why there is `make xen`."""
    package = "xen-hypervisor-4.17-amd64"
    fetched = subprocess.run(
        ["apt-get", "download", package], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if fetched.returncode != 0:
        pytest.skip(f"apt-get download {package}: {fetched.stderr.strip()}")
    (archive,) = tmp_path.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, tmp_path], check=True)
    stock = tmp_path / "xen-debian.elf"
    stock.write_bytes(gzip.decompress((tmp_path / "boot/xen-4.17-amd64.gz").read_bytes()))
    qemu.boot("pv=xen", xen=stock).expect("CONFIG_PV32 missing", status=None)


@pytest.mark.long
@pytest.mark.parametrize("part", range(5))
def test_fifty_boots(qemu, way, part):
    """Ten boots in a row, of five times ten, in each way."""
    for _ in range(10):
        qemu.boot(f'{way} run="ls | wc; echo up"', xen=XEN).expect(BANNER, "^up$")


@pytest.mark.long
def test_usertests_again_and_again(qemu):
    """In one boot, five times: what the first round leaves behind, the second would meet."""
    rounds = "; ".join(["usertests"] * 5)
    result = qemu.boot(f'run="{rounds}"', xen=XEN, limit=300).expect(BANNER, USERTESTS)
    assert result.console.count(" 0 failed") == 5
