#include <scan/authority.h>

void authority_init(struct authority *authority, uint64_t soft_ns, uint64_t hard_ns) {
    *authority = (struct authority){.soft_ns = soft_ns, .hard_ns = hard_ns};
}

static void lose(struct authority *authority) {
    authority->state = AUTHORITY_LOST;
    authority->loser = authority->session;
    authority->session = 0;
}

bool authority_held_by(const struct authority *authority, uint32_t session) {
    return authority->state == AUTHORITY_HELD && authority->session == session;
}

enum authority_status authority_grant(struct authority *authority, uint32_t session, enum scan_role role,
                                      uint64_t now) {
    if (role < SCAN_ROLE_OPERATOR) return AUTHORITY_ROLE;
    if (authority_held_by(authority, session)) return authority_renew(authority, session, now);
    if (authority->state == AUTHORITY_HELD) return AUTHORITY_OTHER;
    authority->state = AUTHORITY_HELD;
    authority->session = session;
    authority->epoch++;
    authority->renewed_ns = now;
    return AUTHORITY_OK;
}

enum authority_status authority_renew(struct authority *authority, uint32_t session, uint64_t now) {
    if (!authority_held_by(authority, session)) return AUTHORITY_NOT_LOCKED;
    authority->renewed_ns = now;
    return AUTHORITY_OK;
}

enum authority_status authority_release(struct authority *authority, uint32_t session, bool at_rest) {
    if (!authority_held_by(authority, session)) return AUTHORITY_NOT_LOCKED;
    lose(authority);
    if (at_rest) authority->state = AUTHORITY_FREE;
    return AUTHORITY_OK;
}

enum authority_status authority_break(struct authority *authority, enum scan_role role) {
    if (role < SCAN_ROLE_OPERATOR) return AUTHORITY_ROLE;
    if (authority->state != AUTHORITY_HELD) return AUTHORITY_NOT_LOCKED;
    lose(authority);
    return AUTHORITY_OK;
}

bool authority_session_gone(struct authority *authority, uint32_t session) {
    if (!authority_held_by(authority, session)) return false;
    lose(authority);
    return true;
}

enum authority_tick authority_tick(struct authority *authority, uint64_t now) {
    uint64_t silent_ns = now - authority->renewed_ns;
    if (authority->state == AUTHORITY_HELD && silent_ns >= authority->soft_ns) {
        lose(authority);
        return AUTHORITY_SOFT;
    }
    if (authority->state == AUTHORITY_LOST && silent_ns >= authority->hard_ns) {
        authority->state = AUTHORITY_FREE;
        return AUTHORITY_HARD;
    }
    return AUTHORITY_UNCHANGED;
}

uint32_t authority_remaining_s(const struct authority *authority, uint64_t now) {
    if (authority->state != AUTHORITY_HELD) return 0;
    uint64_t silent_ns = now - authority->renewed_ns;
    if (silent_ns >= authority->soft_ns) return 0;
    const uint64_t second_ns = 1000000000;
    return (uint32_t)((authority->soft_ns - silent_ns + second_ns - 1) / second_ns);
}
