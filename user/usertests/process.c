/* SPDX-License-Identifier: MIT
 * user/usertests/process.c: fork, exit, wait, kill, getpid, yield, procinfo, unknown calls.
 */
#include "user/usertests/test.h"

#define INIT_PID    1
#define NO_SUCH_PID 0x7FFFFFFF

static void return_at_once(void) {}

static void spin(void) {
    for (;;) asm volatile("");
}

static void yield_forever(void) {
    for (;;) yield();
}

static void sleep_long(void) { sleep(UINT32_MAX); }

/* --- fork, exit and wait ------------------------------------------------------------------- */

static void fork_values(void) {
    struct procinfo info;
    i32 parent = getpid();
    i32 pid = fork_child();

    if (pid == 0) {
        CHECK(getpid() != parent);
        CHECK_EQ(procinfo(getpid(), &info), 0);
        CHECK_EQ(info.pid, getpid());
        CHECK_EQ(info.parent, parent);
        exit(0);
    }
    CHECK(pid != parent);
    CHECK_EQ(getpid(), parent);
    CHECK_EQ(status_of(pid), 0);
}

/* Each child has one of its own, each with a status one higher than its child's. */
static void fork_generations(void) {
    enum { GENERATIONS = 8 };
    i32 pid = 0;
    i32 generation = 0;

    while (pid == 0 && generation < GENERATIONS) {
        pid = fork_child();
        generation++;
    }
    if (pid == 0) exit(1);
    CHECK_EQ(status_of(pid), GENERATIONS - generation + 1);
    if (generation > 1) exit(GENERATIONS - generation + 2);
}

/* Every process forks once at each level that is left, and writes a byte. */
static void fork_tree(void) {
    enum { LEVELS = 5, PROCESSES = 1 << LEVELS };
    i32 root = getpid();
    u32 children = 0;
    i32 count = 0;
    i32 fds[2];
    char byte;

    make_pipe(fds);
    for (u32 level = 0; level < LEVELS; level++) children = fork_child() == 0 ? 0 : children + 1;
    tell(fds[1]);
    CHECK_EQ(close(fds[1]), 0);
    if (getpid() == root) {
        while (read(fds[0], &byte, 1) == 1) count++;
        CHECK_EQ(count, PROCESSES);
    }
    all_end_well(children);
}

static void exit_status(void) {
    static const i32 statuses[] = {0, 1, 2, 42, 127};

    for (u32 i = 0; i < ARRAY_SIZE(statuses); i++) {
        i32 pid = fork_child();

        if (pid == 0) exit(statuses[i]);
        CHECK_EQ(status_of(pid), statuses[i]);
    }
}

/* Of a status, eight bits are kept. */
static void exit_status_is_a_byte(void) {
    i32 pid = fork_child();

    if (pid == 0) exit(0x1234500 + 42);
    CHECK_EQ(status_of(pid), 42);
}

static void wait_any(void) {
    enum { CHILDREN = 5, FIRST_STATUS = 10 };
    i32 pids[CHILDREN];
    i32 status;

    for (i32 i = 0; i < CHILDREN; i++) {
        pids[i] = fork_child();
        if (pids[i] == 0) exit(FIRST_STATUS + i);
    }
    for (i32 i = 0; i < CHILDREN; i++) {
        i32 pid = wait(-1, &status, 0);

        CHECK(status >= FIRST_STATUS && status < FIRST_STATUS + CHILDREN);
        CHECK_EQ(pid, pids[status - FIRST_STATUS]);
        pids[status - FIRST_STATUS] = 0; /* not a second time */
    }
    CHECK_EQ(wait(-1, &status, 0), -ECHILD);
}

static void wait_particular(void) {
    i32 sleeper = start(sleep_long);
    i32 first = start(return_at_once);
    i32 second = start(return_at_once);
    i32 status;

    CHECK_EQ(wait(second, &status, 0), second);
    CHECK_EQ(wait(first, &status, 0), first);
    CHECK_EQ(wait(first, &status, 0), -ECHILD);
    end_child(sleeper);
}

static void wait_without_blocking(void) {
    i32 pid = start(sleep_long);
    i32 status;

    CHECK_EQ(wait(-1, &status, WAIT_NOHANG), 0);
    CHECK_EQ(wait(pid, &status, WAIT_NOHANG), 0);
    CHECK_EQ(kill(pid), 0);
    CHECK_EQ(wait(pid, &status, 0), pid);
    CHECK_EQ(status, STATUS_KILLED);
    CHECK_EQ(wait(-1, &status, WAIT_NOHANG), -ECHILD);
    CHECK_EQ(wait(-1, &status, WAIT_NOHANG << 1), -EINVAL);
}

static void wait_without_status(void) {
    i32 pid = start(return_at_once);

    CHECK_EQ(wait(pid, NULL, 0), pid);
    CHECK_EQ(wait(pid, NULL, 0), -ECHILD);
}

static void wait_for_others(void) {
    i32 status;
    i32 pid = start(sleep_long);

    CHECK_EQ(wait(INIT_PID, &status, 0), -ECHILD);
    CHECK_EQ(wait(getpid(), &status, 0), -ECHILD);
    CHECK_EQ(wait(NO_SUCH_PID, &status, 0), -ECHILD);
    end_child(pid);
    CHECK_EQ(wait(pid, &status, 0), -ECHILD);
}

