/* SPDX-License-Identifier: MIT */
/* Lists, trees, bitmaps, checked arithmetic, and the compiler's helpers. */
#include "base/test/hostile.h"

#include "base/bitmap.h"
#include "base/checked.h"
#include "base/list.h"
#include "base/tree.h"

#define COUNT 300

int __popcountdi2(uint64_t value);
int __clzdi2(uint64_t value);
int __ctzdi2(uint64_t value);

static void expect_list(const struct list_node *head, const struct list_node *nodes, const int *order, int count) {
    const struct list_node *node = head;
    for (int i = 0; i < count; i++) {
        assert_ptr_equal(node->next, &nodes[order[i]]);
        assert_ptr_equal(node->next->previous, node);
        node = node->next;
    }
    assert_ptr_equal(node->next, head);
    assert_ptr_equal(head->previous, node);
}

static void list_keeps_order(void **state) {
    (void)state;
    LIST_HEAD(head);
    struct list_node nodes[4] = {0};
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_pop_head(&head));
    assert_false(list_is_linked(&nodes[0]));
    list_add_tail(&head, &nodes[0]);
    list_add_tail(&head, &nodes[1]);
    list_add_head(&head, &nodes[2]);
    list_insert_after(&nodes[0], &nodes[3]);
    expect_list(&head, nodes, (const int[]){2, 0, 3, 1}, 4);
    list_remove(&nodes[0]);
    assert_false(list_is_linked(&nodes[0]));
    expect_list(&head, nodes, (const int[]){2, 3, 1}, 3);
    assert_ptr_equal(list_pop_head(&head), &nodes[2]);
    expect_list(&head, nodes, (const int[]){3, 1}, 2);
}

static void list_remove_twice_is_harmless(void **state) {
    (void)state;
    LIST_HEAD(head);
    struct list_node nodes[2] = {0};
    list_add_tail(&head, &nodes[0]);
    list_add_tail(&head, &nodes[1]);
    list_remove(&nodes[0]);
    list_remove(&nodes[0]);
    expect_list(&head, nodes, (const int[]){1}, 1);
}

static void list_splices(void **state) {
    (void)state;
    LIST_HEAD(a);
    LIST_HEAD(b);
    struct list_node nodes[4] = {0};
    list_splice_tail(&a, &b);
    assert_true(list_is_empty(&a));
    list_add_tail(&b, &nodes[0]);
    list_add_tail(&b, &nodes[1]);
    list_splice_tail(&a, &b);
    assert_true(list_is_empty(&b));
    list_add_tail(&b, &nodes[2]);
    list_add_tail(&b, &nodes[3]);
    list_splice_tail(&a, &b);
    expect_list(&a, nodes, (const int[]){0, 1, 2, 3}, 4);
}

static void list_iterates_while_removing(void **state) {
    (void)state;
    LIST_HEAD(head);
    struct list_node nodes[3] = {0};
    int seen = 0;
    for (int i = 0; i < 3; i++) {
        list_add_tail(&head, &nodes[i]);
    }
    LIST_FOR_EACH_SAFE(node, after, &head) {
        assert_ptr_equal(node, &nodes[seen++]);
        list_remove(node);
    }
    assert_int_equal(seen, 3);
    assert_true(list_is_empty(&head));
}

/* Checks heights and parents; returns the height. */
static uint32_t expect_balanced(const struct tree_node *node, const struct tree_node *parent) {
    if (node == NULL) {
        return 0;
    }
    uint32_t left = expect_balanced(node->left, node), right = expect_balanced(node->right, node);
    assert_ptr_equal(node->parent, parent);
    assert_true(left <= right + 1 && right <= left + 1);
    assert_int_equal(node->height, (left > right ? left : right) + 1);
    return node->height;
}

/* Nodes in the order that the tree gives, both ways, against counting. */
static void expect_tree(struct tree *tree, struct tree_node *nodes, unsigned count) {
    unsigned expected = 0, seen = 0;
    struct tree_node *last = NULL;
    expect_balanced(tree->root, NULL);
    for (unsigned i = 0; i < count; i++) {
        expected += tree_contains(&nodes[i]) ? 1 : 0;
    }
    for (struct tree_node *node = tree_first(tree); node != NULL; node = tree_next(node)) {
        assert_true(last == NULL || last->key < node->key || (last->key == node->key && last < node));
        assert_ptr_equal(tree_previous(node), last);
        last = node;
        seen++;
    }
    assert_int_equal(seen, expected);
}

static void tree_agrees_with_a_model(void **state) {
    (void)state;
    static struct tree_node nodes[COUNT];
    struct tree tree = {0};
    uint64_t random = 3;
    memset(nodes, 0, sizeof(nodes));
    for (unsigned step = 0; step < 20000; step++) {
        struct tree_node *node = &nodes[hostile_random(&random) % COUNT];
        if (tree_contains(node)) {
            tree_remove(&tree, node);
        } else {
            tree_insert(&tree, node, (uint64_t)(node - nodes) * 2);
        }
        uint64_t key = hostile_random(&random) % (COUNT * 2 + 2);
        const struct tree_node *at_most = NULL, *at_least = NULL;
        for (unsigned i = 0; i < COUNT; i++) {
            if (tree_contains(&nodes[i]) && nodes[i].key <= key) {
                at_most = &nodes[i];
            }
            if (tree_contains(&nodes[COUNT - 1 - i]) && nodes[COUNT - 1 - i].key >= key) {
                at_least = &nodes[COUNT - 1 - i];
            }
        }
        assert_ptr_equal(tree_find_at_most(&tree, key), at_most);
        assert_ptr_equal(tree_find_at_least(&tree, key), at_least);
        if (step % 100 == 0) {
            expect_tree(&tree, nodes, COUNT);
        }
    }
}

