// Tag lists as people export them from spreadsheets and engineering tools.
#include "tags.h"
#include "terminal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum column {
    NAME,
    ADDRESS,
    DATA_TYPE,
    COMMENT,
    THING,
    MODULE,
    CLASS,
    SIGNAL,
    SAFE_STATE,
    INVERTED,
    UNIT,
    LOW,
    HIGH,
    RAW_LOW,
    RAW_HIGH,
    COLUMNS
};

static const struct {
    const char *word; // lower case, without blanks and signs
    enum column column;
} words[] = {
    {"name", NAME},
    {"tag", NAME},
    {"symbol", NAME},
    {"address", ADDRESS},
    {"adresse", ADDRESS},
    {"logicaladdress", ADDRESS},
    {"logischeadresse", ADDRESS},
    {"datatype", DATA_TYPE},
    {"datentyp", DATA_TYPE},
    {"type", DATA_TYPE},
    {"comment", COMMENT},
    {"kommentar", COMMENT},
    {"description", COMMENT},
    {"thing", THING},
    {"module", MODULE},
    {"class", CLASS},
    {"signal", SIGNAL},
    {"safestate", SAFE_STATE},
    {"inverted", INVERTED},
    {"unit", UNIT},
    {"einheit", UNIT},
    {"low", LOW},
    {"high", HIGH},
    {"rawlow", RAW_LOW},
    {"rawhigh", RAW_HIGH},
};

enum { FIELDS_MAX = 64 }; // columns of a list

struct csv {
    struct text rest;
    char separator;
    unsigned line; // of what comes next
    struct text fields[FIELDS_MAX];
    size_t field_count;
    enum column columns[FIELDS_MAX]; // COLUMNS: passed over
    struct import_tags *tags;
    struct model_findings *findings;
};

static void tell(struct csv *csv, bool error, unsigned line, struct text name, const char *text, struct text detail) {
    model_findings_add(csv->findings, error, line, name, "%s%.*s%s", text, TEXT_ARG(detail),
                       detail.length > 0 ? "'" : "");
}

// ---------------------------------------------------------------- fields

/// "a ""b""" without the quotes; they may have line breaks in them.
static bool quoted_field(struct csv *csv, struct text *ret_field) {
    struct text rest = text_from(csv->rest, 1);
    CLEANUP(buffer_clear) struct buffer field = {0};
    size_t at = 0;
    for (; at < rest.length; at++) {
        char byte = rest.data[at];
        csv->line += byte == '\n';
        if (byte != '"') {
            buffer_byte(&field, byte);
            continue;
        }
        if (at + 1 >= rest.length || rest.data[at + 1] != '"') break;
        buffer_byte(&field, '"');
        at++;
    }
    csv->rest = text_from(rest, at + 1);
    size_t length = field.length;
    char *string = buffer_reserve(&field, 0) ? buffer_take(&field) : NULL;
    if (!tags_own(csv->tags, string)) return false;
    *ret_field = (struct text){string, length};
    return true;
}

static void plain_field(struct csv *csv, struct text *ret_field) {
    size_t at = 0;
    while (at < csv->rest.length && csv->rest.data[at] != csv->separator && csv->rest.data[at] != '\n') at++;
    *ret_field = text_trim((struct text){csv->rest.data, at});
    csv->rest = text_from(csv->rest, at);
}

static void skip_to_separator(struct csv *csv) {
    struct text behind;
    plain_field(csv, &behind); // white space, else what stands behind the closing quote
}

/// The fields of the next line. False at the end.
static enum error next_row(struct csv *csv, bool *ret_more) {
    *ret_more = csv->rest.length > 0;
    csv->field_count = 0;
    for (bool more = *ret_more; more;) {
        struct text field = TEXT_EMPTY;
        if (csv->rest.length > 0 && csv->rest.data[0] == '"') {
            if (!quoted_field(csv, &field)) return ERROR_NO_MEMORY;
            skip_to_separator(csv);
        } else
            plain_field(csv, &field);
        if (csv->field_count < FIELDS_MAX) csv->fields[csv->field_count++] = field;
        more = csv->rest.length > 0 && csv->rest.data[0] == csv->separator;
        csv->rest = text_from(csv->rest, 1);
    }
    csv->line++;
    return ERROR_NONE;
}