/* The grandchild lives on when its parent ends, and is nobody's child. */
static void orphans(void) {
    i32 go[2], done[2];
    i32 pid, status;

    make_pipe(go);
    make_pipe(done);
    pid = fork_child();
    if (pid == 0) {
        struct procinfo info;

        if (fork_child() != 0) exit(0);
        await(go[0]);
        CHECK_EQ(procinfo(getpid(), &info), 0);
        CHECK_EQ(info.parent, 0);
        tell(done[1]);
        exit(0);
    }
    CHECK_EQ(status_of(pid), 0);
    CHECK_EQ(wait(-1, &status, 0), -ECHILD);
    tell(go[1]);
    await(done[0]);
}

/* --- kill ---------------------------------------------------------------------------------- */

static void kill_running(void) {
    end_child(start(spin));
    end_child(start(yield_forever));
}

static void kill_sleeping(void) {
    i32 pid = start(sleep_long);

    until_blocked(pid);
    end_child(pid);
}

static void block_in_read(void) {
    i32 fds[2];

    make_pipe(fds);
    await(fds[0]);
}

static void block_in_write(void) {
    static char buffer[PIPE_SIZE + 1];
    i32 fds[2];

    make_pipe(fds);
    write(fds[1], buffer, sizeof(buffer));
}

/* Its own child goes on, as an orphan, until the pipe's end tells it. */
static void block_in_wait(void) {
    i32 fds[2];
    i32 pid, status;
    char byte;

    make_pipe(fds);
    pid = fork_child();
    close(fds[pid == 0 ? 1 : 0]);
    if (pid == 0) exit(read(fds[0], &byte, 1));
    wait(pid, &status, 0);
}

static void kill_blocked(void) {
    static void (*const ways[])(void) = {block_in_read, block_in_write, block_in_wait};

    for (u32 i = 0; i < ARRAY_SIZE(ways); i++) {
        i32 pid = start(ways[i]);

        until_blocked(pid);
        end_child(pid);
    }
}

static void kill_self(void) {
    i32 pid = fork_child();

    if (pid == 0) {
        kill(getpid());
        exit(0);
    }
    CHECK_EQ(status_of(pid), STATUS_KILLED);
}

static void kill_errors(void) {
    CHECK_EQ(kill(NO_SUCH_PID), -ESRCH);
    CHECK_EQ(kill(0), -ESRCH);
    CHECK_EQ(kill(-1), -ESRCH);
    CHECK_EQ(kill(INIT_PID), -EPERM);
}

/* --- the rest ------------------------------------------------------------------------------ */

static void procinfo_lists_all(void) {
    struct procinfo info;
    bool me = false;
    i32 last = 0;

    CHECK_EQ(procinfo(0, &info), 0);
    CHECK_EQ(info.pid, INIT_PID);
    for (i32 next = 0; procinfo(next, &info) == 0; next = last + 1) {
        CHECK((i32)info.pid > last);
        last = (i32)info.pid;
        if (last == getpid()) {
            CHECK_EQ(info.state, PROC_RUNNING);
            CHECK(strcmp(info.name, "usertests") == 0);
            CHECK(info.pages > 0);
            me = true;
        }
    }
    CHECK(me);
    CHECK_EQ(procinfo(last + 1, &info), -ESRCH);
    CHECK_EQ(procinfo(NO_SUCH_PID, &info), -ESRCH);
}

static void zombie(void) {
    struct procinfo info;
    i32 pid = start(return_at_once);
    u64 start_ns = uptime_ns();

    do {
        yield();
        check_patience(start_ns);
        CHECK_EQ(procinfo(pid, &info), 0);
        CHECK_EQ(info.pid, pid);
    } while (info.state != PROC_ZOMBIE);
    CHECK_EQ(kill(pid), -ESRCH);
    CHECK_EQ(status_of(pid), 0);
    CHECK(procinfo(pid, &info) == -ESRCH || (i32)info.pid != pid);
    CHECK_EQ(kill(pid), -ESRCH);
}

static void yield_returns(void) { CHECK_EQ(yield(), 0); }

static void unknown_calls(void) {
    static const u32 numbers[] = {SYS_COUNT, SYS_COUNT + 1, 0x100,      0x10000,
                                  INT32_MAX, 0x80000000,    0xFFFFFFFF, -SYS_COUNT};

    for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) CHECK_EQ(syscall3(numbers[i], 0, 0, 0), -ENOSYS);
}

/* With arguments that do something, these two would end everything. */
static void power_and_crash_errors(void) {
    CHECK_EQ(power(POWER_REBOOT + 1, 0), -EINVAL);
    CHECK_EQ(power(UINT32_MAX, 0), -EINVAL);
    CHECK_EQ(crash(CRASH_DF + 1), -EINVAL);
    CHECK_EQ(crash(UINT32_MAX), -EINVAL);
}

static const struct test tests[] = {
    {"fork-values", fork_values},
    {"fork-generations", fork_generations},
    {"fork-tree", fork_tree},
    {"exit-status", exit_status},
    {"exit-status-is-a-byte", exit_status_is_a_byte},
    {"wait-any", wait_any},
    {"wait-particular", wait_particular},
    {"wait-without-blocking", wait_without_blocking},
    {"wait-without-status", wait_without_status},
    {"wait-for-others", wait_for_others},
    {"orphans", orphans},
    {"kill-running", kill_running},
    {"kill-sleeping", kill_sleeping},
    {"kill-blocked", kill_blocked},
    {"kill-self", kill_self},
    {"kill-errors", kill_errors},
    {"procinfo-lists-all", procinfo_lists_all},
    {"zombie", zombie},
    {"yield-returns", yield_returns},
    {"unknown-calls", unknown_calls},
    {"power-and-crash-errors", power_and_crash_errors},
};

SUITE(process, tests);
