#include "journal.h"

#include <base/log.h>

#include <stdio.h>

static void write_line(void *context, UA_LogLevel level, UA_LogCategory category, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void write_line(void *context, UA_LogLevel level, UA_LogCategory category, const char *format,
                       va_list arguments) {
    (void)category;
    struct journal *journal = context;
    if (level < UA_LOGLEVEL_INFO) return; // traces each message
    char line[JOURNAL_TEXT_BYTES];
    vsnprintf(line, sizeof line, format, arguments);
    log_debug("open62541: %s", line);
    if (level >= UA_LOGLEVEL_WARNING) snprintf(journal->complaint, sizeof journal->complaint, "%s", line);
}

void journal_init(struct journal *journal) {
    *journal = (struct journal){.logger = {.log = write_line, .context = journal}};
}