// ---------------------------------------------------------------- columns

static enum column column_of(struct text title) {
    char word[32];
    size_t length = 0;
    for (size_t i = 0; i < title.length && length < sizeof word - 1; i++)
        if (isalnum((unsigned char)title.data[i])) word[length++] = (char)tolower((unsigned char)title.data[i]);
    word[length] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, word) == 0) return words[i].column;
    return COLUMNS;
}

static void find_separator(struct csv *csv) {
    static const char candidates[] = ";,\t";
    size_t most = 0;
    csv->separator = ';';
    for (const char *candidate = candidates; *candidate != '\0'; candidate++) {
        size_t count = 0;
        for (size_t i = 0; i < csv->rest.length && csv->rest.data[i] != '\n'; i++)
            count += csv->rest.data[i] == *candidate;
        if (count > most) csv->separator = *candidate;
        if (count > most) most = count;
    }
}

static enum error read_titles(struct csv *csv) {
    bool more;
    enum error error = next_row(csv, &more);
    if (error) return error;
    bool has[COLUMNS + 1] = {false};
    for (size_t i = 0; i < csv->field_count; i++) {
        enum column column = column_of(csv->fields[i]);
        csv->columns[i] = has[column] ? COLUMNS : column; // the first of two counts
        has[column] = true;
    }
    if (has[NAME] && has[ADDRESS]) return ERROR_NONE;
    tell(csv, true, 1, TEXT_EMPTY,
         has[NAME] ? "the first line names no column Address" : "the first line names no column Name", TEXT_EMPTY);
    return ERROR_INVALID;
}

// ---------------------------------------------------------------- one tag

static bool is_word(struct text text, const char *word) {
    return text.length == strlen(word) && strncasecmp(text.data, word, text.length) == 0;
}

static bool is_memory(struct text address) {
    if (text_starts_with(address, TEXT("%"))) address = text_from(address, 1);
    return address.length > 0 && toupper((unsigned char)address.data[0]) == 'M';
}

/// Address and type, which must fit each other. What is no terminal is left out, and told.
static bool read_terminal(struct csv *csv, const struct text row[COLUMNS], struct import_tag *tag) {
    struct text type = row[DATA_TYPE], address = row[ADDRESS];
    struct import_tag typed = {0};
    if (type.length > 0 && !terminal_read_type(type, &typed)) {
        tell(csv, false, tag->line, tag->name, "left out: there is no terminal of the type '", type);
        return false;
    }
    if (is_memory(address)) {
        tell(csv, false, tag->line, tag->name, "left out: memory of the old controller, no terminal: '", address);
        return false;
    }
    if (!terminal_read_address(address, tag)) {
        tell(csv, true, tag->line, tag->name,
             address.length == 0 ? "the tag has no address" : "the address must be as %I0.0, %Q0.0 or %IW64, not '",
             address);
        return false;
    }
    if (type.length > 0 && typed.bits != tag->bits) {
        model_findings_add(csv->findings, true, tag->line, tag->name,
                           "the address '%.*s' has %u bits, but the type '%.*s' %u", TEXT_ARG(address), tag->bits,
                           TEXT_ARG(type), typed.bits);
        return false;
    }
    tag->encoding = typed.encoding;
    return true;
}

/// Unit, range and scaling of a number.
static bool read_scaling(struct csv *csv, const struct text row[COLUMNS], struct import_tag *tag) {
    const char *fault = NULL;
    tag->unit = row[UNIT];
    if (!terminal_read_range(row[LOW], row[HIGH], &tag->range))
        fault = "Low and High must be two numbers, or both empty";
    else if (!terminal_read_range(row[RAW_LOW], row[RAW_HIGH], &tag->raw))
        fault = "Raw Low and Raw High must be two numbers, or both empty";
    else if (tag->range.given && tag->range.low >= tag->range.high)
        fault = "Low must be below High";
    else if (tag->raw.given && !tag->range.given)
        fault = "Raw Low and Raw High stand for Low and High, which are empty";
    else if (tag->bits == 1 && (tag->range.given || tag->unit.length > 0))
        fault = "Unit, Low and High are of numbers: a boolean has none";
    if (fault != NULL) tell(csv, true, tag->line, tag->name, fault, TEXT_EMPTY);
    return fault == NULL;
}

