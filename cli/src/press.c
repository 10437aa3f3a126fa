#include "press.h"

#include <base/nearest.h>
#include <json/json.h>
#include <site/site.h>

#include <ctype.h>
#include <string.h>

/// A word; its argument is the button's name, or the name of the first element with that role.
static const struct hand {
    const char *word;
    const char *method;
    const char *button;
    const char *role;
    bool on;
} hands[] = {
    {"start", "press", "start", NULL, false},
    {"stop", "press", "stop", NULL, false},
    {"reset", "press", "reset", NULL, false},
    {"automatic", "turn", NULL, "Switch", true},
    {"manual", "turn", NULL, "Switch", false},
    {"emergency_stop", "turn", NULL, "EmergencyStop", true},
    {"emergency_release", "turn", NULL, "EmergencyStop", false},
    {"refill", "refill", NULL, NULL, false},
    {"empty_slide", "emptySlide", NULL, NULL, false},
};

char *press_thing(const struct plant *plant) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    for (size_t i = 0; i < plant->station->name.length; i++) {
        buffer_byte(&name, (char)tolower((unsigned char)plant->station->name.data[i]));
    }
    buffer_string(&name, "_simulation");
    return buffer_take(&name);
}

static const struct plant_element *find_role(const struct plant *plant, const char *role) {
    for (size_t i = 0; i < plant->element_count; i++) {
        if (plant_has_role(plant->elements[i], text_of(role))) return plant->elements[i];
    }
    return NULL;
}

static const struct hand *find_hand(const char *word) {
    for (size_t i = 0; i < sizeof hands / sizeof *hands; i++) {
        if (strcmp(hands[i].word, word) == 0) return &hands[i];
    }
    return NULL;
}

static enum error refuse_word(const char *word, struct problem *ret_problem) {
    size_t count = 0;
    CLEANUP(buffer_clear) struct buffer list = {0};
    for (; site_press_words[count] != NULL; count++) {
        buffer_print(&list, "%s%s", count == 0 ? "" : ", ", site_press_words[count]);
    }
    const char *near = nearest_word(text_of(word), site_press_words, count);
    return problem_say(ret_problem, ERROR_INVALID, "--sim-press %s: unknown%s%s%s: choose of %.*s, or none", word,
                       near == NULL ? "" : " (did you mean ", near == NULL ? "" : near, near == NULL ? "" : "?)",
                       TEXT_ARG(buffer_view(&list)));
}

static void put_arguments(struct json_writer *writer, const struct hand *hand, const struct plant_element *element) {
    json_open_array(writer);
    if (hand->button != NULL) json_put_string(writer, hand->button);
    if (element != NULL) json_put_text(writer, element->name);
    if (element != NULL) json_put_bool(writer, hand->on);
    json_close_array(writer);
}

enum error press_command(const struct plant *plant, const char *word, struct buffer *command,
                         struct problem *ret_problem) {
    const struct hand *hand = find_hand(word);
    if (hand == NULL) return refuse_word(word, ret_problem);
    const struct plant_element *element = hand->role == NULL ? NULL : find_role(plant, hand->role);
    if (hand->role != NULL && element == NULL) {
        return problem_say(ret_problem, ERROR_INVALID, "--sim-press %s: the model has no element with role %s", word,
                           hand->role);
    }
    struct json_writer writer = json_writer(command);
    json_open_object(&writer);
    json_key(&writer, "method");
    json_put_string(&writer, hand->method);
    json_key(&writer, "arguments");
    put_arguments(&writer, hand, element);
    json_close_object(&writer);
    return command->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}
