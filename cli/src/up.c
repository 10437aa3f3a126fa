// splc up PLANT: the options, and what happens in which order. The work is in data_folder.c, nats_conf.c, cascade.c,
// supervisor.c, observer.c, summary.c.
#include "cascade.h"
#include "children.h"
#include "command.h"
#include "connect_file.h"
#include "data_folder.h"
#include "file_watch.h"
#include "log_file.h"
#include "nats_conf.h"
#include "observer.h"
#include "plant_file.h"
#include "ports.h"
#include "screen.h"
#include "status_line.h"
#include "summary.h"
#include "supervisor.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/nearest.h>
#include <base/process.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BEGIN_LIMIT_NS (10 * NS_PER_S) // the time of --for begins when all is ready, but at the latest now

#define REFRESH_LIVE_NS (250 * NS_PER_MS)
#define REFRESH_PLAIN_NS NS_PER_S

struct up_options {
    const char *plant, *data, *programs, *speed, *seed;
    unsigned port_offset;
    double for_s; // 0: until Ctrl-C
    bool headless;
    struct option_list press;
};

struct up {
    struct up_options options;
    struct site *site;
    struct model_findings *findings;
    struct plant *plant;
    int lock_fd;
    struct loop *loop;
    struct cascade cascade;
    struct supervisor *supervisor;
    struct observer *observer;
    struct file_watch *files; // what a service complained of may be mended
    struct screen screen;
    FILE *record; // DATA/log/up.log: what happened to the processes, for those who were not watching
    struct snapshot snapshot;
    bool seen, is_up, stopped;
    int64_t silent_since_ms;       // the interface gives no answer; 0: it does
    uint64_t started_ns, begun_ns; // begun: the time of --for runs
};

// --- what people see ---

static void record(struct up *up, const char *text) {
    char now[CLOCK_TEXT_BYTES];
    clock_text(clock_wall_ns(), now);
    fprintf(up->record, "%s %s\n", now, text);
    fflush(up->record);
}

/// Periodically rather than at every change: what is over within a blink is not worth a line.
static void refresh(void *context) {
    struct up *up = context;
    char states[SUPERVISOR_PROCESSES_MAX][64];
    const char *not_ready[SUPERVISOR_PROCESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < up->cascade.count; i++) {
        const struct supervised_status *status = supervisor_status(up->supervisor, i);
        if (status->state == SUPERVISED_READY) continue;
        snprintf(states[count], sizeof states[count], "%s %s", up->cascade.processes[i].name,
                 supervised_status_name(status));
        not_ready[count] = states[count];
        count++;
    }
    const struct status_line line = {up->site->plant_name, not_ready, count, up->seen ? &up->snapshot : NULL,
                                     up->is_up};
    char steady[SCREEN_LINE_BYTES], volatile_part[SCREEN_LINE_BYTES];
    status_line_print(&line, steady, volatile_part);
    screen_show(&up->screen, steady, volatile_part);
}

/// The link with the token is for the eyes of who sits there; in a file it would be a secret in a log.
static void say_console(struct up *up) {
    CLEANUP(free_at) char *url = site_http_url(up->site);
    CLEANUP(free_at) char *token_file = site_path(up->site, "secrets/api-token");
    if (url == NULL || token_file == NULL) return;
    CLEANUP(buffer_clear) struct buffer token = {0};
    if (up->screen.terminal && file_read(token_file, 4096, &token, NULL) == ERROR_NONE)
        screen_say(&up->screen, "  console      %s/?token=%.*s", url, TEXT_ARG(text_trim(buffer_view(&token))));
    else
        screen_say(&up->screen, "  console      %s/?token=TOKEN, the token is in %s", url, token_file);
}

static void say_where_to_look(struct up *up) {
    screen_say(&up->screen, "%s is up after %.1f s.", up->site->plant_name,
               (double)(clock_monotonic_ns() - up->started_ns) / NS_PER_S);
    say_console(up);
    bool named = up->options.data != NULL;
    screen_say(&up->screen, "  data folder  %s", up->site->data_folder);
    screen_say(&up->screen, "  other tools  splc connect%s%s   (OPC UA, MQTT, NATS, HTTP, Lambda: what to type)",
               named ? " --data " : "", named ? up->site->data_folder : "");
    screen_say(&up->screen, "  more         splc status, splc watch, splc --help");
    if (up->options.for_s > 0)
        screen_say(&up->screen, "  stops        by itself after %g s", up->options.for_s);
    else
        screen_say(&up->screen, "  stop         Ctrl-C");
}

