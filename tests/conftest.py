# SPDX-License-Identifier: MIT
"""tests/conftest.py: what the tests are given: a log each, and machines that write to it."""

import re

import pytest

from machine import BUILD, INITRD, KERNEL, BochsCd, QemuCd, QemuKernel

LOGS = BUILD / "test-logs"
MACHINES = {machine.name: machine for machine in (QemuKernel, QemuCd, BochsCd)}


def pytest_configure(config):
    """Temporary files go below build/ as well."""
    if not hasattr(config, "workerinput") and not config.option.basetemp:
        config.option.basetemp = str(BUILD / "test-tmp" / "pytest")
        (BUILD / "test-tmp").mkdir(parents=True, exist_ok=True)


def pytest_sessionstart(session):
    missing = [str(file) for file in (KERNEL, INITRD) if not file.exists()]
    if missing:
        raise pytest.UsageError(f"not built: {', '.join(missing)}; `make test` builds them")


def pytest_terminal_summary(terminalreporter):
    """Shows what was measured, on the way to pytest's own last line."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.line(f"{name}: {value}")


@pytest.fixture
def log(request):
    """The log of this test, build/test-logs/<file>.<test>.log, empty."""
    name = re.sub(r"[^\w.=-]+", "-", f"{request.node.path.stem}.{request.node.name}").strip("-")
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{name}.log"
    path.write_text(f"# {request.node.nodeid}\n\n")
    return path


@pytest.fixture(params=MACHINES)
def machine(request, log):
    """Each machine in turn."""
    return MACHINES[request.param](log)


@pytest.fixture(params=["qemu", "bochs-cd"])
def judge(request, log):
    """The fast machine, then the strict one."""
    return MACHINES[request.param](log)


@pytest.fixture
def qemu(log):
    return QemuKernel(log)


@pytest.fixture
def qemu_cd(log):
    return QemuCd(log)


@pytest.fixture
def bochs(log):
    return BochsCd(log)
