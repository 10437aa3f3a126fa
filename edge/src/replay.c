#include "replay.h"

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <base/options.h>
#include <record/record.h>

#include <stdio.h>

enum { EXIT_SAME = 0, EXIT_DIFFERS = 1, EXIT_UNUSABLE = 2 };

static int print_verdict(const struct record_verdict *verdict) {
    if (!verdict->same) {
        char time[CLOCK_TEXT_BYTES];
        clock_text(verdict->wall_ns, time);
        printf("scan %llu, %s: %s: recorded %.15g, replayed %.15g\n", (unsigned long long)verdict->scan, time,
               verdict->tag, verdict->recorded, verdict->replayed);
        return EXIT_DIFFERS;
    }
    printf("%llu scans, all outputs the same; the recording: %s%s\n", (unsigned long long)verdict->scans,
           recorder_state_text(verdict->end), verdict->damaged ? " (what follows is damaged)" : "");
    return EXIT_SAME;
}

int replay_main(int argc, char **argv) {
    const struct options page = {
        .usage = "splc-edge replay FILE",
        .summary = "Runs the program of a recording again: same plant model, same inputs, commands and times. The "
                   "outputs must\n"
                   "be the same in every scan; the first that is not is told with its scan, time and path. Nothing is\n"
                   "connected to a plant. Recordings are made with splc-edge PLANT --record FILE.",
        .epilog = "EXAMPLES\n"
                  "  splc-edge plants/mps --record /tmp/morning.rec\n"
                  "  splc-edge replay /tmp/morning.rec\n"
                  "\n"
                  "EXIT STATUS\n"
                  "  0 all outputs are the same, 1 one differs, 2 the file is no recording or cannot be read",
    };
    const char *arguments[1];
    size_t count = 0;
    struct problem problem = {0};
    enum error error = options_parse(&page, argc, argv, arguments, 1, &count, &problem);
    if (!error && count != 1)
        error = problem_say(&problem, ERROR_INVALID, "usage: %s; see splc-edge replay --help", page.usage);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct record_verdict verdict = {0};
    if (!error) error = file_read(arguments[0], RECORD_BYTES_MAX, &bytes, &problem);
    if (!error) {
        error = record_replay(buffer_view(&bytes), &verdict, &problem);
        if (error) (void)problem_prefix(&problem, error, "%s", arguments[0]);
    }
    if (!error) return print_verdict(&verdict);
    log_error("%s", problem.text);
    return EXIT_UNUSABLE;
}
