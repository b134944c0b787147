/* SPDX-License-Identifier: MIT
 * user/pv.c: shows the table of privileged operations, from the outside.
 *
 * Gives: `pv info`  the hypervisor, the backend and its properties, and which ops it overrides
 *        `pv ops`   the operations, by group
 *        `pv sites` each place that calls one: what was there, and what the patcher made of it
 *        `pv stats` what the backend has counted
 * Read first: SYS_pv in lib/abi.h.
 */
#include "lib/hv.h"
#include "user/lib/user.h"

#define COLUMNS     80 /* of the VGA console */
#define DOC_COLUMN  31 /* where the description of an op begins, when calls are not counted */
#define COUNT_WIDTH 11

/* Asks one question. False past the last index; ends the program if it cannot be answered. */
static bool ask(u32 what, u32 index, void *answer) {
    i32 result = pv_query(what, index, answer);

    if (result < 0 && result != -ENOENT) fail("%s", error_name(result));
    return result >= 0;
}

static struct pv_q_info ask_info(void) {
    struct pv_q_info info;

    if (!ask(PV_Q_INFO, 0, &info)) fail("the kernel knows no pvops table");
    return info;
}

/* CPUID leaf 40000000h of those that we know. */
static const char *hypervisor_name(const char *signature) {
    static const struct {
        const char *signature, *name;
    } known[] = {
        {"", "none"},
        {"Paravanestub", "hv-stub"},
        {"KVMKVMKVM", "KVM"},
        {"XenVMMXenVMM", "Xen"},
        {"VMwareVMware", "VMware"},
        {"Microsoft Hv", "Hyper-V"},
        {"TCGTCGTCGTCG", "none: QEMU emulates the CPU"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(known[i].signature, signature) == 0) return known[i].name;
    return "one that we do not know";
}

/* Native's bodies are called native_<op>; a ROM's have no name at all. */
static bool is_native(const struct pv_q_op *op) {
    return strncmp(op->body_name, "native_", 7) == 0;
}

/* All ops, a line a group or more, in the same places whatever the backend is: so two of these tables
 * can be compared. A star marks those that are not native's. */
static void show_bodies(void) {
    struct pv_q_op op;
    char group[sizeof(op.group)] = "";
    u32 column = COLUMNS;

    for (u32 index = 0; ask(PV_Q_OP, index, &op); index++) {
        if (strcmp(group, op.group) != 0 || column + strlen(op.name) + 2 >= COLUMNS) {
            printf("%s  %-8s", index == 0 ? "" : "\n", op.group);
            strlcpy(group, op.group, sizeof(group));
            column = 10;
        }
        printf(" %s%s", is_native(&op) ? " " : "*", op.name);
        column += strlen(op.name) + 2;
    }
    printf("\n");
}

static void show_info(void) {
    struct pv_q_info info = ask_info();

    printf("%-17s %s\n", "hypervisor", hypervisor_name(info.signature));
    printf("%-17s %s\n", "signature", info.signature[0] ? info.signature : "none");
    printf("%-17s %s\n", "recognised_by", info.signature[0] ? info.found_by : "nothing");
    printf("%-17s %s\n", "backend", info.backend);
    printf("%-17s %u\n", "ring", info.ring);
    printf("%-17s %u\n", "ops", info.ops);
    printf("%-17s %u\n", "sites", info.sites);
    printf("%-17s %u\n", "patched", info.patched);
    printf("%-17s %s\n", "mode", info.patch);
    printf("%-17s %08x\n", "va_top", info.va_top);
    printf("%-17s %s\n", "shared_kernel_l2", info.shared_kernel_l2 ? "yes" : "no");
    printf("%-17s %s\n", "has_pc_devices", info.has_pc_devices ? "yes" : "no");
    if (strcmp(info.backend, "native") == 0)
        printf("ops, all of them native's:\n");
    else
        printf("ops, * those that %s overrides, the others native's:\n", info.backend);
    show_bodies();
}

/* The length of the first line of `text` when it is broken at a space, at most `width`. */
static u32 line_length(const char *text, u32 width) {
    u32 length = strlen(text);

    if (length <= width) return length;
    for (length = width; length > 0 && text[length] != ' '; length--)
        ;
    return length > 0 ? length : width;
}

/* Prints the rest of a line, the cursor being at `column`, and indents what does not fit. */
static void print_wrapped(const char *text, u32 column) {
    for (;;) {
        u32 length = line_length(text, COLUMNS - 1 - column);

        printf("%.*s\n", (int)length, text);
        text += length;
        while (*text == ' ') text++;
        if (*text == '\0') return;
        printf("%*s", (int)column, "");
    }
}

/* The column of calls is there only in the mode that counts them. */
static void show_op(const struct pv_q_op *op, u32 count_width) {
    char count[11];

    snprintf(count, sizeof(count), "%u", op->count);
    printf("  %-15s %-5s %5u%*.*s  ", op->name, op->kind, op->sites, (int)count_width,
           (int)count_width, count);
    print_wrapped(op->doc, DOC_COLUMN + count_width);
}

static void show_ops(void) {
    struct pv_q_info info = ask_info();
    u32 count_width = strcmp(info.patch, "count") == 0 ? COUNT_WIDTH : 0;
    struct pv_q_op op;
    char group[sizeof(op.group)] = "";

    printf("  %-15s %-5s %5s%*.*s  %s\n", "OP", "KIND", "SITES", (int)count_width, (int)count_width,
           "CALLS", "DOES");
    for (u32 index = 0; ask(PV_Q_OP, index, &op); index++) {
        if (strcmp(group, op.group) != 0) {
            strlcpy(group, op.group, sizeof(group));
            printf("%s\n", group);
        }
        show_op(&op, count_width);
    }
}

/* Two digits a byte into `text`, which has room for PV_SITE_MAX of them. */
static const char *hex(char text[2 * PV_SITE_MAX + 1], const u8 *bytes, u32 count) {
    text[0] = '\0';
    for (u32 i = 0; i < count; i++) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

/* "inline fa, nop 7": what the patcher put there, and how much padding. */
static void show_how(const struct pv_q_site *site) {
    static const char *const how[] = {
        [PV_SITE_INDIRECT] = "indirect call", [PV_SITE_INLINE] = "inline",
        [PV_SITE_CALL] = "direct call",       [PV_SITE_JUMP] = "direct jump",
        [PV_SITE_COUNT] = "counting call",    [PV_SITE_POISON] = "poisoning call",
    };
    char text[2 * PV_SITE_MAX + 1];

    if (site->used == 0)
        printf("nothing");
    else
        printf("%s", site->how < ARRAY_SIZE(how) ? how[site->how] : "?");
    if (site->how == PV_SITE_INLINE && site->used > 0)
        printf(" %s", hex(text, site->now, site->used));
    if (site->used < site->length) printf(", nop %u", site->length - site->used);
}

static void show_site(const struct pv_q_site *site, const char *op) {
    char place[48], before[2 * PV_SITE_MAX + 1], now[2 * PV_SITE_MAX + 1];

    snprintf(place, sizeof(place), "%s+0x%x", site->function, site->function_offset);
    printf("%08x %-25s %-15s %-16s -> %-16s ", site->address, place, op,
           hex(before, site->before, site->length), hex(now, site->now, site->length));
    show_how(site);
    printf("\n");
}

/* Ends the program if there is no op of that name. */
static void check_op_name(const char *name) {
    struct pv_q_op op;

    for (u32 index = 0; ask(PV_Q_OP, index, &op); index++) {
        if (strcmp(op.name, name) == 0) return;
    }
    fail("no op is called %s", name);
}

/* All sites, or those of one op. */
static void show_sites(const char *only) {
    struct pv_q_site site;
    struct pv_q_op op;

    if (only != NULL) check_op_name(only);
    for (u32 index = 0; ask(PV_Q_SITE, index, &site); index++) {
        if (!ask(PV_Q_OP, site.op, &op)) fail("the site at %08x has no op", site.address);
        if (only == NULL || strcmp(only, op.name) == 0) show_site(&site, op.name);
    }
}

/* Exits by reason, where there is a hypervisor; then calls by op, those that there were. */
static void show_stats(void) {
    struct pv_q_op op;
    u64 exits;
    u32 rows = 0;

    for (u32 reason = 0; ask(PV_Q_EXITS, reason, &exits); reason++, rows++)
        printf("%-31s %llu\n", hv_reason_names[reason], exits);
    for (u32 index = 0; ask(PV_Q_OP, index, &op); index++) {
        if (op.count == 0) continue;
        printf("%-31s %u\n", op.name, op.count);
        rows++;
    }
    if (rows == 0) printf("nothing is counted: boot with pv.patch=count\n");
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 2 && strcmp(what, "info") == 0)
        show_info();
    else if (argc == 2 && strcmp(what, "ops") == 0)
        show_ops();
    else if ((argc == 2 || argc == 3) && strcmp(what, "sites") == 0)
        show_sites(argv[2]); /* NULL if there is none */
    else if (argc == 2 && strcmp(what, "stats") == 0)
        show_stats();
    else
        usage("pv info | ops | sites [OP] | stats");
    return 0;
}
