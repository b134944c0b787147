/* SPDX-License-Identifier: MIT
 * tests/unit/rename.h: gives our functions other names than the host's C library has.
 *
 * Runs:  included before lib/string.c, lib/format.c and user/lib/snprintf.c by the compiler's
 *        command line, and by pv.h around their headers.
 */
#define memcpy    pv_memcpy
#define memmove   pv_memmove
#define memset    pv_memset
#define memcmp    pv_memcmp
#define strlen    pv_strlen
#define strcmp    pv_strcmp
#define strncmp   pv_strncmp
#define strchr    pv_strchr
#define strlcpy   pv_strlcpy
#define vsnprintf pv_vsnprintf
#define snprintf  pv_snprintf
