/* SPDX-License-Identifier: MIT
 * lib/format.c: the printf core. The contracts are in lib/format.h.
 */
#include "lib/format.h"

#define CHUNK      64 /* characters that the sink gets at once */
#define DIGITS_MAX 20 /* of a u64 in decimal */

struct output {
    format_sink sink;
    void *context;
    va_list args; /* those not yet taken */
    size_t total; /* characters put; the last total % CHUNK are still in `chunk` */
    char chunk[CHUNK];
    int width, precision; /* of the directive at hand: width < 0 for `-`, precision < 0 for none */
    bool zero, wide;      /* it has a `0`, it has an `ll` */
};

static void put(struct output *out, char character) {
    out->chunk[out->total++ % CHUNK] = character;
    if (out->total % CHUNK == 0) out->sink(out->context, out->chunk, CHUNK);
}

/* Puts `text` up to its zero or the precision, and spaces up to the width on one side of it. Does
 * not look behind the precision: there may be no zero. */
static void put_text(struct output *out, const char *text) {
    int length = 0;

    if (text == NULL) text = "(null)";
    while (length != out->precision && text[length] != '\0') length++;
    for (int fill = out->width - length; fill > 0; fill--) put(out, ' ');
    for (int at = 0; at < length; at++) put(out, text[at]);
    for (int fill = -out->width - length; fill > 0; fill--) put(out, ' ');
}

/* Puts the next argument as %d, %u or %x does. `0` asks for the digits that the width has room
 * for, beside the sign. */
static void put_number(struct output *out, char letter) {
    u64 value = out->wide ? va_arg(out->args, u64) : va_arg(out->args, u32);
    bool negative = letter == 'd' && value >> (out->wide ? 63 : 31) != 0;
    unsigned base = letter == 'x' ? 16 : 10;
    char text[1 + DIGITS_MAX + 1] = "", *end = text + 1 + DIGITS_MAX, *first = end;
    int wanted = out->zero ? out->width - negative : 1;

    if (negative) value = out->wide ? -value : -(u32)value;
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || (end - first < wanted && end - first < DIGITS_MAX));
    if (negative) *--first = '-';
    out->precision = -1; /* that is for strings */
    put_text(out, first);
}

/* Reads digits (none is 0) or a `*`. Returns what follows. */
static const char *read_number(struct output *out, const char *format, int *number) {
    if (*format == '*') {
        *number = va_arg(out->args, int);
        return format + 1;
    }
    for (*number = 0; *format >= '0' && *format <= '9'; format++)
        *number = *number * 10 + (*format - '0');
    return format;
}

/* Puts what the directive behind a % says, and returns what follows it. */
static const char *put_directive(struct output *out, const char *format) {
    bool left = *format == '-';
    const char *at = format + left;

    out->zero = *at == '0';
    at = read_number(out, at + out->zero, &out->width);
    out->width = left && out->width > 0 ? -out->width : out->width;
    out->precision = -1;
    if (*at == '.') at = read_number(out, at + 1, &out->precision);
    out->wide = at[0] == 'l' && at[1] == 'l';
    at += out->wide ? 2 : 0;
    if (*at == 'd' || *at == 'u' || *at == 'x') {
        put_number(out, *at);
    } else if (*at == 's') {
        put_text(out, va_arg(out->args, const char *));
    } else {
        put(out, '%');
        if (*at != '%') return format; /* unknown: the rest of it is text */
    }
    return at + 1;
}

size_t vformat(format_sink sink, void *context, const char *format, va_list args) {
    struct output out = {.sink = sink, .context = context};

    va_copy(out.args, args);
    while (*format != '\0')
        if (*format == '%')
            format = put_directive(&out, format + 1);
        else
            put(&out, *format++);
    va_end(out.args);
    if (out.total % CHUNK != 0) sink(context, out.chunk, out.total % CHUNK);
    return out.total;
}
