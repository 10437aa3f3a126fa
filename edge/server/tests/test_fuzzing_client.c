// A client that says nonsense: random bytes, mutated messages, plausible requests with implausible contents,
// connections that are opened and left. The seed is fixed. The server must go on serving, the scan must go on scanning,
// and nothing may be left behind (the sanitizers of this build watch the rest).

#include "line.h"

#include <base/buffer.h>
#include <base/clock.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ROUNDS = 12, CONNECTIONS = 100, REQUESTS_MAX = 12, IDLE = 100, ANSWER_MS = 5, ANSWER_BYTES = 65536 };
static const uint64_t SEED = 20240607;

// --- chance ---

struct chance {
    uint64_t state;
};

static uint64_t draw(struct chance *chance) { // splitmix64
    uint64_t number = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

static uint32_t below(struct chance *chance, uint32_t limit) {
    return (uint32_t)(draw(chance) % limit);
}

// --- OPC 10000-6 in small ---

static void put32(struct buffer *out, uint32_t number) {
    buffer_append(out, &number, sizeof number); // little-endian, as the wire
}

static void put64(struct buffer *out, uint64_t number) {
    buffer_append(out, &number, sizeof number);
}

static void put_string(struct buffer *out, const char *string) {
    put32(out, (uint32_t)strlen(string));
    buffer_string(out, string);
}

/// A message's first eight bytes, with room for its size.
static void begin(struct buffer *out, const char *type) {
    buffer_reset(out);
    buffer_append(out, type, 4);
    put32(out, 0);
}

static void end(struct buffer *out) {
    uint32_t size = (uint32_t)out->length;
    memcpy(out->data + 4, &size, sizeof size);
}

static void put_hello(struct buffer *out, uint16_t port) {
    char url[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%u", port);
    begin(out, "HELF");
    put32(out, 0);
    put32(out, 65535);
    put32(out, 65535);
    put32(out, 0);
    put32(out, 0);
    put_string(out, url);
    end(out);
}

static void put_request_header(struct buffer *out, uint16_t type) {
    buffer_append(out, "\x01\x00", 2); // a NodeId of namespace 0 in four bytes
    buffer_append(out, &type, sizeof type);
    buffer_append(out, "\x00\x00", 2); // no authentication token
    put64(out, UINT64_C(0x1d9a0b0c0d0e0f0));
    put32(out, 1);
    put32(out, 0);
    put32(out, UINT32_MAX);
    put32(out, 10000);
    buffer_append(out, "\x00\x00\x00", 3);
}

static void put_open(struct buffer *out, const char *policy, const char *certificate) {
    begin(out, "OPNF");
    put32(out, 0);
    put_string(out, policy);
    if (certificate == NULL)
        put32(out, UINT32_MAX);
    else
        put_string(out, certificate);
    if (certificate == NULL)
        put32(out, UINT32_MAX);
    else
        put_string(out, "12345678901234567890"); // a thumbprint has twenty bytes
    put32(out, 1);
    put32(out, 1);
    put_request_header(out, 446);
    put32(out, 0);
    put32(out, 0); // issue
    put32(out, 1); // security mode None
    put32(out, UINT32_MAX);
    put32(out, 3600 * 1000);
    end(out);
}

struct channel {
    uint32_t id, token, sequence;
};

/// Every request that there is, discovery first: without security the server answers nothing else, but has to read it.
static const uint16_t REQUESTS[] = {428, 422, 437, 461, 467, 473, 479, 488, 494, 500, 506, 527,
                                    533, 554, 560, 566, 631, 664, 673, 700, 712, 751, 763, 769,
                                    775, 781, 787, 793, 799, 826, 832, 841, 847, 452, 446};

/// What looks like the contents of a request: lengths, texts, nodes, numbers, often small.
static void put_contents(struct buffer *out, struct chance *chance) {
    for (uint32_t i = below(chance, 24); i > 0; i--) {
        switch (below(chance, 8)) {
        case 0: put32(out, below(chance, 5)); break;
        case 1: put32(out, UINT32_MAX); break;
        case 2: put32(out, (uint32_t)draw(chance)); break;
        case 3: put_string(out, "opc.tcp://127.0.0.1:4840"); break;
        case 4: put64(out, draw(chance)); break;
        case 5: buffer_append(out, "\x01\x00\xd0\x08", 4); break; // i=2256
        case 6: buffer_append(out, "\x03\x02\x00\x03\x00\x00\x00MPS", 10); break;
        default: buffer_byte(out, (char)draw(chance)); break;
        }
    }
}

static void put_request(struct buffer *out, struct channel *channel, struct chance *chance) {
    static const char *const kinds[] = {"MSGF", "MSGF", "MSGF", "MSGC", "MSGA", "CLOF"};
    begin(out, kinds[below(chance, sizeof kinds / sizeof kinds[0])]);
    put32(out, channel->id);
    put32(out, channel->token);
    put32(out, ++channel->sequence);
    put32(out, channel->sequence);
    put_request_header(out, REQUESTS[below(chance, sizeof REQUESTS / sizeof REQUESTS[0])]);
    put_contents(out, chance);
    end(out);
}

/// A few bits, bytes or lengths are not what they were.
static void mutate(struct buffer *message, struct chance *chance) {
    for (uint32_t i = 1 + below(chance, 4); i > 0; i--) {
        size_t at = below(chance, (uint32_t)message->length);
        static const uint32_t lengths[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 65536};
        uint32_t length = lengths[below(chance, sizeof lengths / sizeof lengths[0])];
        switch (below(chance, 4)) {
        case 0: message->data[at] = (char)(message->data[at] ^ 1 << below(chance, 8)); break;
        case 1: message->data[at] = (char)draw(chance); break;
        case 2:
            if (at + sizeof length <= message->length) memcpy(message->data + at, &length, sizeof length);
            break;
        default:
            if (at > 8) message->length = at; // ends early
            break;
        }
    }
}

// --- the client ---

enum phase { NONSENSE, POLITE, DONE };

struct fuzzer {
    uint16_t port;
    struct chance chance;
    struct buffer message;
    uint8_t answer[ANSWER_BYTES];
    size_t connected, answered, served;
    atomic_int phase;
};

static int dial(struct fuzzer *fuzzer) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(fuzzer->port)};
    struct timeval patience = {.tv_usec = ANSWER_MS * 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) abort();
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) abort();
    fuzzer->connected++;
    return fd;
}

