/* SPDX-License-Identifier: MIT
 * user/memstat.c: where the memory of the machine is.
 */
#include "user/lib/user.h"

static void print(const char *label, u32 pages) {
    printf("%-8s %8u %8u\n", label, pages, pages * (PAGE_SIZE / 1024));
}

int main(int argc, char **argv) {
    struct meminfo info;
    i32 result;

    (void)argv;
    if (argc != 1) usage("memstat");
    result = meminfo(&info);
    if (result < 0) fail("%s", error_name(result));
    printf("%-8s %8s %8s\n", "", "PAGES", "KIB");
    print("free", info.free_pages);
    print("used", info.total_pages - info.free_pages);
    print(" shared", info.shared_pages); /* a part of those in use */
    print("kernel", info.kernel_pages);
    print("initrd", info.initrd_pages);
    print("total", info.total_pages + info.kernel_pages + info.initrd_pages);
    return 0;
}