// --- what happens ---

static void time_is_over(void *context) {
    struct up *up = context;
    loop_stop(up->loop);
}

static void begin(struct up *up) {
    if (up->begun_ns != 0) return;
    up->begun_ns = clock_monotonic_ns();
    if (up->options.for_s <= 0) return;
    uint64_t delay_ns = (uint64_t)(up->options.for_s * (double)NS_PER_S);
    if (loop_timer(up->loop, delay_ns, 0, time_is_over, up) == NULL) loop_stop(up->loop);
}

static void begin_anyway(void *context) {
    begin(context);
}

static void process_failed(void *context, size_t index, const char *message) {
    (void)index;
    struct up *up = context;
    file_watch_forget(up->files); // its own doing is no mending
    screen_say(&up->screen, "%s", message);
    record(up, message);
}

/// The processes run; whether all is well is for the services to say.
static void all_ready(void *context) {
    struct up *up = context;
    record(up, "everything is ready");
    observer_start(up->observer);
}

static void something_changed(void *context) {
    struct up *up = context;
    supervisor_retry(up->supervisor);
}

static void all_stopped(void *context) {
    struct up *up = context;
    up->stopped = true;
    loop_stop(up->loop);
}

static void seen(void *context, const struct snapshot *snapshot) {
    struct up *up = context;
    if (!snapshot->answered) {
        if (up->silent_since_ms == 0) up->silent_since_ms = (int64_t)(clock_wall_ns() / NS_PER_MS);
        snapshot_grow_old(&up->snapshot, up->silent_since_ms);
        return;
    }
    up->silent_since_ms = 0;
    up->snapshot = *snapshot;
    up->seen = true;
    if (up->is_up || !snapshot_is_complete(snapshot)) return;
    up->is_up = true;
    say_where_to_look(up);
    begin(up);
}

// --- before anything starts ---

static enum error load(struct up *up, struct problem *problem) {
    enum error error = site_load(up->options.plant, up->options.data, up->options.port_offset, &up->site, problem);
    if (error) return error;
    up->findings = model_findings_create();
    if (up->findings == NULL) return ERROR_NO_MEMORY;
    error = plant_file_read(up->site->model_file, up->findings, &up->plant, problem);
    if (!error) return ERROR_NONE;
    size_t errors = model_findings_errors(up->findings);
    if (errors < 2) return error;
    struct problem first = *problem;
    return problem_say(problem, error, "%.380s (and %zu more: splc model check %.60s)", first.text, errors - 1,
                       up->options.plant);
}

static enum error prepare(struct up *up, struct problem *problem) {
    enum error error = data_folder_lock(up->site, &up->lock_fd, problem);
    if (!error) error = ports_check(up->site, problem);
    if (!error) error = data_folder_make(up->site, up->plant, problem);
    if (!error) error = nats_conf_write(up->site, up->plant, problem);
    if (!error) error = connect_file_write(up->site, up->plant, problem);
    if (!error) error = data_folder_make_current(up->site, problem);
    return error;
}

static bool is_simulated(const struct up *up) {
    const char *driver = up->site->edge.driver;
    return driver == NULL || strcmp(driver, "sim") == 0;
}

/// Whether the simulated plant counts workpieces: a plant of vessels has none.
static bool counts_workpieces(const struct up *up) {
    const struct plant_class *class = is_simulated(up) ? plant_find_class(up->plant, TEXT("Simulation")) : NULL;
    for (size_t i = 0; class != NULL && i < class->variable_count; i++)
        if (text_is(class->variables[i].name, "fed")) return true;
    return false;
}

static enum error open_record(struct up *up, struct problem *problem) {
    CLEANUP(free_at) char *path = site_path(up->site, "log/up.log");
    if (path == NULL) return ERROR_NO_MEMORY;
    int fd;
    off_t start;
    enum error error = log_file_open(path, &fd, &start, problem);
    if (error) return error;
    up->record = fdopen(fd, "a");
    if (up->record != NULL) return ERROR_NONE;
    close(fd);
    return ERROR_NO_MEMORY;
}