static bool say(struct fuzzer *fuzzer, int fd) {
    if (fuzzer->message.failed) abort();
    return send(fd, fuzzer->message.data, fuzzer->message.length, MSG_NOSIGNAL) == (ssize_t)fuzzer->message.length;
}

static size_t hear(struct fuzzer *fuzzer, int fd) {
    ssize_t length = recv(fd, fuzzer->answer, sizeof fuzzer->answer, 0);
    if (length <= 0) return 0;
    fuzzer->answered++;
    return (size_t)length;
}

static bool greet(struct fuzzer *fuzzer, int fd) {
    put_hello(&fuzzer->message, fuzzer->port);
    return say(fuzzer, fd) && hear(fuzzer, fd) >= 8 && memcmp(fuzzer->answer, "ACKF", 4) == 0;
}

/// The tokens stand behind the response's header, whose texts are empty.
static bool open_channel(struct fuzzer *fuzzer, int fd, struct channel *ret_channel) {
    static const char policy[] = "http://opcfoundation.org/UA/SecurityPolicy#None";
    put_open(&fuzzer->message, policy, NULL);
    const size_t tokens = 12 + 4 + sizeof policy - 1 + 4 + 4 + 8 + 4 + 24 + 4;
    if (!say(fuzzer, fd) || hear(fuzzer, fd) < tokens + 8) return false;
    if (memcmp(fuzzer->answer, "OPNF", 4) != 0) return false;
    *ret_channel = (struct channel){.sequence = 1};
    memcpy(&ret_channel->id, fuzzer->answer + tokens, sizeof ret_channel->id);
    memcpy(&ret_channel->token, fuzzer->answer + tokens + 4, sizeof ret_channel->token);
    return true;
}

static void say_random(struct fuzzer *fuzzer, int fd) {
    buffer_reset(&fuzzer->message);
    for (uint32_t i = 1 + below(&fuzzer->chance, 300); i > 0; i--) put64(&fuzzer->message, draw(&fuzzer->chance));
    say(fuzzer, fd);
}

static void random_at_once(struct fuzzer *fuzzer, int fd) {
    say_random(fuzzer, fd);
}

static void random_after_hello(struct fuzzer *fuzzer, int fd) {
    if (greet(fuzzer, fd)) say_random(fuzzer, fd);
}

static void mutated_hello(struct fuzzer *fuzzer, int fd) {
    put_hello(&fuzzer->message, fuzzer->port);
    mutate(&fuzzer->message, &fuzzer->chance);
    say(fuzzer, fd);
    hear(fuzzer, fd);
}

