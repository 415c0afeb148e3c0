"""How a command ends, for scripts."""

DONE, FAILED, WRONG_USAGE = 0, 1, 2
