/* SPDX-License-Identifier: MIT
 * tests/unit/pv.h: declares our string and format functions as pv_*, beside the host's own.
 *
 * Needs: to be included behind the host's headers.
 */
#ifndef TESTS_UNIT_PV_H
#define TESTS_UNIT_PV_H

#include "tests/unit/rename.h"
#include "lib/format.h"
#include "lib/string.h"
#include "user/lib/snprintf.h"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strlcpy
#undef vsnprintf
#undef snprintf

#endif
