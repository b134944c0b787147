/* SPDX-License-Identifier: MIT
 * pvops/patch.c: rewrites indirect pvops calls into the backend's own instructions, once, at boot.
 *
 * Runs:  boot CPU, interrupts off, before the first process.
 * Needs: .text writable. Calls no pv op: it may be rewriting that very call.
 * Gives: every site in .pv_sites holds the backend's bytes or a direct call.
 *
 *   linked    ff 15 <slot>   call [pv_ops + 4 * op]          66 90  (PATCH ops)
 *   inline    fa             cli                              0f 1f ...  one NOP to the end
 *   direct    2e e8 <rel32>  call native_<op>
 *   count,
 *   poison    2e e8 <rel32>  call the op's thunk, which goes on through the table
 *
 * Read first: pvops.def, native.asm.
 */
#include "lib/string.h"
#include "pvops/backend.h"

#define CALL_INDIRECT 0x15FF /* ff 15, as it is read: little-endian */
#define JMP_INDIRECT  0x25FF
#define CS_PREFIX     0x2E
#define CALL_DIRECT   0xE8
#define JMP_DIRECT    0xE9
#define DIRECT_SIZE   5

/* One instruction of each length that does nothing. SDM vol 2, "NOP". */
static const u8 nops[PV_SITE_MAX + 1][PV_SITE_MAX] = {
    {0},
    {0x90},
    {0x66, 0x90},
    {0x0F, 0x1F, 0x00},
    {0x0F, 0x1F, 0x40, 0x00},
    {0x0F, 0x1F, 0x44, 0x00, 0x00},
    {0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00},
    {0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00},
    {0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

static bool is_jump(const struct pv_site *site) {
    return strcmp(pv_op_list[site->op].kind, "JMP") == 0;
}

static va_t slot_of(u32 op) { return (va_t)(uintptr_t)&pv_ops + op * sizeof(va_t); }

/* What the assembler put there. A jump may run with the program's DS: it reads through CS. */
void pv_compose_indirect(const struct pv_site *site, u8 *bytes) {
    u16 opcode = is_jump(site) ? JMP_INDIRECT : CALL_INDIRECT;
    va_t slot = slot_of(site->op);
    u32 at = 0;

    if (is_jump(site)) bytes[at++] = CS_PREFIX;
    memcpy(bytes + at, &opcode, sizeof opcode);
    memcpy(bytes + at + sizeof opcode, &slot, sizeof slot);
    at += sizeof opcode + sizeof slot;
    memcpy(bytes + at, nops[site->length - at], site->length - at);
}

static void compose_inline(struct pv_site *site, const struct pv_inline *code, u8 *bytes) {
    u32 rest = site->length - code->length;

    site->how = PV_SITE_INLINE;
    site->used = (u8)code->length;
    memcpy(bytes, code->body, code->length);
    memcpy(bytes + code->length, nops[rest], rest);
}

/* A segment prefix means nothing to a call or a jump, but makes it longer: no NOP to execute. */
void pv_compose_direct(struct pv_site *site, const u8 *target, enum pv_site_how how, u8 *bytes) {
    u32 distance = (u32)((uintptr_t)target - (uintptr_t)site->address - site->length);
    u32 prefixes = site->length - DIRECT_SIZE;

    site->how = how;
    site->used = site->length;
    memset(bytes, CS_PREFIX, prefixes);
    bytes[prefixes] = is_jump(site) ? JMP_DIRECT : CALL_DIRECT;
    memcpy(bytes + prefixes + 1, &distance, sizeof distance);
}

/* The instructions of the body in force, if they may be copied and fit into `room` bytes. */
static const struct pv_inline *find_inline(u32 op, u32 room) {
    for (const struct pv_inline *code = pv_inlines; code < pv_inlines_end; code++)
        if (code->body == pv_body(op) && code->length <= room) return code;
    return NULL;
}

static void compose(struct pv_site *site, enum pv_patch_mode mode, u8 *bytes) {
    const struct pv_inline *code = find_inline(site->op, site->length);

    if (mode == PV_PATCH_COUNT)
        pv_compose_direct(site, pv_count_thunks[site->op], PV_SITE_COUNT, bytes);
    else if (mode == PV_PATCH_POISON)
        pv_compose_direct(site, pv_poison_thunks[site->op], PV_SITE_POISON, bytes);
    else if (code)
        compose_inline(site, code, bytes);
    else
        pv_compose_direct(site, pv_body(site->op), is_jump(site) ? PV_SITE_JUMP : PV_SITE_CALL,
                          bytes);
}

/* A site that does not hold what the assembler was told to put there is not ours to change. */
static void check(const struct pv_site *site) {
    u8 expected[PV_SITE_MAX];

    if (site->op < PV_OPS && site->length >= DIRECT_SIZE && site->length <= PV_SITE_MAX) {
        pv_compose_indirect(site, expected);
        if (memcmp(site->address, expected, site->length) == 0) return;
    }
    panic("pvops: the site at %08x (op %u, %u bytes) is not an indirect call",
          (u32)(uintptr_t)site->address, site->op, site->length);
}

u32 pv_patch_all(enum pv_patch_mode mode) {
    u8 bytes[PV_SITE_MAX];

    if (mode == PV_PATCH_OFF) return 0;
    for (struct pv_site *site = pv_sites; site < pv_sites_end; site++) {
        check(site);
        compose(site, mode, bytes);
        memcpy(site->address, bytes, site->length);
    }
    return (u32)(pv_sites_end - pv_sites);
}