static void tree_keeps_equal_keys_in_order_of_insertion(void **state) {
    (void)state;
    static struct tree_node nodes[COUNT];
    struct tree tree = {0};
    memset(nodes, 0, sizeof(nodes));
    for (unsigned i = 0; i < COUNT; i++) {
        tree_insert(&tree, &nodes[i], i / 100);
    }
    expect_tree(&tree, nodes, COUNT);
    assert_ptr_equal(tree_find_at_most(&tree, 1), &nodes[199]);
    assert_ptr_equal(tree_find_at_least(&tree, 1), &nodes[100]);
}

static void tree_depth_is_bounded_for_every_order_of_keys(void **state) {
    (void)state;
    static struct tree_node nodes[10000];
    for (unsigned order = 0; order < 3; order++) {
        struct tree tree = {0};
        memset(nodes, 0, sizeof(nodes));
        for (unsigned i = 0; i < 10000; i++) {
            tree_insert(&tree, &nodes[i], order == 0 ? i : order == 1 ? 10000 - i : (i % 2 == 0 ? i : 20000 - i));
        }
        assert_in_range(expect_balanced(tree.root, NULL), 14, 19);
        for (unsigned i = 0; i < 9000; i++) {
            tree_remove(&tree, &nodes[i]);
        }
        assert_in_range(expect_balanced(tree.root, NULL), 10, 14);
    }
}

static void bitmap_finds_bits(void **state) {
    (void)state;
    uint64_t random = 5;
    for (unsigned round = 0; round < 300; round++) {
        uint64_t map[BITMAP_WORDS(150)] = {0};
        size_t count = hostile_random(&random) % 151;
        for (unsigned i = 0; i < 20 && count > 0; i++) {
            bitmap_set(map, hostile_random(&random) % count);
            bitmap_clear(map, hostile_random(&random) % count);
        }
        for (size_t from = 0; from <= count + 1; from++) {
            size_t set = from, clear = from;
            while (set < count && !bitmap_test(map, set)) {
                set++;
            }
            while (clear < count && bitmap_test(map, clear)) {
                clear++;
            }
            assert_int_equal(bitmap_find_set(map, count, from), set < count ? set : count);
            assert_int_equal(bitmap_find_clear(map, count, from), clear < count ? clear : count);
        }
    }
}

static void checked_arithmetic_notices_overflow(void **state) {
    (void)state;
    uint64_t result = 1;
    assert_false(checked_add(UINT64_MAX, 1, &result));
    assert_false(checked_multiply((uint64_t)1 << 32, (uint64_t)1 << 32, &result));
    assert_false(checked_align_up(UINT64_MAX - 4094, 4096, &result));
    assert_int_equal(result, 1);
    assert_true(checked_add(UINT64_MAX, 0, &result) && result == UINT64_MAX);
    assert_true(checked_multiply(UINT64_MAX, 1, &result) && result == UINT64_MAX);
    assert_true(checked_align_up(UINT64_MAX - 4095, 4096, &result) && result == UINT64_MAX - 4095);
    assert_true(checked_align_up(1, 4096, &result) && result == 4096);
}

static void checked_ranges(void **state) {
    (void)state;
    assert_true(range_is_inside(0, 0, 0));
    assert_true(range_is_inside(5, 5, 10));
    assert_false(range_is_inside(6, 5, 10));
    assert_false(range_is_inside(11, 0, 10));
    assert_false(range_is_inside(5, UINT64_MAX, 10));
    assert_false(range_is_inside(UINT64_MAX, 5, 10));
    assert_true(ranges_overlap(0, 2, 1, 2));
    assert_true(ranges_overlap(1, 2, 0, 2));
    assert_false(ranges_overlap(0, 2, 2, 2));
    assert_false(ranges_overlap(1, 0, 0, 4));
    assert_true(ranges_overlap(0, UINT64_MAX, UINT64_MAX - 1, 1));
}

static void compiler_helpers_count_bits(void **state) {
    (void)state;
    for (int high = 0; high < 64; high++) {
        for (int low = 0; low <= high; low++) {
            uint64_t value = (uint64_t)1 << high | (uint64_t)1 << low;
            assert_int_equal(__clzdi2(value), 63 - high);
            assert_int_equal(__ctzdi2(value), low);
            assert_int_equal(__popcountdi2(value), high == low ? 1 : 2);
            uint64_t run = UINT64_MAX >> (63 - high) & UINT64_MAX << low;
            assert_int_equal(__clzdi2(run), 63 - high);
            assert_int_equal(__ctzdi2(run), low);
            assert_int_equal(__popcountdi2(run), high - low + 1);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_keeps_order),
        cmocka_unit_test(list_remove_twice_is_harmless),
        cmocka_unit_test(list_splices),
        cmocka_unit_test(list_iterates_while_removing),
        cmocka_unit_test(tree_agrees_with_a_model),
        cmocka_unit_test(tree_keeps_equal_keys_in_order_of_insertion),
        cmocka_unit_test(tree_depth_is_bounded_for_every_order_of_keys),
        cmocka_unit_test(bitmap_finds_bits),
        cmocka_unit_test(checked_arithmetic_notices_overflow),
        cmocka_unit_test(checked_ranges),
        cmocka_unit_test(compiler_helpers_count_bits),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
