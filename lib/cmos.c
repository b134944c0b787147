/* SPDX-License-Identifier: MIT
 * lib/cmos.c: the MC146818 clock of a PC, which is taken to be UTC.
 *
 * Source: Motorola MC146818 data sheet; register 32h (century) is common PC practice.
 */
#include "lib/cmos.h"
#include "lib/pc.h"
#include "lib/string.h"

#define REG_A        0x0A
#define UPDATING     0x80
#define REG_B        0x0B
#define BINARY       0x04 /* else BCD */
#define HOURS_24     0x02 /* else 12, with PM in bit 7 */
#define REG_CENTURY  0x32
#define UPDATE_LOOPS 100000 /* an update takes 2 ms at most; a port read about 1 us */

struct date {
    u32 second, minute, hour, day, month, year;
};

static u32 from_bcd(u32 value) { return (value >> 4) * 10 + (value & 15); }

static u32 read(u32 (*in)(u32), void (*out)(u32, u32), u32 reg) {
    out(reg, CMOS_INDEX);
    return in(CMOS_DATA);
}

static void read_date(u32 (*in)(u32), void (*out)(u32, u32), struct date *date) {
    static const u8 registers[] = {0, 2, 4, 7, 8, 9};
    u32 *fields = &date->second;
    u32 mode = read(in, out, REG_B), century = read(in, out, REG_CENTURY);
    bool pm;

    for (u32 loops = 0; loops < UPDATE_LOOPS && read(in, out, REG_A) & UPDATING; loops++) continue;
    for (u32 i = 0; i < ARRAY_SIZE(registers); i++) fields[i] = read(in, out, registers[i]);
    pm = !(mode & HOURS_24) && date->hour & 0x80;
    date->hour &= 0x7F;
    if (!(mode & BINARY)) {
        for (u32 i = 0; i < ARRAY_SIZE(registers); i++) fields[i] = from_bcd(fields[i]);
        century = from_bcd(century);
    }
    if (!(mode & HOURS_24)) date->hour = date->hour % 12 + (pm ? 12 : 0);
    date->year += century >= 19 && century <= 21 ? century * 100 : 2000;
}

/* Days since 1970-01-01, counted with years that begin in March: the leap day comes last. */
static u32 days(u32 year, u32 month, u32 day) {
    u32 m = (month + 9) % 12;
    u32 y = year - (month <= 2);

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719468;
}

/* The clock may tick between two of its registers: read until two readings agree. */
u64 cmos_seconds(u32 (*in)(u32), void (*out)(u32, u32)) {
    struct date date, again = {0};

    do {
        date = again;
        read_date(in, out, &again);
    } while (memcmp(&date, &again, sizeof date) != 0);
    return ((u64)days(date.year, date.month, date.day) * 24 + date.hour) * 3600 + date.minute * 60 +
           date.second;
}
