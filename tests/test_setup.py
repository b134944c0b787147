# SPDX-License-Identifier: MIT
"""tests/test_setup.py: `make setup` and `make doctor`, on machines that lack something."""

import os
import re
import shutil
import subprocess

import pytest

import tree
from machine import BUILD, ROOT

PLAIN = ["bash", "cat", "ls", "grep", "head", "sort", "tr", "awk", "dirname", "env"]


@pytest.fixture
def path(tmp_path):
    """A folder with hardly any program in it, to be the whole PATH."""
    for program in PLAIN:
        (tmp_path / program).symlink_to(shutil.which(program))
    return tmp_path


def run(script, *words, path=None):
    environment = {**os.environ, "PATH": str(path)} if path else None
    ended = subprocess.run(
        ["bash", ROOT / "tools" / script, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return ended.returncode, ended.stdout + ended.stderr


def add(path, name, script):
    program = path / name
    program.write_text(f"#!/usr/bin/env bash\n{script}\n")
    program.chmod(0o755)


def test_doctor():
    """Here everything is there that must be."""
    status, said = run("doctor.sh")
    assert status == 0, said
    for tool in ["gcc", "nasm", "qemu-system-i386", "bochs", "xorriso", "pytest", "cmocka"]:
        assert f"\n{tool} " in said


def test_doctor_names_what_is_missing(path):
    status, said = run("doctor.sh", path=path)
    assert status == 1
    assert "nasm              -" in said
    assert "nasm: apt-get install nasm" in said


@pytest.mark.parametrize("is_built, said", [(True, "has been built"), (False, "make xen builds")])
def test_doctor_tells_of_xen(tmp_path, monkeypatch, is_built, said):
    """And of the Linux for nested KVM, which an empty cache does not have: not a tool, no failure."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if is_built:
        (tmp_path / "paravane/xen").mkdir(parents=True)
        (tmp_path / "paravane/xen/xen.elf").touch()
    status, report = run("doctor.sh")
    assert status == 0
    assert re.search(f"^MODE=xen: .*{said}", report, re.MULTILINE)
    assert re.search("^MODE=kvm: .*the first run downloads", report, re.MULTILINE)
    assert not (tmp_path / "paravane/kvm").exists()


def test_xen_source_is_damaged(tmp_path, monkeypatch):
    """What was fetched before and is no longer what it was is said in our words, and fetched again."""
    tools = (ROOT / "tools/xen/needs.txt").read_text().splitlines()
    for tool in [line.split()[0] for line in tools if not line.startswith("#")]:
        add(tmp_path, tool, "")
    add(tmp_path, "apt-get", "exit 100")
    cache = tmp_path / "paravane/xen"
    cache.mkdir(parents=True)
    (cache / "xen_4.17.5+72-g01140da4e8.orig.tar.xz").write_text("damaged")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    status, said = run("xen/build.sh")
    assert status == 1
    assert "is damaged, fetching it again" in said and "FAILED" not in said
    assert "apt-get could not fetch it" in said.splitlines()[-1]
    assert not list(cache.glob("*.orig.tar.xz"))


def test_doctor_names_another_version(path):
    add(path, "nasm", "echo NASM version 9.9.9")
    assert "nasm              9.9.9     2.16     build  not the tested version" in run(
        "doctor.sh", path=path
    )[1]


@pytest.mark.parametrize(
    "manager, package",
    [("dnf", "qemu-system-x86-core"), ("pacman", "libisoburn"), ("brew", "i686-elf-gcc")],
)
def test_setup_elsewhere(path, manager, package):
    """Without apt: the command is printed, with this system's names, and nothing is installed."""
    add(path, manager, "echo $0 was called; exit 1")
    status, said = run("setup.sh", path=path)
    assert status == 1
    assert f"{manager} " in said and package in said
    assert "was called" not in said
    assert "not ready" in said


def test_setup_nowhere(path):
    status, said = run("setup.sh", path=path)
    assert status == 1
    assert "none of apt-get" in said and "MISSING" in said


def test_setup_by_apt(path):
    """Only what is missing is installed; apt is asked to update first."""
    add(path, "apt-get", 'echo "apt-get $*" >&2')
    add(path, "sudo", '"$@"')
    add(path, "nasm", "echo NASM version 2.16")
    status, said = run("setup.sh", path=path)
    assert status == 1  # this apt-get installs nothing
    assert "apt-get update" in said
    install = next(line for line in said.splitlines() if line.startswith("apt-get install"))
    assert " xorriso" in install and " nasm" not in install


def test_setup_twice():
    """Where everything is there, nothing is done."""
    status, said = run("setup.sh")
    assert status == 0
    assert "nothing to install" in said


def test_setup_and_another_goal():
    """`make setup run`, from a tree where nothing is built: set-up first, once, then the run."""
    copy = tree.copy(BUILD / "test-build" / "setup")
    status, said = tree.make(copy, "setup", "run", "RUN=echo up")
    assert status == 0, said
    assert said.count("setup: ready") == 1
    assert said.index("setup: ready") < said.index("\nup")