static void mutated_open(struct fuzzer *fuzzer, int fd) {
    static const char *const policies[] = {"http://opcfoundation.org/UA/SecurityPolicy#None",
                                           "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
                                           "http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss"};
    if (!greet(fuzzer, fd)) return;
    uint32_t which = below(&fuzzer->chance, 3);
    put_open(&fuzzer->message, policies[which], which == 0 ? NULL : "0\x82\x01\x01 this is no certificate");
    mutate(&fuzzer->message, &fuzzer->chance);
    say(fuzzer, fd);
    hear(fuzzer, fd);
}

static void requests(struct fuzzer *fuzzer, int fd, bool mutated) {
    struct channel channel;
    if (!greet(fuzzer, fd) || !open_channel(fuzzer, fd, &channel)) return;
    for (uint32_t i = 1 + below(&fuzzer->chance, REQUESTS_MAX); i > 0; i--) {
        put_request(&fuzzer->message, &channel, &fuzzer->chance);
        if (mutated) mutate(&fuzzer->message, &fuzzer->chance);
        if (!say(fuzzer, fd)) return;
    }
    hear(fuzzer, fd);
}

static void odd_requests(struct fuzzer *fuzzer, int fd) {
    requests(fuzzer, fd, false);
}

static void mutated_requests(struct fuzzer *fuzzer, int fd) {
    requests(fuzzer, fd, true);
}

/// A round of its own among the others, so that what the machine has to do besides is the same for both.
static void polite(struct fuzzer *fuzzer, int fd) {
    struct channel channel;
    if (!greet(fuzzer, fd) || !open_channel(fuzzer, fd, &channel)) return;
    begin(&fuzzer->message, "MSGF");
    put32(&fuzzer->message, channel.id);
    put32(&fuzzer->message, channel.token);
    put32(&fuzzer->message, 2);
    put32(&fuzzer->message, 2);
    put_request_header(&fuzzer->message, REQUESTS[0]);
    put_string(&fuzzer->message, "opc.tcp://127.0.0.1");
    put32(&fuzzer->message, 0);
    put32(&fuzzer->message, 0);
    end(&fuzzer->message);
    if (say(fuzzer, fd) && hear(fuzzer, fd) > 0 && memcmp(fuzzer->answer, "MSGF", 4) == 0) fuzzer->served++;
}

static void *fuzz(void *context) {
    static void (*const manners[])(struct fuzzer * fuzzer, int fd) = {
        random_at_once, random_after_hello, mutated_hello, mutated_open, odd_requests, odd_requests, mutated_requests,
    };
    struct fuzzer *fuzzer = context;
    int idle[IDLE];
    for (size_t i = 0; i < IDLE; i++) idle[i] = dial(fuzzer); // opened and left
    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        atomic_store(&fuzzer->phase, round % 2 == 0 ? NONSENSE : POLITE);
        for (size_t i = 0; i < CONNECTIONS; i++) {
            int fd = dial(fuzzer);
            uint32_t manner = below(&fuzzer->chance, sizeof manners / sizeof manners[0]);
            (round % 2 == 0 ? manners[manner] : polite)(fuzzer, fd);
            close(fd);
        }
    }
    for (size_t i = 0; i < IDLE; i++) close(idle[i]);
    buffer_clear(&fuzzer->message);
    atomic_store(&fuzzer->phase, DONE);
    return NULL;
}

// --- what it may do to others ---

static size_t count_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    return count;
}

/// Scans of each phase.
struct share {
    uint64_t missed, cycles;
};

static double missed_of(struct share share) {
    return (double)share.missed / (double)(share.missed + share.cycles);
}

/// A client's round trips meanwhile.
static void serve_while_fuzzing(struct line *line, struct hand *hand, struct fuzzer *fuzzer,
                                struct share shares[static DONE]) {
    for (int phase = NONSENSE; phase != DONE;) {
        struct runtime_report before = runtime_report(line->runtime);
        assert_string_equal(hand_read(hand, "mps_plc/State").texts[0], "run");
        struct runtime_report after = runtime_report(line->runtime);
        shares[phase].missed += after.missed - before.missed;
        shares[phase].cycles += after.cycles - before.cycles;
        phase = atomic_load(&fuzzer->phase);
    }
}

