# SPDX-License-Identifier: MIT
"""GDB commands that show what pvops holds. Loaded by `make gdb`; `help paravane` lists them."""
import gdb

SITE_HOW = ("indirect", "inline", "call", "jump", "count", "poison")


def symbol_at(address):
    """The function that holds an address, with the offset into it."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return text.split(" in section")[0] if " in section" in text else f"{address:#x}"


def op_list():
    """(group, name, kind, doc) of each op, from the kernel's own list."""
    ops = gdb.parse_and_eval("pv_op_list")
    first, last = ops.type.range()
    for index in range(first, last + 1):
        op = ops[index]
        yield (op["group"].string(), op["name"].string(),
               op["kind"].string(), op["doc"].string())


def sites():
    """Each record of .pv_sites."""
    site = gdb.parse_and_eval("(struct pv_site *)&pv_sites")
    end = gdb.parse_and_eval("(struct pv_site *)&pv_sites_end")
    while site < end:
        yield site.dereference()
        site += 1


def code_bytes(address, length):
    """Bytes of memory as the machine holds them now."""
    return gdb.selected_inferior().read_memory(address, length).tobytes()


class Paravane(gdb.Command):
    """Commands for Paravane: pv-ops, pv-sites."""

    def __init__(self):
        super().__init__("paravane", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        gdb.execute("help paravane")


class DataCommand(gdb.Command):
    """One that reads the kernel's memory by the page tables in force: `show` prints it.

    hv-stub's shadow tables have no entry for what its guest did not touch yet, and its own tables
    none of the guest's at all. A stop at the first instruction of a page that is not mapped yet
    comes twice: the fault that maps it comes between.
    """

    def __init__(self, name):
        self.name = name
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            self.show(argument.strip())
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"{self.name}: {error}: it is not mapped yet, or not here; go on to "
                               "where the sites are patched: hbreak cpu_init, then c, or c twice") from None


class PvOps(DataCommand):
    """pv-ops: each op of the table with its kind and the body in force."""

    def show(self, _):
        slots = gdb.parse_and_eval("(unsigned int *)&pv_ops")
        last_group = None
        for index, (group, name, kind, doc) in enumerate(op_list()):
            if group != last_group:
                print(f"{group}:")
                last_group = group
            print(f"  {name:16} {kind:5} {symbol_at(int(slots[index])):28} {doc}")


class PvSites(DataCommand):
    """pv-sites [OP]: each call site, what it holds now, and what the patcher put there."""

    def show(self, wanted):
        names = [name for _, name, _, _ in op_list()]
        if wanted and wanted not in names:
            raise gdb.GdbError(f"pv-sites: there is no op '{wanted}'; pv-ops lists them")
        for site in sites():
            name = names[int(site["op"])]
            if wanted and name != wanted:
                continue
            address, length, used = (int(site[field]) for field in ("address", "length", "used"))
            held = code_bytes(address, length)
            print(f"{address:08x} {symbol_at(address):28} {name:16} "
                  f"{SITE_HOW[int(site['how'])]:8} {held[:used].hex(' ')} | {held[used:].hex(' ')}")


Paravane()
PvOps("pv-ops")
PvSites("pv-sites")
