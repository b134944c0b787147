/* SPDX-License-Identifier: MIT
 * user/sh/jobs.h: the commands in the background, and what an exit status means.
 */
#ifndef USER_SH_JOBS_H
#define USER_SH_JOBS_H

#include "user/lib/user.h"

/* Is there room for one more? Reports those that have ended, if there would be none. */
bool job_possible(void);

/* Remembers a command of which `pid` is the last process. Needs: job_possible. */
void job_started(i32 pid, const char *name);

/* Notes that a child has ended. One that is no job is of no interest. */
void job_ended(i32 pid, i32 status);

/* Reports the jobs that have ended, and forgets them. */
void jobs_report(void);

/* Waits until all have ended, and reports. */
void jobs_wait(void);

/* Why the kernel ended a process: for a status above 127. */
const char *status_phrase(i32 status);

#endif
