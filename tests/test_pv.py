# SPDX-License-Identifier: MIT
"""tests/test_pv.py: what the shell's `pv` shows of the table and of the patched sites."""

import re

import pytest

from machine import ROOT

INDIRECT = ("ff15", "2eff25")  # a call; a jump, which reads its target through CS
CLI = "fa"

SITE = re.compile(
    r"^[0-9a-f]{8} \S+\+0x[0-9a-f]+ *(?P<op>\w+) +(?P<before>[0-9a-f]+) +-> (?P<now>[0-9a-f]+)"
    r" +(?P<how>.+)$",
    re.MULTILINE,
)
INFO = re.compile(r"^(\w+) {2,}(\S+)$", re.MULTILINE)
OP = re.compile(r"^  (\w+) +(CALL|PATCH|JMP) +(\d+) +(?:(\d+) +)?\S", re.MULTILINE)


def ops_of_the_list():
    """The names in pvops.def, in their order."""
    text = (ROOT / "pvops/pvops.def").read_text()
    return re.findall(r"^PV_OP\(\w+, \w+, \w+, (\w+),", text, re.MULTILINE)


def sites(result):
    found = [match.groupdict() for match in SITE.finditer(result.console)]
    assert found, result.console
    return found


def test_info(qemu):
    result = qemu.boot('run="pv info"').expect()
    info = dict(INFO.findall(result.console))
    assert info["backend"] == "native"
    assert info["ring"] == "0"
    assert info["ops"] == str(len(ops_of_the_list())) == "47"
    assert info["patched"] == info["sites"]
    assert info["mode"] == "on"


def test_ops(qemu):
    """Every op of the list, with its kind, in the list's order; together they have all sites."""
    result = qemu.boot('run="pv ops; pv info"').expect()
    ops = OP.findall(result.console)
    assert [name for name, *_ in ops] == ops_of_the_list()
    info = dict(INFO.findall(result.console))
    assert sum(int(count) for _, _, count, _ in ops) == int(info["sites"])


@pytest.mark.quick
def test_native_bytes(qemu):
    """Patched for native, the site of an instruction holds the instruction."""
    result = qemu.boot('run="pv sites"').expect()
    found = sites(result)
    assert len(found) == int(result.find(r"sites=(\d+)")[1])
    unpatched = [site["op"] for site in found if site["now"].startswith(INDIRECT)]
    assert not unpatched, f"not patched: {unpatched}"
    disables = [site for site in found if site["op"] == "irq_disable"]
    assert disables and all(site["now"].startswith(CLI) for site in disables)


def test_off(qemu):
    """Not patched, each site is the indirect call that the compiler or NASM left there."""
    result = qemu.boot('pv.patch=off run="pv sites"').expect(" patched=0$")
    for site in sites(result):
        assert site["now"] == site["before"]
        assert site["now"].startswith(INDIRECT)


def test_sites_of_an_op(qemu):
    result = qemu.boot('run="pv sites write_cr3"').expect()
    assert {site["op"] for site in sites(result)} == {"write_cr3"}


def test_count(qemu):
    """Counting, an op that must have been called was, and one more call counts one more."""
    result = qemu.boot('pv.patch=count run="pv ops; pv ops"').expect()
    ops = OP.findall(result.console)
    calls = [(name, int(count)) for name, _, _, count in ops]
    first, second = dict(calls[: len(ops) // 2]), dict(calls[len(ops) // 2 :])
    for name in ["load_gdt", "load_idt", "write_cr3", "set_pte", "console_write", "timer_periodic"]:
        assert first[name] > 0, name
    assert first["load_gdt"] == second["load_gdt"] == 1
    assert all(second[name] >= first[name] for name in first)
    assert second["iret"] > first["iret"]


def test_not_counted_by_default(qemu):
    qemu.boot('run="pv stats"').expect("pv.patch=count")


@pytest.mark.parametrize("column, pv, below", [(0, "native", {}), (1, "vmi", {"hypervisor": ""})])
def test_readme(qemu, column, pv, below):
    """What README.md shows of two runs side by side is what they print; … stands for anything."""
    text = (ROOT / "README.md").read_text().split("## Two runs side by side")[1]
    head, _, *rows = (line.split(" | ") for line in text.split("\n\n")[1].splitlines())
    commands = re.search('RUN="(.*)"', head[column])[1]
    result = qemu.boot(f'pv={pv} run="{commands}"', **below).expect()
    told = re.sub(" +", " ", result.console)
    for shown in re.findall("`(.*?)`", " ".join(row[column] for row in rows)):
        assert re.search(re.escape(shown).replace("…", ".*"), told), shown
