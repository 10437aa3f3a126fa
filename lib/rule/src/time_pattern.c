#include "time_pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

enum { MS_PER_S = 1000, S_PER_MINUTE = 60 };
static const int64_t TIME_S_MAX = 253402300799; // the end of the year 9999

/// A run of one letter, a text in quotes, or one other character.
struct piece {
    char letter; // '\0': `text` as it is
    size_t count;
    struct text text;
};

static bool next_piece(struct text *rest, struct piece *piece) {
    if (rest->length == 0) return false;
    char first = rest->data[0];
    if (first == '\'') {
        struct text inner = text_from(*rest, 1), text = TEXT_EMPTY;
        text_split(&inner, '\'', &text); // to the end when the second one is missing
        *piece = (struct piece){'\0', 0, text.length > 0 ? text : TEXT("'")};
        *rest = inner;
        return true;
    }
    size_t count = 1;
    if (isalpha((unsigned char)first))
        while (count < rest->length && rest->data[count] == first) count++;
    *piece = (struct piece){isalpha((unsigned char)first) ? first : '\0', count, {rest->data, count}};
    *rest = text_from(*rest, count);
    return true;
}

/// "+02:00" or "+0200" in minutes.
static bool read_zone(struct text zone, int *ret_minutes) {
    unsigned hours, minutes;
    char text[8] = "";
    *ret_minutes = 0;
    if (text_is(zone, "UTC") || text_is(zone, "Z") || text_is(zone, "GMT")) return true;
    if (zone.length < 5 || zone.length > 6 || (zone.data[0] != '+' && zone.data[0] != '-')) return false;
    for (size_t i = 1, at = 0; i < zone.length; i++) {
        if (zone.data[i] == ':' && i == 3) continue;
        if (!isdigit((unsigned char)zone.data[i])) return false;
        text[at++] = zone.data[i];
    }
    if (sscanf(text, "%2u%2u", &hours, &minutes) != 2 || hours > 14 || minutes > 59) return false;
    *ret_minutes = (int)(hours * 60 + minutes) * (zone.data[0] == '-' ? -1 : 1);
    return true;
}

static void put_zone(int minutes, size_t count, struct buffer *out) {
    unsigned total = (unsigned)(minutes < 0 ? -minutes : minutes);
    buffer_print(out, count == 2 ? "%c%02u:%02u" : "%c%02u%02u", minutes < 0 ? '-' : '+', total / 60, total % 60);
}

static bool put_field(const struct tm *tm, int milliseconds, int zone_minutes, const struct piece *piece,
                      struct buffer *out) {
    int width = piece->count > 9 ? 9 : (int)piece->count;
    switch (piece->letter) {
    case 'y':
    case 'Y':
        if (width == 2)
            buffer_print(out, "%02d", (tm->tm_year + 1900) % 100);
        else
            buffer_print(out, "%0*d", width, tm->tm_year + 1900);
        return true;
    case 'M': buffer_print(out, "%0*d", width, tm->tm_mon + 1); return width <= 2;
    case 'd': buffer_print(out, "%0*d", width, tm->tm_mday); return true;
    case 'H': buffer_print(out, "%0*d", width, tm->tm_hour); return true;
    case 'm': buffer_print(out, "%0*d", width, tm->tm_min); return true;
    case 's': buffer_print(out, "%0*d", width, tm->tm_sec); return true;
    case 'S': buffer_print(out, "%0*d", width, milliseconds); return width == 3;
    case 'Z': put_zone(zone_minutes, piece->count, out); return true;
    default: return false;
    }
}

bool time_pattern_write(struct text pattern, int64_t time_ms, struct text zone, struct buffer *out) {
    int zone_minutes;
    struct tm tm;
    struct piece piece;
    if (!read_zone(zone, &zone_minutes) || time_ms < 0 || time_ms / MS_PER_S > TIME_S_MAX) return false;
    time_t seconds = (time_t)(time_ms / MS_PER_S + zone_minutes * S_PER_MINUTE);
    if (gmtime_r(&seconds, &tm) == NULL) return false;
    while (next_piece(&pattern, &piece)) {
        if (piece.letter == '\0')
            buffer_text(out, piece.text);
        else if (!put_field(&tm, (int)(time_ms % MS_PER_S), zone_minutes, &piece, out))
            return false;
    }
    return true;
}

static bool take_number(struct text *rest, size_t digits_max, int *ret_number) {
    size_t count = 0;
    *ret_number = 0;
    while (count < digits_max && count < rest->length && isdigit((unsigned char)rest->data[count]))
        *ret_number = *ret_number * 10 + (rest->data[count++] - '0');
    *rest = text_from(*rest, count);
    return count > 0;
}

static bool take_zone(struct text *rest, int *ret_minutes) {
    size_t length = text_starts_with(*rest, TEXT("Z")) ? 1 : rest->length >= 6 && rest->data[3] == ':' ? 6 : 5;
    if (rest->length < length) return false;
    struct text zone = {rest->data, length};
    *rest = text_from(*rest, length);
    return read_zone(zone, ret_minutes);
}

static bool take_field(struct text *rest, const struct piece *piece, struct tm *tm, int *milliseconds, int *zone) {
    int number;
    if (piece->letter == 'Z') return take_zone(rest, zone);
    bool is_year = piece->letter == 'y' || piece->letter == 'Y';
    if (!take_number(rest, is_year ? 4 : piece->letter == 'S' ? 3 : 2, &number)) return false;
    switch (piece->letter) {
    case 'y':
    case 'Y': tm->tm_year = (piece->count == 2 ? number + 2000 : number) - 1900; return true;
    case 'M': tm->tm_mon = number - 1; return number >= 1 && number <= 12;
    case 'd': tm->tm_mday = number; return number >= 1 && number <= 31;
    case 'H': tm->tm_hour = number; return number <= 23;
    case 'm': tm->tm_min = number; return number <= 59;
    case 's': tm->tm_sec = number; return number <= 60;
    case 'S': *milliseconds = number; return true;
    default: return false;
    }
}

bool time_pattern_read(struct text pattern, struct text text, int64_t *ret_time_ms) {
    struct tm tm = {.tm_year = 70, .tm_mday = 1};
    int milliseconds = 0, zone = 0;
    struct piece piece;
    while (next_piece(&pattern, &piece)) {
        if (piece.letter != '\0') {
            if (!take_field(&text, &piece, &tm, &milliseconds, &zone)) return false;
        } else {
            if (!text_starts_with(text, piece.text)) return false;
            text = text_from(text, piece.text.length);
        }
    }
    if (text.length > 0) return false;
    *ret_time_ms = ((int64_t)timegm(&tm) - zone * S_PER_MINUTE) * MS_PER_S + milliseconds;
    return true;
}
