/* SPDX-License-Identifier: MIT
 * kernel/console.c: text for people: whole lines in, anything out.
 *
 * Runs:  console_interrupt in the interrupt, and once at boot, interrupts off; the rest in process
 *        context.
 * Gives: a line to edit (backspace, Ctrl-U) before a program sees it; Ctrl-D ends what is
 *        typed: the read that finds it alone gets the end of the file; Ctrl-C ends who reads.
 */
#include "kernel/kernel.h"

#define CONTROL(letter) ((letter)&0x1F)
#define DELETE          0x7F
#define INPUT_SIZE      1024 /* a power of two: positions run on for ever */

static struct {
    char text[INPUT_SIZE];
    u32 read;  /* programs have had what lies before */
    u32 lines; /* complete lines lie before */
    u32 edit;  /* the line being typed lies before */
    struct list readers;
} input = {.readers = {&input.readers, &input.readers}};

static char *at(u32 position) { return &input.text[position % INPUT_SIZE]; }

static void echo(const char *text) { console_write(text, strlen(text)); }

static void erase(void) {
    if (input.edit == input.lines) return;
    input.edit--;
    echo("\b \b");
}

/* The last two places are kept for the end of the line. */
static void append(char c) {
    bool ends = c == '\n' || c == CONTROL('D');
    char text[] = {c, '\0'};

    if (input.edit - input.read >= INPUT_SIZE - (ends ? 1 : 2)) return;
    *at(input.edit++) = c;
    if (c != CONTROL('D')) echo(text);
    if (!ends) return;
    input.lines = input.edit;
    wake_all(&input.readers);
    need_work = 1;
}

static void type(char c) {
    switch (c) {
    case CONTROL('C'):
        input.edit = input.lines;
        echo("^C\n");
        proc_interrupt_console();
        break;
    case CONTROL('U'):
        while (input.edit != input.lines) erase();
        break;
    case '\b':
    case DELETE: erase(); break;
    case '\r': append('\n'); break;
    default:
        if ((u8)c >= ' ' || c == '\n' || c == '\t' || c == CONTROL('D')) append(c);
    }
}

void console_interrupt(void) {
    u32 c;

    while ((c = console_read()) != CONSOLE_EMPTY) type((char)c);
}

void console_init(void) {
    irq_unmask(IRQ_SERIAL);
    irq_unmask(IRQ_KEYBOARD);
    console_interrupt(); /* for what was typed before */
}

/* Moves up to the end of a line into `line`. Ctrl-D behind other text ends this read; the next one
 * finds it alone. Interrupts off. */
static u32 take(char *line, u32 size) {
    u32 count = 0;
    char c = '\0';

    while (count < size && input.read != input.lines && c != '\n') {
        c = *at(input.read);
        if (c == CONTROL('D') && count > 0) break;
        input.read++;
        if (c == CONTROL('D')) break;
        line[count++] = c;
    }
    return count;
}

/* One line, or as much of it as fits. 0: the end of the file. */
int console_read_line(va_t buffer, u32 length) {
    char line[128];
    u32 count;
    int error = 0;

    irq_disable();
    while (length && input.read == input.lines && !error) error = wait_on_locked(&input.readers);
    count = error ? 0 : take(line, length < sizeof line ? length : sizeof line);
    irq_enable();
    if (error) return error;
    return copy_to_user(buffer, line, count) == 0 ? (int)count : -EFAULT;
}

/* Not more than a page of it: others want to run, and a kill must be noticed. */
int console_print(va_t buffer, u32 length) {
    char text[128];
    u32 done = 0;

    if (length > PAGE_SIZE) length = PAGE_SIZE;
    while (done < length) {
        u32 count = length - done < sizeof text ? length - done : sizeof text;

        if (copy_from_user(text, buffer + done, count) != 0) return -EFAULT;
        console_write(text, count);
        done += count;
    }
    return (int)done;
}
