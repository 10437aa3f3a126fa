/// The broker's configuration, DATA/nats/nats.conf: who may connect, and who may say what (docs/spec/bus.md). Written
/// at each start, because ports and things may have changed.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <model/model.h>
#include <site/site.h>

/// Pure: `password_of` gives the password of a bus user, borrowed until the next call; NULL: there is none.
struct nats_conf {
    const struct site *site;
    const struct plant *plant;
    const char *(*password_of)(void *context, const char *user);
    void *context;
};
enum error nats_conf_print(const struct nats_conf *conf, struct buffer *out);

/// The same with the passwords of the data folder, to its file, mode 0600.
enum error nats_conf_write(const struct site *site, const struct plant *plant, struct problem *ret_problem);
