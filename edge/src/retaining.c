// Retained values of this PLC: restored at a warm start, kept from then on.

#include "edge.h"

#include <base/cleanup.h>
#include <base/log.h>

static void report_start(struct edge *edge, const struct retain_report *report) {
    if (edge->options.cold || !report->found) {
        const char *why = edge->options.cold     ? "cold start: retained values were not restored"
                          : report->unusable > 0 ? "retained values are lost: both files are damaged"
                                                 : "there are no retained values yet";
        if (report->unusable > 0) log_warning("%s", why);
        diagnostics_add(edge->diagnostics, DIAGNOSTICS_RETAIN_NONE, TEXT_EMPTY, "%s", why);
        return;
    }
    bool partial = !report->same_layout || report->left_over > 0 || report->unusable > 0;
    log_line(partial ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
             "warm start: %zu retained values restored, %zu without one from before, %zu from before left out%s",
             report->restored, report->missing, report->left_over,
             report->unusable > 0 ? "; one of the two files was damaged" : "");
    diagnostics_add(edge->diagnostics, partial ? DIAGNOSTICS_RETAIN_PARTIAL : DIAGNOSTICS_RETAIN_RESTORED, TEXT_EMPTY,
                    "%zu restored, %zu without a value from before, %zu left out, %u files damaged", report->restored,
                    report->missing, report->left_over, report->unusable);
}

void edge_restore(struct edge *edge) {
    if (program_retained_count(edge->program) == 0) return;
    CLEANUP(free_at) char *first = site_path(edge->site, "edge/retain.a");
    CLEANUP(free_at) char *second = site_path(edge->site, "edge/retain.b");
    struct retain_options options = {.files = {first, second}, .cold = edge->options.cold};
    struct retain_report report = {0};
    struct problem problem = {0};
    enum error error = first == NULL || second == NULL
                           ? problem_say(&problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY))
                           : retain_start(edge->program, &options, &edge->retain, &report, &problem);
    if (!error) {
        report_start(edge, &report);
        return;
    }
    log_error("values are not retained: %s", problem.text);
    diagnostics_add(edge->diagnostics, DIAGNOSTICS_RETAIN_NONE, TEXT_EMPTY, "%s", problem.text);
}

void edge_stop_retaining(struct edge *edge) {
    if (edge->retain != NULL && !retain_healthy(edge->retain))
        log_warning("retained values could not be written: look at the disk");
    retain_stop(edge->retain);
    edge->retain = NULL;
}