static enum error make_observer(struct up *up) {
    const struct observer_options options = {.site = up->site, .plant = up->plant, .seen = seen, .context = up};
    return observer_create(up->loop, &options, &up->observer);
}

/// Every folder with files that a service reads when it starts.
static enum error watch_files(struct up *up) {
    static const char *const folders[] = {"pki", "pki/opcua", "secrets", "edge", "nats"}; // of the data folder
    up->files = file_watch_create(up->loop, something_changed, up);
    if (up->files == NULL) return ERROR_LIMIT;
    file_watch_add(up->files, up->site->plant_folder);
    for (size_t i = 0; i < up->site->fog.function_count; i++) {
        file_watch_add(up->files, up->site->fog.functions[i].folder);
    }
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        CLEANUP(free_at) char *folder = site_path(up->site, folders[i]);
        if (folder != NULL) file_watch_add(up->files, folder);
    }
    return ERROR_NONE;
}

static enum error make_supervisor(struct up *up, struct problem *problem) {
    CLEANUP(free_at) char *own_folder = file_program_folder();
    const char *programs = up->options.programs != NULL ? up->options.programs : own_folder;
    if (programs == NULL) return ERROR_NO_MEMORY;
    const struct cascade_options cascade = {up->site, programs, up->options.speed, up->options.seed,
                                            &up->options.press};
    enum error error = cascade_init(&up->cascade, &cascade);
    if (error) return error;
    const struct supervisor_watcher watcher = {process_failed, all_ready, all_stopped, up};
    return supervisor_create(up->loop, up->cascade.processes, up->cascade.count, &watcher, &up->supervisor, problem);
}

/// A closed terminal stops the plant as Ctrl-C does.
static void hang_up(int number) {
    (void)number;
    kill(getpid(), SIGTERM);
}

static enum error make_loop(struct up *up) {
    signal(SIGPIPE, SIG_IGN);
    if (signal(SIGHUP, hang_up) == SIG_IGN) signal(SIGHUP, SIG_IGN); // nohup wants it so
    up->loop = loop_create();
    return up->loop == NULL ? ERROR_NO_MEMORY : loop_stop_on_signals(up->loop);
}

// --- at the end ---

static void list_processes(const struct up *up, struct summary_process *processes, size_t *count) {
    for (size_t i = 0; i < up->cascade.count; i++) {
        const struct supervised_status *status = supervisor_status(up->supervisor, i);
        struct summary_process *process = &processes[(*count)++];
        *process = (struct summary_process){.memory_kib = status->pid == 0 ? 0 : process_resident_kib(status->pid),
                                            .restartable = true,
                                            .restarts = status->restarts,
                                            .ready = status->state == SUPERVISED_READY,
                                            .crashed = status->crashed,
                                            .reason = status->reason};
        snprintf(process->name, sizeof process->name, "%s", up->cascade.processes[i].name);
    }
    for (size_t i = 0; i < up->cascade.count; i++) {
        children_add(supervisor_status(up->supervisor, i)->pid, up->cascade.processes[i].name, processes,
                     SUMMARY_PROCESSES_MAX, count);
    }
}

/// While everything still runs: a last look, and the summary of it.
static bool summarize(struct up *up, struct buffer *out) {
    struct snapshot snapshot;
    observer_look_now(up->observer, &snapshot);
    struct summary_process processes[SUMMARY_PROCESSES_MAX];
    size_t count = 0;
    list_processes(up, processes, &count);
    double period_ms = up->site->edge.scan_period_ms;
    if (period_ms == 0) period_ms = plant_number(up->plant->controller, TEXT("CycleTime"), 0);
    const struct summary summary = {
        .plant = up->site->plant_name,
        .seconds = up->begun_ns == 0 ? 0 : (double)(clock_monotonic_ns() - up->begun_ns) / NS_PER_S,
        .period_ms = period_ms,
        .counts_workpieces = counts_workpieces(up),
        .snapshot = &snapshot,
        .processes = processes,
        .process_count = count,
    };
    summary_print(&summary, out);
    return summary_is_good(&summary);
}

