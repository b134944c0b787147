/* SPDX-License-Identifier: MIT
 * user/sh/jobs.c: keeps the list of commands in the background.
 *
 * Gives: what ends while another is waited for is noted: so the shell always waits for any child,
 *        here and in run.c, and never for a particular one.
 */
#include "user/sh/jobs.h"

#define JOBS_MAX 16

static struct job {
    i32 pid; /* 0: free */
    bool ended;
    i32 status;
    char name[NAME_MAX + 1];
} jobs[JOBS_MAX];

static struct job *find_job(i32 pid) {
    for (u32 i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].pid == pid) return &jobs[i];
    }
    return NULL;
}

bool job_possible(void) {
    if (find_job(0) == NULL) jobs_report();
    return find_job(0) != NULL;
}

void job_started(i32 pid, const char *name) {
    struct job *job = find_job(0);

    job->pid = pid;
    job->ended = false;
    strlcpy(job->name, name, sizeof(job->name));
    printf("[%d]\n", pid);
}

void job_ended(i32 pid, i32 status) {
    struct job *job = find_job(pid);

    if (job != NULL) {
        job->ended = true;
        job->status = status;
    }
}

const char *status_phrase(i32 status) {
    switch (status) {
    case STATUS_KILLED: return "killed";
    case STATUS_MEMORY: return "used an address that is not its own";
    case STATUS_OPCODE: return "used an instruction that it may not";
    case STATUS_DIVIDE: return "divided by zero or overflowed";
    case STATUS_DEBUG: return "ran into a breakpoint or debug trap";
    default: return "ended by the kernel";
    }
}

static void report(const struct job *job) {
    if (job->status > 127)
        printf("[%d] %s: %s (%d)\n", job->pid, job->name, status_phrase(job->status), job->status);
    else if (job->status != 0)
        printf("[%d] %s: exit status %d\n", job->pid, job->name, job->status);
    else
        printf("[%d] %s: done\n", job->pid, job->name);
}

void jobs_report(void) {
    i32 pid, status;

    while ((pid = wait(-1, &status, WAIT_NOHANG)) > 0) job_ended(pid, status);
    for (u32 i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].pid != 0 && jobs[i].ended) {
            report(&jobs[i]);
            jobs[i].pid = 0;
        }
    }
}

static bool jobs_running(void) {
    for (u32 i = 0; i < JOBS_MAX; i++) {
        if (jobs[i].pid != 0 && !jobs[i].ended) return true;
    }
    return false;
}

void jobs_wait(void) {
    i32 pid, status;

    while (jobs_running() && (pid = wait(-1, &status, 0)) > 0) job_ended(pid, status);
    jobs_report();
}