static bool is_plain_name(struct text text) {
    for (size_t i = 0; i < text.length; i++)
        if (!isalnum((unsigned char)text.data[i]) && text.data[i] != '_') return false;
    return text.length > 0 && !isdigit((unsigned char)text.data[0]);
}

/// "thing.module.signal", "thing/module"; but not "2. lamp".
static void read_place(struct import_tag *tag) {
    struct text rest = tag->name;
    char separator = memchr(rest.data, '/', rest.length) != NULL ? '/' : '.';
    struct text parts[3] = {TEXT_EMPTY, TEXT_EMPTY, TEXT_EMPTY}, part;
    size_t count = 0;
    while (text_split(&rest, separator, &part) && count < 4) {
        if (!is_plain_name(part)) return;
        if (count < 3) parts[count] = part;
        count++;
    }
    if (count < 2 || count > 3) return;
    if (tag->thing.length == 0) tag->thing = parts[0];
    if (tag->module.length == 0) tag->module = parts[1];
    if (tag->signal.length == 0) tag->signal = parts[2];
}

static enum error read_tag(struct csv *csv, const struct text row[COLUMNS], unsigned line) {
    struct import_tag tag = {.name = row[NAME],
                             .comment = row[COMMENT],
                             .thing = row[THING],
                             .module = row[MODULE],
                             .class = row[CLASS],
                             .signal = row[SIGNAL],
                             .safe_state = row[SAFE_STATE],
                             .inverted = is_word(row[INVERTED], "true") || is_word(row[INVERTED], "1"),
                             .line = line};
    if (tag.name.length == 0) {
        tell(csv, true, line, TEXT_EMPTY, "the tag has no name", TEXT_EMPTY);
        return ERROR_NONE;
    }
    if (!read_terminal(csv, row, &tag) || !read_scaling(csv, row, &tag)) return ERROR_NONE;
    if (tag.thing.length == 0 && tag.module.length == 0) read_place(&tag);
    return tags_add(csv->tags, &tag, csv->findings);
}

static enum error read_rows(struct csv *csv) {
    enum error error = read_titles(csv);
    bool more = true;
    while (!error) {
        unsigned line = csv->line;
        error = next_row(csv, &more);
        if (error || !more) break;
        struct text row[COLUMNS + 1] = {0};
        bool empty = true;
        for (size_t i = 0; i < csv->field_count; i++) {
            row[csv->columns[i]] = csv->fields[i];
            empty = empty && csv->fields[i].length == 0;
        }
        if (!empty) error = read_tag(csv, row, line);
    }
    return error;
}

enum error import_csv(struct text csv_text, struct model_findings *findings, struct import_tags **ret_tags,
                      struct problem *ret_problem) {
    struct csv csv = {.rest = csv_text, .line = 1, .findings = findings};
    for (size_t i = 0; i < FIELDS_MAX; i++) csv.columns[i] = COLUMNS;
    if (text_starts_with(csv.rest, TEXT("\xEF\xBB\xBF"))) csv.rest = text_from(csv.rest, 3);
    if (csv.rest.length > IMPORT_CSV_BYTES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "larger than %d bytes", IMPORT_CSV_BYTES_MAX);
    if (!text_is_utf8(csv.rest))
        return problem_say(ret_problem, ERROR_INVALID, "the list is not UTF-8; save it as \"CSV UTF-8\"");
    csv.tags = calloc(1, sizeof *csv.tags);
    if (csv.tags == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    find_separator(&csv);
    enum error error = read_rows(&csv);
    return tags_finish(csv.tags, error, findings, ret_tags, ret_problem);
}