/// Until everything has ended; a second Ctrl-C ends it by force.
static enum error stop_all(struct up *up) {
    screen_say(&up->screen, "stopping");
    record(up, "stopping");
    enum error error = ERROR_NONE;
    while (!up->stopped && !error) {
        supervisor_stop(up->supervisor);
        error = loop_run(up->loop);
    }
    return error;
}

static int run(struct up *up) {
    record(up, "starting");
    supervisor_start(up->supervisor);
    uint64_t period_ns = up->screen.terminal ? REFRESH_LIVE_NS : REFRESH_PLAIN_NS;
    struct loop_timer *refreshing = loop_timer(up->loop, period_ns, period_ns, refresh, up);
    struct loop_timer *beginning = loop_timer(up->loop, BEGIN_LIMIT_NS, 0, begin_anyway, up);
    if (refreshing == NULL || beginning == NULL) return refuse("out of memory");
    if (loop_run(up->loop)) return refuse("the event loop failed"); // until the time is over, or a signal
    CLEANUP(buffer_clear) struct buffer summary = {0};
    loop_timer_cancel(refreshing);
    bool good = up->options.for_s <= 0 || summarize(up, &summary);
    if (stop_all(up)) return refuse("the event loop failed");
    screen_close(&up->screen);
    if (up->options.for_s > 0) printf("%.*s\n", TEXT_ARG(buffer_view(&summary)));
    return good ? EXIT_DONE : EXIT_REFUSED;
}

static void close_up(struct up *up) {
    observer_destroy(up->observer);
    file_watch_destroy(up->files);
    supervisor_destroy(up->supervisor);
    cascade_clear(&up->cascade);
    loop_destroy(up->loop);
    plant_destroy(up->plant);
    model_findings_destroy(up->findings);
    site_destroy(up->site);
    if (up->record != NULL) fclose(up->record);
    if (up->lock_fd >= 0) close(up->lock_fd);
}

static int up(const struct up_options *options) {
    CLEANUP(close_up) struct up up = {.options = *options, .lock_fd = -1, .started_ns = clock_monotonic_ns()};
    struct problem problem = {""};
    screen_open(&up.screen, stdout, !options->headless);
    enum error error = load(&up, &problem);
    if (!error) error = prepare(&up, &problem);
    if (!error) error = open_record(&up, &problem);
    if (!error) error = make_loop(&up);
    if (!error) error = watch_files(&up);
    if (!error) error = make_observer(&up);
    if (!error) error = make_supervisor(&up, &problem);
    if (error) return refuse("%s", problem.text[0] == '\0' ? error_text(error) : problem.text);
    return run(&up);
}

// --- the command line ---

static const char summary[] =
    "Starts everything of a plant on this machine: nats-server, the edge (splc-edge, with the simulated plant unless\n"
    "the site file says otherwise), the services of the fog (splc-fog twins, gateway, functions, api). Keeps them\n"
    "running: one that dies is started again, one that gives no sign of life (site file: supervision.silence) is\n"
    "killed and started again, one that cannot run as things are is started again when a file of the plant or of the\n"
    "data folder has changed. Stops them all, in reverse order, on Ctrl-C or SIGTERM; a second one\n"
    "stops by force.\n"
    "PLANT is a plant folder with plant.aml and site.yaml.\n"
    "\n"
    "On first use it makes the data folder: certificates, credentials, storage; what is there is never overwritten.\n"
    "Everything listens on the addresses of the site file, 127.0.0.1 unless it says otherwise.";

