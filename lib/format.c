/* SPDX-License-Identifier: MIT
 * lib/format.c: the printf core. The contracts are in lib/format.h.
 */
#include "lib/format.h"
#include "lib/string.h"

#define DIGITS_MAX 20 /* of a u64 in decimal */

static const char spaces[] = "                ", zeros[] = "0000000000000000";

struct output {
    format_sink sink;
    void *context;
    size_t total; /* characters sent */
    va_list args; /* those not yet taken */
};

/* What stands between the % and the conversion letter. */
struct directive {
    bool left, zero;
    int width;
    int precision; /* -1: none */
    int longs;     /* the number of `l` */
};

_Static_assert(sizeof(size_t) == sizeof(long), "so that `z` can be taken for one `l`");

static void
put(struct output *out, const char *text, size_t length)
{
    if (length > 0)
        out->sink(out->context, text, length);
    out->total += length;
}

/* Puts `count` characters of spaces[] or zeros[]; nothing if count is negative. */
static void
pad(struct output *out, const char run[17], int count)
{
    for (; count > 0; count -= 16)
        put(out, run, count < 16 ? (size_t)count : 16);
}

/* Puts prefix, zeros and text, and spaces up to the width on the side away from them. */
static void
put_field(struct output *out, const struct directive *d, const char *prefix, int zero_count,
          const char *text, int length)
{
    int prefix_length = (int)strlen(prefix);
    int fill = d->width - prefix_length - zero_count - length;

    if (!d->left)
        pad(out, spaces, fill);
    put(out, prefix, (size_t)prefix_length);
    pad(out, zeros, zero_count);
    put(out, text, (size_t)length);
    if (d->left)
        pad(out, spaces, fill);
}

/* Puts `value` as %d, %u, %x or %X does; for %d, the caller takes the sign off and makes it the
 * prefix. The precision is the least number of digits; a 0 with precision 0 has none. Without it,
 * the `0` flag asks for as many as the width has room for, unless `-` overrules it. */
static void
put_integer(struct output *out, const struct directive *d, const char *prefix, u64 value,
            char letter)
{
    const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = letter == 'x' || letter == 'X' ? 16 : 10;
    char text[DIGITS_MAX], *first = text + DIGITS_MAX;
    int wanted = d->precision;

    if (wanted < 0 && d->zero && !d->left)
        wanted = d->width - (int)strlen(prefix);
    if (value == 0 && d->precision != 0)
        *--first = '0';
    for (; value != 0; value /= base)
        *--first = digits[value % base];

    int length = (int)(text + DIGITS_MAX - first);

    put_field(out, d, prefix, wanted > length ? wanted - length : 0, first, length);
}

/* Does not look behind the precision: there may be no final zero. */
static void
put_string(struct output *out, const struct directive *d, const char *text)
{
    int length = 0;

    if (text == NULL)
        text = "(null)";
    while (length != d->precision && text[length] != '\0')
        length++;
    put_field(out, d, "", 0, text, length);
}

static u64
take_integer(struct output *out, int longs, bool is_signed)
{
    if (longs == 2)
        return va_arg(out->args, u64);
    if (longs == 1)
        return is_signed ? (u64)va_arg(out->args, long) : va_arg(out->args, unsigned long);
    return is_signed ? (u64)va_arg(out->args, int) : va_arg(out->args, unsigned);
}

/* Reads digits (none is 0) or a `*`; moves *format behind them. */
static int
read_number(struct output *out, const char **format)
{
    int number = 0;

    if (**format == '*') {
        (*format)++;
        return va_arg(out->args, int);
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        number = number * 10 + (**format - '0');
    return number;
}

/* Reads what follows a %. Returns where the conversion letter should be. */
static const char *
read_directive(struct output *out, const char *format, struct directive *d)
{
    *d = (struct directive){.precision = -1};
    for (; *format == '-' || *format == '0'; format++)
        *(*format == '-' ? &d->left : &d->zero) = true;
    d->width = read_number(out, &format);
    if (d->width < 0) {
        d->left = true;
        d->width = -d->width;
    }
    if (*format == '.') {
        format++;
        d->precision = read_number(out, &format);
    }
    for (; (*format == 'l' && d->longs < 2) || (*format == 'z' && d->longs < 1); format++)
        d->longs++;
    return format;
}

/* Returns false, with nothing put, for a letter that it does not know. */
static bool
convert(struct output *out, struct directive *d, char letter)
{
    u64 value;
    char character;

    switch (letter) {
    case 'd':
    case 'i':
        value = take_integer(out, d->longs, true);
        if ((i64)value < 0)
            put_integer(out, d, "-", -value, 'd');
        else
            put_integer(out, d, "", value, 'd');
        return true;
    case 'u':
    case 'x':
    case 'X':
        put_integer(out, d, "", take_integer(out, d->longs, false), letter);
        return true;
    case 'p':
        d->precision = 2 * sizeof(void *);
        put_integer(out, d, "0x", (uintptr_t)va_arg(out->args, void *), 'x');
        return true;
    case 'c':
        character = (char)va_arg(out->args, int);
        put_field(out, d, "", 0, &character, 1);
        return true;
    case 's':
        put_string(out, d, va_arg(out->args, const char *));
        return true;
    case '%':
        put(out, "%", 1);
        return true;
    default:
        return false;
    }
}

size_t
vformat(format_sink sink, void *context, const char *format, va_list args)
{
    struct output out = {.sink = sink, .context = context};
    struct directive directive;

    va_copy(out.args, args);
    while (*format != '\0') {
        const char *start = format;

        if (*start == '%') {
            format = read_directive(&out, start + 1, &directive);
            if (convert(&out, &directive, *format)) {
                format++;
                continue;
            }
        }
        while (*format != '\0' && *format != '%')
            format++;
        put(&out, start, (size_t)(format - start));
    }
    va_end(out.args);
    return out.total;
}

struct buffer {
    char *next;
    size_t room; /* without the final zero */
};

static void
buffer_sink(void *context, const char *text, size_t length)
{
    struct buffer *buffer = context;
    size_t copied = length < buffer->room ? length : buffer->room;

    if (copied == 0)
        return; /* the buffer may be NULL */
    memcpy(buffer->next, text, copied);
    buffer->next += copied;
    buffer->room -= copied;
}

int
vsnprintf(char *text, size_t size, const char *format, va_list args)
{
    struct buffer buffer = {.next = text, .room = size > 0 ? size - 1 : 0};
    size_t length = vformat(buffer_sink, &buffer, format, args);

    if (size > 0)
        *buffer.next = '\0';
    return (int)length;
}

int
snprintf(char *text, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, size, format, args);
    va_end(args);
    return length;
}
