#include "suite.h"

#include <base/cleanup.h>
#include <base/map.h>

#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(struct map, map_destroy)

enum { KEYS_MANY = 10000 };

static int numbers[KEYS_MANY]; // what the values point to

static struct text key_of(int number, char (*storage)[32]) {
    return (struct text){*storage, (size_t)snprintf(*storage, sizeof *storage, "station-%d", number)};
}

static void set(struct map *map, int number) {
    char storage[32];
    assert_int_equal(map_set(map, key_of(number, &storage), &numbers[number]), ERROR_NONE);
}

static void *get(const struct map *map, int number) {
    char storage[32];
    return map_get(map, key_of(number, &storage));
}

static void *take(struct map *map, int number) {
    char storage[32];
    return map_remove(map, key_of(number, &storage));
}

static void an_empty_map_has_nothing(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    size_t at = 0;
    assert_null(map_get(map, TEXT("a")));
    assert_null(map_remove(map, TEXT("a")));
    assert_int_equal(map_count(map), 0);
    assert_false(map_next(map, &at, NULL, NULL));
    map_destroy(NULL);
}

static void a_value_is_found_replaced_and_removed(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    assert_int_equal(map_set(map, TEXT("belt"), &numbers[1]), ERROR_NONE);
    assert_ptr_equal(map_get(map, TEXT("belt")), &numbers[1]);
    assert_int_equal(map_set(map, TEXT("belt"), &numbers[2]), ERROR_NONE);
    assert_ptr_equal(map_get(map, TEXT("belt")), &numbers[2]);
    assert_int_equal(map_count(map), 1);
    assert_ptr_equal(map_remove(map, TEXT("belt")), &numbers[2]);
    assert_null(map_get(map, TEXT("belt")));
    assert_null(map_remove(map, TEXT("belt")));
    assert_int_equal(map_count(map), 0);
}

static void keys_differ_by_every_byte(void **state) {
    (void)state;
    static const struct text keys[] = {
        {NULL, 0},         {"a", 1},         {"a\0", 2},      {"\0a", 2},    {"\0", 1},   {"ab", 2},   {"abcdefgh", 8},
        {"abcdefgh\0", 9}, {"abcdefghi", 9}, {"abcdefgi", 8}, {"\0\0\0", 3}, {"\0\0", 2}, {"\xff", 1}, {"abcdefgh1", 9},
    };
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (size_t i = 0; i < COUNT_OF(keys); i++) assert_int_equal(map_set(map, keys[i], &numbers[i]), ERROR_NONE);
    assert_int_equal(map_count(map), COUNT_OF(keys));
    for (size_t i = 0; i < COUNT_OF(keys); i++) assert_ptr_equal(map_get(map, keys[i]), &numbers[i]);
}

static void a_key_is_copied(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    char key[] = "belt";
    assert_int_equal(map_set(map, text_of(key), &numbers[1]), ERROR_NONE);
    memset(key, 'x', sizeof key - 1);
    assert_ptr_equal(map_get(map, TEXT("belt")), &numbers[1]);
}

static void ten_thousand_keys_come_and_go(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (int i = 0; i < KEYS_MANY; i++) set(map, i);
    assert_int_equal(map_count(map), KEYS_MANY);
    for (int i = 0; i < KEYS_MANY; i += 3) assert_ptr_equal(take(map, i), &numbers[i]);
    for (int i = 0; i < KEYS_MANY; i++) assert_ptr_equal(get(map, i), i % 3 == 0 ? NULL : &numbers[i]);
    for (int i = 0; i < KEYS_MANY; i += 3) set(map, i);
    for (int i = 0; i < KEYS_MANY; i++) assert_ptr_equal(get(map, i), &numbers[i]);
    for (int i = KEYS_MANY - 1; i >= 0; i--) assert_ptr_equal(take(map, i), &numbers[i]);
    assert_int_equal(map_count(map), 0);
}

/// What sessions do: few are there at a time, many in a day.
static void keys_that_come_and_go_leave_nothing_behind(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (int i = 0; i < KEYS_MANY; i++) {
        set(map, i);
        if (i >= 5) assert_ptr_equal(take(map, i - 5), &numbers[i - 5]);
        assert_int_equal(map_count(map), i < 5 ? i + 1 : 5);
        assert_ptr_equal(get(map, i), &numbers[i]);
        assert_null(map_get(map, TEXT("station-x")));
    }
}

static void a_walk_is_in_the_order_of_insertion(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (int i = 0; i < KEYS_MANY; i++) set(map, i);
    for (int i = 0; i < KEYS_MANY; i += 2) take(map, i);
    set(map, 5); // replaced: keeps its place
    set(map, 0); // removed before: goes to the end
    size_t at = 0;
    struct text key;
    void *value;
    for (int i = 1; i < KEYS_MANY; i += 2) {
        char storage[32];
        assert_true(map_next(map, &at, &key, &value));
        assert_ptr_equal(value, &numbers[i]);
        assert_true(text_equal(key, key_of(i, &storage)));
    }
    assert_true(map_next(map, &at, &key, &value));
    assert_ptr_equal(value, &numbers[0]);
    assert_false(map_next(map, &at, &key, &value));
}

static void a_walk_may_remove_what_it_sees(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (int i = 0; i < 1000; i++) set(map, i);
    size_t at = 0;
    struct text key;
    void *value;
    int seen = 0;
    while (map_next(map, &at, &key, &value)) {
        assert_ptr_equal(value, &numbers[seen]);
        if (seen % 2 == 0) assert_ptr_equal(map_remove(map, key), value);
        seen++;
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(map_count(map), 500);
}

static void a_key_of_the_map_may_be_used_to_set(void **state) {
    (void)state;
    CLEANUP(map_destroy_at) struct map *map = map_create();
    for (int i = 0; i < 8; i++) set(map, i); // full: the next one moves the entries
    size_t at = 0;
    struct text key;
    assert_true(map_next(map, &at, &key, NULL));
    assert_int_equal(map_set(map, text_from(key, 1), &numbers[9]), ERROR_NONE);
    assert_ptr_equal(map_get(map, TEXT("tation-0")), &numbers[9]);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TEST(&suite, an_empty_map_has_nothing);
    SUITE_TEST(&suite, a_value_is_found_replaced_and_removed);
    SUITE_TEST(&suite, keys_differ_by_every_byte);
    SUITE_TEST(&suite, a_key_is_copied);
    SUITE_TEST(&suite, ten_thousand_keys_come_and_go);
    SUITE_TEST(&suite, keys_that_come_and_go_leave_nothing_behind);
    SUITE_TEST(&suite, a_walk_is_in_the_order_of_insertion);
    SUITE_TEST(&suite, a_walk_may_remove_what_it_sees);
    SUITE_TEST(&suite, a_key_of_the_map_may_be_used_to_set);
    return SUITE_RUN(&suite);
}
