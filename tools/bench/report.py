# SPDX-License-Identifier: MIT
"""tools/bench/report.py: what bench.py has measured, as a table and as a picture, for people."""

import math

# What the rows do, for the table.
TEXTS = {
    "null_call": "a system call that does nothing (`getpid`)",
    "pipe_pingpong": "a byte to another process and one back, through two pipes",
    "fork_exit": "fork, exit in the child, wait",
    "fork_exec": "fork, exec of a small program, its exit, wait",
    "fork_256": "fork, exit and wait in a process with 256 touched pages more",
    "zero_fault": "the first touch of a page of the heap",
    "cow_fault": "the first write to a page since fork, which copies it",
    "sbrk": "the heap grown by 256 pages, each touched, and shrunk again",
    "pipe_64k": "64 KiB from another process through a pipe",
    "console_line": "a line of 40 characters to serial line and screen",
    "sleep_tick": "a sleep of 10 ms, without what passes while the CPU waits",
    "irq_pair": "`irq_disable(); irq_enable()`",
    "save_restore": "`irq_restore(irq_save())`",
    "hypercall": "into the hypervisor and back, for nothing",
    "pte_update": "`set_pte`",
    "pte_batched": "`set_pte`, of 256 between `lazy_begin` and `lazy_end`",
    "cr3_switch": "`write_cr3`",
    "fault_reflect": "the kernel touches a page of the program that is not there, and finds out",
    "port_read": "`in8`",
}

# Colour, and is it drawn full?
STYLES = {
    "direct": ("direct", "bar"),
    "native": ("native", "full"),
    "native_unpatched": ("native", "hollow"),
    "vmi": ("vmi", "full"),
    "vmi_unpatched": ("vmi", "hollow"),
    "vmi_nolazy": ("lazy", "hollow"),
    "vmi_noext": ("ext", "hollow"),
    "trap": ("trap", "full"),
    "xen": ("xen", "full"),
}


