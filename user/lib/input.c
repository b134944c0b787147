/* SPDX-License-Identifier: MIT
 * user/lib/input.c: lines and numbers, as people write them.
 */
#include "user/lib/user.h"

i32 read_line(i32 fd, char *line, u32 size) {
    u32 length = 0;
    char c;

    for (;;) {
        i32 n = read(fd, &c, 1);

        if (n < 0) return n;
        if (n == 0 && length == 0) return 0;
        if (n == 0 || c == '\n') break;
        if (length < size - 1) line[length] = c;
        length++;
    }
    if (length > size - 1) return -E2BIG;
    line[length] = '\0';
    return 1;
}

bool parse_number(const char *text, i32 *number) {
    u32 value = 0;

    if (*text == '\0') return false;
    for (; *text != '\0'; text++) {
        u32 digit = (u32)*text - '0';

        if (digit > 9 || value > (INT32_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *number = (i32)value;
    return true;
}
