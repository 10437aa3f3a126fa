#include <base/cleanup.h>
#include <bus/bus.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct subject_case {
    const char *name;
    const char *topic;
    const char *subject; // NULL: the topic is refused
};

static const struct subject_case cases[] = {
    {"[bus-1.1] the topic of a classic shadow", "$aws/things/T/shadow/update", "$aws.things.T.shadow.update"},
    {"[bus-1.1] the topic of a named shadow", "$aws/things/T/shadow/name/S/get/accepted",
     "$aws.things.T.shadow.name.S.get.accepted"},
    {"one level is a topic", "a", "a"},
    {"an empty topic is refused", "", NULL},
    {"an empty level is refused", "a//b", NULL},
    {"a leading slash is refused", "/a", NULL},
    {"a trailing slash is refused", "a/", NULL},
    {"a dot in a level is refused", "a/b.c", NULL},
    {"a space is refused", "a/b c", NULL},
    {"a wildcard of NATS is refused", "a/*", NULL},
    {"a wildcard of MQTT is refused", "a/+", NULL},
};

static void check(void **state) {
    const struct subject_case *c = *state;
    CLEANUP(buffer_clear) struct buffer subject = {0};
    CLEANUP(buffer_clear) struct buffer topic = {0};
    enum error error = bus_subject_from_topic(text_of(c->topic), &subject);
    assert_int_equal(error, c->subject == NULL ? ERROR_INVALID : ERROR_NONE);
    if (c->subject == NULL) return;
    assert_string_equal(subject.data, c->subject);
    assert_int_equal(bus_topic_from_subject(text_of(c->subject), &topic), ERROR_NONE);
    assert_string_equal(topic.data, c->topic);
}

int main(void) {
    enum { COUNT = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, check, NULL, NULL, (void *)&cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
