#include <bus/bus.h>

static enum error convert(struct text from, char separator, char wanted, struct buffer *ret_to) {
    if (from.length == 0) return ERROR_INVALID;
    size_t start = ret_to->length;
    bool level_is_empty = true;
    for (size_t i = 0; i < from.length; i++) {
        char byte = from.data[i];
        bool ends_level = byte == separator;
        bool allowed = ends_level ? !level_is_empty
                                  : (unsigned char)byte > ' ' && byte != 0x7f && byte != wanted && byte != '*' &&
                                        byte != '>' && byte != '+' && byte != '#';
        if (!allowed) break;
        level_is_empty = ends_level;
        buffer_byte(ret_to, ends_level ? wanted : byte);
    }
    if (ret_to->failed) return ERROR_NO_MEMORY;
    if (ret_to->length - start == from.length && !level_is_empty) return ERROR_NONE;
    ret_to->length = start;
    if (ret_to->data != NULL) ret_to->data[start] = '\0';
    return ERROR_INVALID;
}

enum error bus_subject_from_topic(struct text topic, struct buffer *ret_subject) {
    return convert(topic, '/', '.', ret_subject);
}

enum error bus_topic_from_subject(struct text subject, struct buffer *ret_topic) {
    return convert(subject, '.', '/', ret_topic);
}
