/* SPDX-License-Identifier: MIT
 * lib/list.h: doubly linked lists whose nodes are members of what they link.
 *
 * Runs:  anywhere. No locks: in the kernel, with interrupts off if a handler uses the list.
 * Needs: list_init before the first use of a head, and of a node that may be removed unlinked.
 * Gives: a ring that the head closes. An empty head, like a node on no list, points at itself.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
    struct list *next, *prev;
};

/* The structure of type `type` whose member `member` is *pointer. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Declares `node` and goes through the list; the body may not remove it. */
#define list_for_each(node, head) \
    for (struct list *node = (head)->next; node != (head); node = node->next)

static inline void list_init(struct list *node) { node->next = node->prev = node; }

static inline bool list_empty(const struct list *head) { return head->next == head; }

/* Links `node`, which must be on no list, before `place`: on a head, as the last;
 * on its `next`, as the first. */
static inline void list_add_tail(struct list *node, struct list *place) {
    node->next = place;
    node->prev = place->prev;
    place->prev->next = node;
    place->prev = node;
}

/* Takes `node` off its list. A node on no list stays so: removing twice does no harm. */
static inline void list_remove(struct list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node. Needs: there is one. */
static inline struct list *list_first(const struct list *head) { return head->next; }

#endif
