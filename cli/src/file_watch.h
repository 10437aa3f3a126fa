/// Tells when somebody has changed a file in one of some folders: its bytes, its mode, its name.
/// Threads: the loop's.
#pragma once

#include <base/cleanup.h>
#include <base/loop.h>

struct file_watch;
/// `changed` comes once for what happens within a fifth of a second. NULL when the system refuses.
struct file_watch *file_watch_create(struct loop *loop, loop_fn *changed, void *context);
void file_watch_destroy(struct file_watch *watch); // NULL is fine
CLEANUP_DEFINE(struct file_watch, file_watch_destroy)

/// The files in it, not those of folders in it. One that does not exist is left out.
void file_watch_add(struct file_watch *watch, const char *folder);
/// What has happened so far is no news.
void file_watch_forget(struct file_watch *watch);
