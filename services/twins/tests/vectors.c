// The runner of the shadow sequences, as lib/twin has it for the engine alone.
#include "../../../lib/twin/tests/vectors.c" // NOLINT(bugprone-suspicious-include): one runner for both
