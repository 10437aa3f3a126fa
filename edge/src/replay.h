/// `splc-edge replay FILE`: a recording once more. Returns the exit status.
#pragma once

int replay_main(int argc, char **argv); // argv[0] is "replay"