def grouped(value):
    """12345.6 as 12,346, and 4.25 as 4.2."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


# Instructions of xv6-public on the same QEMU with 64 MiB, and how many times less we want.
XV6 = {
    "null_call": (1395, 10),
    "pipe_pingpong": (27230, 10),
    "fork_exit": (836388, 10),
    "fork_256": (4646171, 10),
    "fork_exec": (1779067, 10),
    "pipe_64k": (3565079, 2),
    "sbrk": (951004, 2),
    "console_line": (18442, 2),
}

# What vmi may cost, compared with native; and by itself.
VMI_RATIOS = {"zero_fault": 1.35, "cow_fault": 1.35, "fork_exit": 1.3, "fork_exec": 1.25,
              "pipe_pingpong": 1.5, "sbrk": 1.5}
VMI_COSTS = {"irq_pair": 6, "hypercall": 75, "pte_update": 150, "pte_batched": 60,
             "cr3_switch": 150, "fault_reflect": 240}


def figures(modes):
    """Yields what we want to reach: a text, the figure, a bound, and is it met?"""
    def cost(mode, row, key="insns"):
        return modes[mode][row][key]

    def at_most(text, value, bound):
        return text, f"{value:.4g}", f"at most {bound:.4g}", value <= bound

    def at_least(text, value, bound):
        return text, f"{value:.3g}", f"at least {bound}", value >= bound

    rows = [*XV6, "zero_fault", "cow_fault", "sleep_tick"]
    for mode, ratio, more in (("native", 1.03, 2), ("native_unpatched", 1.15, 6)):
        worst = max((row for row in rows if cost(mode, row) - cost("direct", row) > more),
                    key=lambda row: cost(mode, row) / cost("direct", row))
        yield at_most(f"{mode} / direct, `{worst}`, the worst row with more than {more} instructions more",
                      cost(mode, worst) / cost("direct", worst), ratio)
    yield at_most("native, `null_call`", cost("native", "null_call"), 60)
    for row, (xv6, part) in XV6.items():
        yield at_least(f"xv6's {xv6:,} / native, `{row}`", xv6 / cost("native", row), part)
    yield at_most("vmi - native, `null_call`", cost("vmi", "null_call") - cost("native", "null_call"), 8)
    for row, ratio in VMI_RATIOS.items():
        yield at_most(f"vmi / native, `{row}`", cost("vmi", row) / cost("native", row), ratio)
    for row, bound in VMI_COSTS.items():
        yield at_most(f"vmi, `{row}`", cost("vmi", row), bound)
    yield at_most("vmi, exits of `null_call`", cost("vmi", "null_call", "exits"), 0)
    yield at_most("vmi, calls in a `cow_fault`", cost("vmi", "cow_fault", "reasons").get("call", 0), 1)
    for row, times in (("fork_256", 10), ("fork_exit", 3)):
        yield at_least(f"exits, vmi_nolazy / vmi, `{row}`",
                       cost("vmi_nolazy", row, "exits") / cost("vmi", row, "exits"), times)
    yield at_least("exits, trap / vmi, `fork_exec`",
                   cost("trap", "fork_exec", "exits") / cost("vmi", "fork_exec", "exits"), 10)


def present(modes):
    return [mode for mode, rows in modes.items() if rows]


def cell(modes, mode, row, key="insns"):
    figure = (modes[mode] or {}).get(row)
    return None if figure is None else figure[key]


def quotient(modes, mode, base, row):
    above, below = cell(modes, mode, row), cell(modes, base, row)
    return "-" if above is None or not below else f"{above / below:.2f}"


def table(head, lines):
    """A Markdown table, numbers to the right."""
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def reasons(modes, mode, row):
    figure = (modes[mode] or {}).get(row)
    if figure is None:
        return "-"
    parts = [f"{name} {value:g}" for name, value in figure["reasons"].items()]
    return f"{figure['exits']:g}" + (f" ({', '.join(parts)})" if parts else "")


def markdown(report):
    """The tables of docs/bench.md."""
    modes = report["modes"]
    shown = present(modes)
    yield "# What it costs"
    yield ""
    yield "Instructions per operation, counted by `make bench` under `qemu -icount shift=0,sleep=off`, where"
    yield "every run is like the last. Made with:"
    yield f"{report['qemu']}, {report['gcc']}."
    yield ""
    yield "![Instructions per operation in each mode](bench.svg)"
    yield ""
    yield from table(["row"] + [f"`{mode}`" for mode in shown],
                     [[f"`{row}`"] + [grouped(cell(modes, mode, row)) for mode in shown]
                      for row in TEXTS])
    yield ""
    yield "How the modes compare, how often they went to the hypervisor per operation and why, and how"
    yield "many of the instructions are rounds of a `rep` (QEMU counts each; a real CPU does many at once):"
    yield ""
    exits = [mode for mode in ("vmi", "vmi_nolazy", "trap") if mode in shown]
    yield from table(
        ["row", "native / direct", "vmi / native", "trap / vmi"] + [f"exits `{m}`" for m in exits]
        + ["rep `native`", "rep `vmi`"],
        [[f"`{row}`", quotient(modes, "native", "direct", row), quotient(modes, "vmi", "native", row),
          quotient(modes, "trap", "vmi", row)] + [reasons(modes, mode, row) for mode in exits]
         + [grouped(cell(modes, mode, row, "rep")) for mode in ("native", "vmi")] for row in TEXTS])
    yield ""
    if all(mode in shown and all(modes[mode][row] for row in XV6)
           for mode in ("direct", "native", "native_unpatched", "vmi", "vmi_nolazy", "trap")):
        yield "What we wanted to reach:"
        yield ""
        yield "| figure | now | wanted | |"
        yield "|---|---:|---|---|"
        for text, now, wanted, met in figures(modes):
            yield f"| {text} | {now} | {wanted} | {'yes' if met else '**no**'} |"
        yield ""
    yield "| row | what is done |"
    yield "|---|---|"
    for row, text in TEXTS.items():
        yield f"| `{row}` | {text} |"
    yield ""
    yield "| mode | what runs |"
    yield "|---|---|"
    yield "| `direct` | the same sources, compiled with the instructions in the place of the ops: the zero |"
    yield "| `native` | the table, each site patched; `native_unpatched`: calls through the table |"
    yield "| `vmi` | in ring 1 on hv-stub, patched; `vmi_unpatched`; `vmi_nolazy`: each update by itself; " \
          "`vmi_noext`: nothing that is not in the VMI standard |"
    yield "| `trap` | in ring 1 on hv-stub, by trap and emulate: a store to a page table is nothing, the " \
          "hypervisor finds out when the CPU's tables are to be flushed |"
    yield "| `xen` | in ring 1, as domain 0 of a real Xen 4.17, with its usual defences against side channels |"


# The order in which signs are drawn: what comes later lies above.
DRAWN = [mode for mode in reversed(STYLES) if STYLES[mode][1] == "hollow"] + \
        [mode for mode in reversed(STYLES) if STYLES[mode][1] == "full"] + ["direct"]

# --- the picture -------------------------------------------------------------------------------

WIDTH, LEFT, RIGHT, TOP, STEP = 920, 130, 640, 96, 26
COLUMNS = (("native", 720), ("vmi", 800), ("trap", 890))

CSS = """
  text { font: 13px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
  .paper { fill: #ffffff } .grid { stroke: #d1d9e0 } .row { stroke: #9aa4af; stroke-width: 1.5 }
  .quiet { fill: #59636e } .title { font-size: 16px; font-weight: 600 } .number { text-anchor: end }
  .direct { stroke: #1f2328; fill: #1f2328 } .native { stroke: #0a6ed1; fill: #0a6ed1 }
  .vmi { stroke: #d9730d; fill: #d9730d } .lazy { stroke: #8f5a00; fill: #8f5a00 }
  .ext { stroke: #a3248f; fill: #a3248f } .trap { stroke: #cf222e; fill: #cf222e }
  .xen { stroke: #1a7f37; fill: #1a7f37 } text.number { stroke: none }
  .hollow { fill: none; stroke-width: 1.6 } .bar { stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .paper { fill: #0d1117 } .grid { stroke: #2f353d } .row { stroke: #59636e }
    .quiet { fill: #9198a1 } .direct { stroke: #e6edf3; fill: #e6edf3 }
    .native { stroke: #58a6ff; fill: #58a6ff } .vmi { stroke: #f0a04b; fill: #f0a04b }
    .lazy { stroke: #d4b106; fill: #d4b106 } .ext { stroke: #e275d0; fill: #e275d0 }
    .trap { stroke: #ff7b72; fill: #ff7b72 } .xen { stroke: #3fb950; fill: #3fb950 }
    .hollow { fill: none }
  }
"""


def short(value):
    """1000 as 1k."""
    return f"{value // 10**6}M" if value >= 10**6 else f"{value // 1000}k" if value >= 1000 else value


def mark(mode, x, y):
    """The sign of a mode."""
    colour, shape = STYLES[mode]
    if shape == "bar":
        return f'<line class="{colour} bar" x1="{x:.1f}" y1="{y - 8}" x2="{x:.1f}" y2="{y + 8}"/>'
    radius = 5.5 if shape == "full" else 4
    extra = " hollow" if shape == "hollow" else ""
    return f'<circle class="{colour}{extra}" cx="{x:.1f}" cy="{y}" r="{radius}"/>'


def legend(shown):
    x = LEFT
    for mode in shown:
        yield mark(mode, x, 50)
        yield f'<text x="{x + 10}" y="54.5">{mode.replace("_", ", ")}</text>'
        x += 26 + 7.3 * len(mode)


def svg(report):
    """A row an operation, a logarithmic axis, a sign a mode, and the figures of the main ones."""
    modes = report["modes"]
    shown = present(modes)
    bottom = TOP + STEP * len(TEXTS)
    values = [v for m in shown for r in TEXTS if (v := cell(modes, m, r))]
    decades = math.ceil(math.log10(max(values)))
    place = lambda value: LEFT + (RIGHT - LEFT) * math.log10(max(value, 1)) / decades
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" role="img">'
    yield "<!-- SPDX-License-Identifier: MIT; made by `make bench-docs`. -->"
    yield "<title>Paravane: instructions per operation, by mode</title>"
    yield f"<style>{CSS}</style>"
    yield f'<rect class="paper" width="{WIDTH}" height="{bottom + 34}"/>'
    yield f'<text class="title" x="16" y="26">Instructions per operation: the further left, the cheaper</text>'
    yield from legend(shown)
    for exponent in range(decades + 1):
        x = place(10**exponent)
        yield f'<line class="grid" x1="{x:.1f}" y1="{TOP - 18}" x2="{x:.1f}" y2="{bottom - 8}"/>'
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 10}" text-anchor="middle">{short(10**exponent)}</text>'
    for mode, x in COLUMNS:
        if mode in shown:
            yield f'<text class="number {STYLES[mode][0]}" x="{x}" y="{TOP - 20}">{mode}</text>'
    for number, row in enumerate(TEXTS):
        y = TOP + STEP * number
        yield f'<text x="16" y="{y + 4.5}">{row}</text>'
        points = [(mode, place(v)) for mode in shown if (v := cell(modes, mode, row)) is not None]
        xs = [x for _, x in points]
        if xs:
            yield f'<line class="row" x1="{min(xs):.1f}" y1="{y}" x2="{max(xs):.1f}" y2="{y}"/>'
        for mode, x in sorted(points, key=lambda point: DRAWN.index(point[0])):
            yield mark(mode, x, y)
        for mode, x in COLUMNS:
            if mode in shown:
                yield f'<text class="number" x="{x}" y="{y + 4.5}">{grouped(cell(modes, mode, row))}</text>'
    yield f'<text class="quiet" x="{LEFT}" y="{bottom + 27}">a logarithmic scale; {report["qemu"].split(" (")[0]}, -icount; {report["gcc"].split(" (")[0]} {report["gcc"].split()[-1]}</text>'
    yield "</svg>"
