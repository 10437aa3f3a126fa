/// Small programs in the place of splc-edge and splc-fog: the test program itself, under another name. As `splc` it is
/// the commands that are tested.
///
/// What they do is in the environment: STANDIN_<SERVICE> is "fail" (ends with 3 before it is ready), "silent" (never
/// ready), "deaf" (ignores SIGTERM), "choosy" (ends with 78 as long as there is no file
/// DATA/pki/mended), or absent (ready at once, ends on SIGTERM). Each writes a line to the file
/// DATA/standin: "start SERVICE PID ARGUMENTS", "stop SERVICE". `api` serves the plant's HTTP interface with figures
/// that look like a good run; what is posted to it goes to DATA/standin as well.
#pragma once

#include <stdbool.h>

/// True when this process is a stand-in: it has done its work, and `ret_status` is its exit status.
bool standin_ran(int argc, char **argv, int *ret_status);

/// A folder with links to this program as splc, splc-edge and splc-fog; for the caller to free and testing_remove.
char *standin_programs(void);
