/* SPDX-License-Identifier: MIT
 * user/uptime.c: how long the machine is up, what a hypervisor took of that, and the date.
 */
#include "user/lib/user.h"

#define NS_PER_MS  1000000u
#define MS_PER_S   1000u
#define S_PER_HOUR 3600u
#define S_PER_DAY  86400u

struct date {
    u32 year, month, day; /* month and day from 1 */
};

static bool is_leap_year(u32 year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static u32 days_in_month(u32 year, u32 month) {
    static const u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap_year(year));
}

/* The Gregorian date so many days after 1970-01-01. */
static struct date date_of_day(u32 days) {
    struct date date = {1970, 1, 1};

    while (days >= 365u + is_leap_year(date.year)) days -= 365u + is_leap_year(date.year++);
    while (days >= days_in_month(date.year, date.month))
        days -= days_in_month(date.year, date.month++);
    date.day += days;
    return date;
}

static void print_duration(const char *label, u64 ns) {
    u32 ms = (u32)(ns / NS_PER_MS); /* enough for 49 days */
    u32 s = ms / MS_PER_S;

    printf("%-9s %u:%02u:%02u.%03u\n", label, s / S_PER_HOUR, s / 60 % 60, s % 60, ms % MS_PER_S);
}

static void print_wall_clock(u64 wall_s) {
    struct date date = date_of_day((u32)(wall_s / S_PER_DAY));
    u32 s = (u32)(wall_s % S_PER_DAY);

    printf("%-9s %04u-%02u-%02u %02u:%02u:%02u UTC\n", "date", date.year, date.month, date.day,
           s / S_PER_HOUR, s / 60 % 60, s % 60);
}

int main(int argc, char **argv) {
    struct clockinfo info;
    i32 result;

    (void)argv;
    if (argc != 1) usage("uptime");
    result = clock(&info);
    if (result < 0) fail("%s", error_name(result));
    print_duration("up", info.uptime_ns);
    print_duration("stolen", info.stolen_ns);
    print_wall_clock(info.wall_s);
    printf("%-9s %u, one each %u us\n", "ticks", info.ticks, info.tick_ns / 1000);
    return 0;
}
