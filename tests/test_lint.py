# SPDX-License-Identifier: MIT
"""tests/test_lint.py: the lints find what they are there for."""

import subprocess
import sys

import pytest

from machine import KERNEL, ROOT

PRIVILEGED = ROOT / "tools/lint/privileged.py"
OPLIST = ROOT / "tools/lint/oplist.py"

# One of each that must not be outside a backend: privileged, or telling of privilege.
FORBIDDEN = """
cli; sti; hlt; in al, 0x60; in eax, dx; out 0x80, al; out dx, eax; insb; rep outsd
mov eax, cr0; mov eax, cr2; mov cr3, eax; mov cr4, eax; mov eax, dr7; mov dr0, eax
lgdt [eax]; lidt [eax]; lldt ax; ltr ax; invlpg [eax]; clts; lmsw ax; invd; wbinvd
rdmsr; wrmsr; rdpmc; rdtsc; iret; pushf; popf; pushfw; popfw; sgdt [eax]; sidt [eax]; sldt ax
str ax; smsw ax; lar eax, ax; lsl eax, ax; verr ax; verw ax; cpuid
""".replace("\n", ";").split(";")
FORBIDDEN = [text.strip() for text in FORBIDDEN if text.strip()]

HARMLESS = ["mov ds, eax", "mov eax, cs", "push ds", "int 0x80", "retf", "rep movsd", "nop", "ud2"]


def assemble(tmp_path, function, instructions):
    """An object with these instructions in a function of this name."""
    source = tmp_path / "code.asm"
    lines = ["bits 32", "section .text", f"global {function}", f"{function}:"]
    source.write_text("\n".join(lines + instructions) + "\n")
    subprocess.run(["nasm", "-f", "elf32", source, "-o", tmp_path / "code.o"], check=True)
    return tmp_path / "code.o"


def lint(*arguments):
    """(status, what it says)"""
    command = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True)
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.quick
def test_the_kernel_is_clean():
    assert lint(PRIVILEGED, KERNEL) == (0, "")


@pytest.mark.parametrize("function", ["schedule", "trap_entry", "trap_return", "natively"])
def test_each_is_caught(tmp_path, function):
    status, said = lint(PRIVILEGED, assemble(tmp_path, function, FORBIDDEN))
    assert status == 1
    assert len(said.splitlines()) == len(FORBIDDEN), said


@pytest.mark.parametrize("function", ["native_irq_save", "trap_cpuid", "multiboot_entry"])
def test_backends_may(tmp_path, function):
    assert lint(PRIVILEGED, assemble(tmp_path, function, FORBIDDEN)) == (0, "")


@pytest.mark.parametrize("function, instruction", [("pvclock_read", "rdtsc"), ("xen_iret", "iret")])
def test_one_instruction_allowed(tmp_path, function, instruction):
    """That, and nothing else."""
    code = assemble(tmp_path, function, [instruction, "cli"])
    status, said = lint(PRIVILEGED, code)
    assert status == 1
    assert len(said.splitlines()) == 1 and "cli" in said, said


def test_harmless_is_not_caught(tmp_path):
    assert lint(PRIVILEGED, assemble(tmp_path, "schedule", HARMLESS)) == (0, "")


@pytest.mark.parametrize(
    "line, said",
    [
        ('PV_OP(x, CALL, u64, f, (u64 a, u64 b), AD_C(a, b), "")', "three words"),
        ('PV_OP(x, CALL, void, f, (u32 a, u32 b, u32 c, u32 d), A_D(a, b), "")', "three words"),
        ('PV_OP(x, CALL, u32, f, (u32 a), D(a), "")', "EAX, not EDX"),
        ('PV_OP(x, JMP, u32, iret, (void), NONE, "")', "cannot return u32"),
        ('PV_OP(x, CALL, pte_t, f, (void), NONE, "")', "cannot return pte_t"),
        ('PV_OP(x, PATCH, void, f, (void), NONE, "")', "must be written in NASM"),
        (f'PV_OP(x, CALL, void, f, (void), NONE, "{"x" * 101}")', "longer than"),
        ("PV_OPS(x)", "neither"),
    ],
)
def test_rules_of_the_list(tmp_path, line, said):
    """Each rule that call sites rely on is broken by one line, and named."""
    deflist = tmp_path / "bad.def"
    deflist.write_text(line + "\n")
    status, told = lint(OPLIST, deflist, assemble(tmp_path, "native_iret", ["iret"]))
    assert status == 1
    assert said in told


def test_the_list_keeps_its_rules():
    native = ROOT / "build/pvops/native.asm.o"
    assert lint(OPLIST, ROOT / "pvops/pvops.def", native) == (0, "")
