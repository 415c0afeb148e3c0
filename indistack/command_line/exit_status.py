"""How a command ends, for scripts."""

DONE, FAILED, WRONG_USAGE = 0, 1, 2

INTERRUPTED = 130
"""By CTRL-C, as shells have it: 128 and the signal's number."""
