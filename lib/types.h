/* SPDX-License-Identifier: MIT
 * lib/types.h: the few types that everything in the tree is written in.
 *
 * Runs:  anywhere: kernel, hypervisor, programs, host tests.
 * Needs: a compiler with the freestanding headers.
 * Gives: fixed-width integers, and an address type for each kind of address.
 */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

typedef u32 va_t;  /* a linear ("virtual") address */
typedef u64 pa_t;  /* a physical address; pseudo-physical where a hypervisor moves us */
typedef u64 pte_t; /* an entry of any page-table level, PAE format */

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(x, a) (((x) + (a)-1) & ~((a)-1))
#define PAGE_SHIFT     12
#define PAGE_SIZE      4096u
#define PAGE_MASK      (PAGE_SIZE - 1)

/* For functions in assembly that look for their arguments on the stack. */
#define STACK_ARGS __attribute__((regparm(0)))

#define NORETURN               __attribute__((noreturn))
#define PAGE_ALIGNED           __attribute__((aligned(4096)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#endif