static const char epilog[] =
    "    Words for --sim-press: start, stop, reset, automatic, manual, emergency_stop, emergency_release, refill,\n"
    "    empty_slide; none presses nothing.\n"
    "\n"
    "FILES\n"
    "    PLANT/site.yaml         where the plant runs: addresses, ports, limits (docs/spec/site.md)\n"
    "    DATA/connect.json       URLs, certificates and credentials for other tools; see splc connect\n"
    "    DATA/log/*.log          what each process says; up.log: starts, ends and their reasons\n"
    "    DATA is --data, or $XDG_STATE_HOME/splc/PLANT, or ~/.local/state/splc/PLANT. Without --data the link\n"
    "    `current` beside it points to it, and the other commands find it there.\n"
    "\n"
    "SUMMARY\n"
    "    With --for the last line of the output is one JSON object: plant, seconds; live (false: the edge was not\n"
    "    reachable at the end, its figures are those known last); workpieces (what really happened: fed, sorted,\n"
    "    passed, lost, by material; null in a plant without workpieces), counted (what the functions counted); scan\n"
    "    (cycles, missed, time_us, time_max_us, period_ms); latency_ms (sensor change to actuator change: count, p50,\n"
    "    p99); memory_kib and\n"
    "    restarts of each process; errors.\n"
    "\n"
    "EXAMPLES\n"
    "    splc up plants/mps\n"
    "    splc up plants/mps --headless --for 120 --sim-press automatic --sim-press start\n"
    "    splc up plants/mps --data /tmp/second --port-offset 100 --speed 10\n"
    "\n"
    "EXIT STATUS\n"
    "    0  stopped; with --for: nothing was lost, and there was no error\n"
    "    1  it could not start (the reason is on standard error), or with --for: something was lost, or went wrong\n"
    "    2  wrong usage\n";

static int check_press(const struct option_list *press) {
    size_t word_count = 0;
    while (site_press_words[word_count] != NULL) word_count++;
    if (press->count == 1 && strcmp(press->values[0], "none") == 0) return EXIT_DONE;
    for (size_t i = 0; i < press->count; i++) {
        size_t at = 0;
        while (at < word_count && strcmp(press->values[i], site_press_words[at]) != 0) at++;
        if (at < word_count) continue;
        const char *near = nearest_word(text_of(press->values[i]), site_press_words, word_count);
        return refuse_usage("option --sim-press: \"%s\" is unknown%s%s%s; see splc up --help", press->values[i],
                            near == NULL ? "" : " (did you mean ", near == NULL ? "" : near, near == NULL ? "" : "?)");
    }
    return EXIT_DONE;
}

/// Numbers that are handed on as they were typed, but must be right.
static int check_numbers(const struct up_options *options) {
    double speed;
    if (options->speed != NULL && (text_to_real(text_of(options->speed), &speed) || !(speed > 0 && speed <= 1000))) {
        return refuse_usage("option --speed: \"%s\" is not a number above 0, up to 1000", options->speed);
    }
    uint64_t seed;
    if (options->seed != NULL && (text_to_u64(text_of(options->seed), &seed) || seed == 0 || seed > UINT32_MAX)) {
        return refuse_usage("option --seed: \"%s\" is not a whole number from 1 to 4294967295", options->seed);
    }
    if (!(options->for_s >= 0 && options->for_s <= 1e9)) return refuse_usage("option --for: give seconds above 0");
    return EXIT_DONE;
}

int command_up(int argc, char **argv) {
    struct up_options chosen = {0};
    const struct option table[] = {
        {"data", "DIR", "folder for certificates, credentials, storage and logs", OPTION_TEXT, &chosen.data},
        {"port-offset", "N", "added to every port, so that several plants run side by side", OPTION_UNSIGNED,
         &chosen.port_offset},
        {"for", "SECONDS", "stop by itself so long after everything was ready, with a summary", OPTION_REAL,
         &chosen.for_s},
        {"headless", NULL, "no live line and no link with the token, even on a terminal: for scripts", OPTION_FLAG,
         &chosen.headless},
        {"sim-press", "WORD",
         "somebody at the simulated panel does this first; may be repeated;\n"
         "default: the list in the site file",
         OPTION_LIST, &chosen.press},
        {"speed", "N", "run the simulated plant N times as fast; default: the site file's", OPTION_TEXT, &chosen.speed},
        {"seed", "N", "of the simulated plant: what comes from the magazine", OPTION_TEXT, &chosen.seed},
        {"programs", "DIR", "folder with splc-edge and splc-fog; default: that of splc itself", OPTION_TEXT,
         &chosen.programs},
    };
    const struct options options = {.usage = "splc up PLANT [OPTIONS]",
                                    .summary = summary,
                                    .table = table,
                                    .count = sizeof table / sizeof *table,
                                    .epilog = epilog};
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count != 1) return refuse_usage("which plant? usage: %s; see splc up --help", options.usage);
    chosen.plant = arguments[0];
    int status = check_numbers(&chosen);
    if (status == EXIT_DONE) status = check_press(&chosen.press);
    return status != EXIT_DONE ? status : up(&chosen);
}
