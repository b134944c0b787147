/* SPDX-License-Identifier: MIT
 * user/usertests/runner.h: what the runner tells the checks: whom they belong to.
 */
#ifndef USER_USERTESTS_RUNNER_H
#define USER_USERTESTS_RUNNER_H

/* "subject/test" */
extern char running_test[64];

#endif
