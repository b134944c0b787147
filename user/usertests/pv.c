/* SPDX-License-Identifier: MIT
 * user/usertests/pv.c: what SYS_pv says must be complete and must agree with itself.
 *
 * Read first: lib/abi.h (PV_Q_*), pvops/patch.c.
 */
#include "user/usertests/test.h"
#include "lib/hv.h"

#define OP_CALL_DIRECT 0xE8
#define OP_JMP_DIRECT  0xE9
#define CS_PREFIX      0x2E
#define DIRECT_SIZE    5

static struct pv_q_info ask_info(void) {
    struct pv_q_info info;

    CHECK_EQ(pv_query(PV_Q_INFO, 0, &info), 0);
    return info;
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static void info_is_sane(void) {
    struct pv_q_info info = ask_info();

    CHECK(info.backend[0] != '\0');
    CHECK(info.ring <= 1);
    CHECK(info.ops > 0 && info.sites > 0);
    CHECK(info.patched == (is(info.patch, "off") ? 0 : info.sites));
    CHECK(info.va_top >= 0xF0000000);
}

static void ops_are_complete(void) {
    struct pv_q_info info = ask_info();
    struct pv_q_op op;
    u32 sites = 0, index;

    for (index = 0; pv_query(PV_Q_OP, index, &op) == 0; index++) {
        CHECK(op.group[0] != '\0' && op.name[0] != '\0' && op.doc[0] != '\0');
        CHECK(is(op.kind, "CALL") || is(op.kind, "PATCH") || is(op.kind, "JMP"));
        CHECK(op.body >= USER_TOP && op.body_name[0] != '\0');
        sites += op.sites;
    }
    CHECK_EQ(index, info.ops);
    CHECK_EQ(sites, info.sites);
}

/* What follows the backend's bytes is one instruction that does nothing. */
static bool is_nop(const u8 *bytes, u32 length) {
    if (length > 2 && bytes[0] == 0x66) bytes++;
    switch (length) {
    case 0: return true;
    case 1: return bytes[0] == 0x90;
    case 2: return bytes[0] == 0x66 && bytes[1] == 0x90;
    default: return bytes[0] == 0x0F && bytes[1] == 0x1F;
    }
}

/* `call [slot]`, or `jmp [slot]` through CS. */
static bool is_indirect(const u8 *bytes) {
    return (bytes[0] == 0xFF && bytes[1] == 0x15) ||
           (bytes[0] == 0x2E && bytes[1] == 0xFF && bytes[2] == 0x25);
}

/* A call or jump, made as long as the site by prefixes that mean nothing to it. */
static bool is_direct(const struct pv_q_site *site, u8 opcode) {
    u32 prefixes = site->length - DIRECT_SIZE;

    for (u32 i = 0; i < prefixes; i++)
        if (site->now[i] != CS_PREFIX) return false;
    return site->now[prefixes] == opcode && site->used == site->length;
}

static va_t target(const struct pv_q_site *site) {
    u32 distance;

    memcpy(&distance, site->now + site->length - sizeof(distance), sizeof(distance));
    return site->address + site->length + distance;
}

/* Do the bytes agree with what the patcher says it did there? */
static bool how_is_true(const struct pv_q_site *site, va_t body) {
    switch (site->how) {
    case PV_SITE_INDIRECT: return memcmp(site->now, site->before, site->length) == 0;
    case PV_SITE_INLINE: return true; /* any instruction of the backend's */
    case PV_SITE_CALL: return is_direct(site, OP_CALL_DIRECT) && target(site) == body;
    case PV_SITE_JUMP: return is_direct(site, OP_JMP_DIRECT) && target(site) == body;
    case PV_SITE_COUNT:
    case PV_SITE_POISON: return is_direct(site, OP_CALL_DIRECT) || is_direct(site, OP_JMP_DIRECT);
    default: return false;
    }
}

/* Each mode of the patcher has its own kinds of sites. */
static bool how_fits_mode(u32 how, const char *mode) {
    if (is(mode, "off")) return how == PV_SITE_INDIRECT;
    if (is(mode, "count")) return how == PV_SITE_COUNT;
    if (is(mode, "poison")) return how == PV_SITE_POISON;
    return how == PV_SITE_INLINE || how == PV_SITE_CALL || how == PV_SITE_JUMP;
}

static void sites_hold_what_they_say(void) {
    struct pv_q_info info = ask_info();
    struct pv_q_site site;
    struct pv_q_op op;
    u32 index;

    for (index = 0; pv_query(PV_Q_SITE, index, &site) == 0; index++) {
        CHECK_EQ(pv_query(PV_Q_OP, site.op, &op), 0);
        CHECK(site.address >= USER_TOP && site.address < info.va_top);
        CHECK(site.length <= PV_SITE_MAX && site.used <= site.length);
        CHECK(is_indirect(site.before));
        CHECK(is_nop(site.now + site.used, site.length - site.used));
        CHECK(how_fits_mode(site.how, info.patch));
        CHECK(how_is_true(&site, op.body));
    }
    CHECK_EQ(index, info.sites);
}

/* A hypervisor that counts has a figure for each reason; bare machines count nothing. */
static void exits_are_complete(void) {
    u64 exits;
    u32 reason = 0;

    while (pv_query(PV_Q_EXITS, reason, &exits) == 0) reason++;
    CHECK(reason == 0 || reason == REASONS);
    if (is(ask_info().backend, "trap")) CHECK_EQ(reason, REASONS);
}

/* Calls are counted as they happen: this one ends with an iret. */
static void calls_are_counted(void) {
    struct pv_q_info info = ask_info();
    struct pv_q_op before, after;
    u32 index = 0;

    do CHECK_EQ(pv_query(PV_Q_OP, index++, &before), 0);
    while (!is(before.name, "iret"));
    CHECK_EQ(pv_query(PV_Q_OP, index - 1, &after), 0);
    if (is(info.patch, "count"))
        CHECK(after.count > before.count);
    else
        CHECK_EQ(after.count, 0);
}

static void unknown_questions(void) {
    struct pv_q_info info = ask_info();
    struct pv_q_site site;
    struct pv_q_op op;
    u64 exits;

    CHECK_EQ(pv_query(PV_Q_INFO, 1, &info), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_OP, UINT32_MAX, &op), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_OP, info.ops, &op), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_SITE, UINT32_MAX, &site), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_SITE, info.sites, &site), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_EXITS, UINT32_MAX, &exits), -ENOENT);
    CHECK_EQ(pv_query(PV_Q_EXITS + 1, 0, &exits), -EINVAL);
    CHECK_EQ(pv_query(UINT32_MAX, 0, &exits), -EINVAL);
}

static const struct test tests[] = {
    {"info-is-sane", info_is_sane},
    {"ops-are-complete", ops_are_complete},
    {"sites-hold-what-they-say", sites_hold_what_they_say},
    {"exits-are-complete", exits_are_complete},
    {"calls-are-counted", calls_are_counted},
    {"unknown-questions", unknown_questions},
};

SUITE(pv, tests);
