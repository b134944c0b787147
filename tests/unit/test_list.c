/* SPDX-License-Identifier: MIT
 * tests/unit/test_list.c: lib/list.h, last of all against a plain array.
 */
#include "tests/unit/unit.h"
#include "lib/list.h"

struct item {
    char before; /* so that `node` is not at offset 0 */
    struct list node;
    int value;
};

/* Checks the list's values in both directions. */
static void assert_values(struct list *head, const int *values, size_t count) {
    size_t at = 0;

    list_for_each (node, head) {
        assert_true(at < count);
        assert_int_equal(container_of(node, struct item, node)->value, values[at++]);
        assert_ptr_equal(node->next->prev, node);
        assert_ptr_equal(node->prev->next, node);
    }
    assert_int_equal(at, count);
    assert_int_equal(list_empty(head), count == 0);
    if (count != 0)
        assert_int_equal(container_of(list_first(head), struct item, node)->value, values[0]);
}

static void test_empty(void **state) {
    struct list head;

    (void)state;
    list_init(&head);
    assert_values(&head, NULL, 0);
    list_for_each (node, &head) fail();
    list_remove(&head);
    assert_values(&head, NULL, 0);
}

static void test_both_ends(void **state) {
    struct item items[] = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 3}};
    struct list head;

    (void)state;
    list_init(&head);
    list_add_tail(&items[0].node, &head);
    assert_values(&head, (const int[]){0}, 1);
    list_add_tail(&items[1].node, &head);
    list_add_tail(&items[2].node, head.next);
    list_add_tail(&items[3].node, &head);
    assert_values(&head, (const int[]){2, 0, 1, 3}, 4);
}

static void test_before_and_behind_a_node(void **state) {
    struct item items[] = {{.value = 0}, {.value = 1}, {.value = 2}};
    struct list head;

    (void)state;
    list_init(&head);
    list_add_tail(&items[0].node, &head);
    list_add_tail(&items[1].node, &items[0].node);
    list_add_tail(&items[2].node, items[0].node.next);
    assert_values(&head, (const int[]){1, 0, 2}, 3);
}

static void test_remove(void **state) {
    struct item items[] = {{.value = 0}, {.value = 1}, {.value = 2}};
    struct list head;

    (void)state;
    list_init(&head);
    for (size_t at = 0; at < ARRAY_SIZE(items); at++) list_add_tail(&items[at].node, &head);
    list_remove(&items[1].node);
    assert_values(&head, (const int[]){0, 2}, 2);
    assert_true(list_empty(&items[1].node));
    list_remove(&items[1].node);
    assert_values(&head, (const int[]){0, 2}, 2);
    list_add_tail(&items[1].node, head.next);
    assert_values(&head, (const int[]){1, 0, 2}, 3);
}

/* A node may be freed once it is off its list. */
static void test_remove_and_free(void **state) {
    struct list head;

    (void)state;
    list_init(&head);
    for (int value = 0; value < 10; value++) {
        struct item *item = malloc(sizeof(*item));

        assert_non_null(item);
        item->value = value;
        list_add_tail(&item->node, &head);
    }
    for (int value = 0; value < 10; value++) {
        struct item *item = container_of(list_first(&head), struct item, node);

        assert_int_equal(item->value, value);
        list_remove(&item->node);
        free(item);
    }
    assert_values(&head, NULL, 0);
}

static void test_against_an_array(void **state) {
    struct item items[16];
    int model[16];
    size_t count = 0;
    struct list head;
    u64 seed = 7;

    (void)state;
    list_init(&head);
    for (int value = 0; value < 16; value++) {
        items[value].value = value;
        list_init(&items[value].node);
    }
    for (int step = 0; step < 20000; step++) {
        struct item *item = &items[random_below(&seed, 16)];
        bool at_head = next_random(&seed) & 1;

        if (!list_empty(&item->node)) {
            size_t at = 0;

            while (model[at] != item->value) at++;
            memmove(model + at, model + at + 1, (--count - at) * sizeof(*model));
            list_remove(&item->node);
        } else if (at_head) {
            memmove(model + 1, model, count++ * sizeof(*model));
            model[0] = item->value;
            list_add_tail(&item->node, head.next);
        } else {
            model[count++] = item->value;
            list_add_tail(&item->node, &head);
        }
        assert_values(&head, model, count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_both_ends),
        cmocka_unit_test(test_before_and_behind_a_node),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_remove_and_free),
        cmocka_unit_test(test_against_an_array),
    };

    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