static void nonsense_harms_nobody(void **state) {
    (void)state;
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "operator");
    hand_await_text(&hand, "mps_plc/State", "run");
    size_t descriptors = count_descriptors();
    struct fuzzer *fuzzer = calloc(1, sizeof *fuzzer);
    assert_non_null(fuzzer);
    fuzzer->port = server_port(line->server);
    fuzzer->chance.state = SEED;
    pthread_t thread;
    struct share shares[DONE] = {0};
    assert_int_equal(pthread_create(&thread, NULL, fuzz, fuzzer), 0);
    serve_while_fuzzing(line, &hand, fuzzer, shares);
    assert_int_equal(pthread_join(thread, NULL), 0);
    double nonsense = missed_of(shares[NONSENSE]), politeness = missed_of(shares[POLITE]);
    print_message("%zu connections, %zu answers, %zu polite ones served; scans missed: %.2f %%, while polite %.2f %%\n",
                  fuzzer->connected, fuzzer->answered, fuzzer->served, 100 * nonsense, 100 * politeness);
    assert_true(fuzzer->answered - fuzzer->served > ROUNDS * CONNECTIONS / 2); // it came as far as being answered
    assert_true(fuzzer->served > ROUNDS * CONNECTIONS / 2);                    // within 5 ms, on a busy machine
    free(fuzzer);
    const double slack = 0.1; // of a test without real-time priority
    assert_true(nonsense <= 2 * politeness + slack);

    hand_close(&hand);
    struct hand newcomer;
    hand_connect(&newcomer, line, "engineer");
    hand_lock(&newcomer);
    struct value right = int32_value(1);
    assert_int_equal(hand_call(&newcomer, "mps_conveyor/motor", "setDirection", &right, 1).status, STATUS_Good);
    uint64_t patience_ns = clock_monotonic_ns() + LINE_WAIT_S * NS_PER_S;
    while (count_descriptors() > descriptors && clock_monotonic_ns() < patience_ns) line_run_for(line, NS_PER_MS);
    assert_true(count_descriptors() <= descriptors);
    assert_int_equal(server_session_count(line->server), 1);
    hand_close(&newcomer);
}

static struct value any_value(struct chance *chance, char text[static 64]) {
    static const enum value_type types[] = {VALUE_BOOL,   VALUE_INT32,  VALUE_UINT16,
                                            VALUE_UINT32, VALUE_DOUBLE, VALUE_STRING};
    struct value value = {.type = types[below(chance, sizeof types / sizeof types[0])]};
    uint64_t bits = draw(chance);
    if (value.type == VALUE_BOOL) value.boolean = bits & 1;
    if (value.type == VALUE_INT32) value.int32 = (int32_t)bits;
    if (value.type == VALUE_UINT16) value.uint16 = (uint16_t)bits;
    if (value.type == VALUE_UINT32) value.uint32 = (uint32_t)bits;
    if (value.type == VALUE_DOUBLE) memcpy(&value.real, &bits, sizeof value.real); // NaN and infinities as well
    if (value.type != VALUE_STRING) return value;
    snprintf(text, 64, "%.*s", (int)below(chance, 64),
             "mps_conveyor/motor/direction/right/state\x01\xff\xfe%n%s{module}");
    value.string = text_of(text);
    return value;
}

static void a_viewer_tries_everything(void **state) {
    (void)state;
    static const char *const objects[] = {
        "mps_conveyor/motor", "mps_magazine/ejector", "mps_hmi/indicator_Q1", "Lock", "Forcing", "mps_plc",
        "mps_simulation"};
    static const char *const methods[] = {"setDirection", "setPosition", "setState", "InitLock", "BreakLock",  "Force",
                                          "UnforceAll",   "reset",       "press",    "turn",     "SessionGone"};
    enum { CALLS = 1000, ARGUMENTS_MAX = 6 };
    CLEANUP(line_destroy_at) struct line *line = line_create(NULL);
    struct hand hand;
    hand_connect(&hand, line, "viewer");
    struct chance chance = {SEED};
    for (size_t i = 0; i < CALLS; i++) {
        char texts[ARGUMENTS_MAX][64];
        struct value values[ARGUMENTS_MAX];
        size_t count = below(&chance, ARGUMENTS_MAX + 1);
        for (size_t k = 0; k < count; k++) values[k] = any_value(&chance, texts[k]);
        struct answer answer = hand_call(&hand, objects[below(&chance, sizeof objects / sizeof objects[0])],
                                         methods[below(&chance, sizeof methods / sizeof methods[0])], values, count);
        assert_true(status_is_bad(answer.status));
    }
    assert_string_equal(hand_read(&hand, "mps_plc/State").texts[0], "run");
    assert_false(hand_read(&hand, "Lock/Locked").values[0].boolean);
    hand_close(&hand);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        {"[opcua-1.5] the port survives a client that says nonsense, and nobody else notices", nonsense_harms_nobody,
         NULL, NULL, NULL},
        {"[opcua-1.3] whatever a viewer calls, with whatever arguments, is refused", a_viewer_tries_everything, NULL,
         NULL, NULL},
    };
    return cmocka_run_group_tests_name("fuzzing client", tests, line_make_identities, line_remove_identities);
}
