"""An entry of a list that is read at 80 columns: a name, its facts, and what may be long on a line of its own."""

from __future__ import annotations

import textwrap

from indistack.command_line.say import say

WIDTH, INDENT = 80, 22


def print_entry(name: str, facts: str, more: str = "") -> None:
    """Print an entry; a word that is longer than a line stays whole, as it may be copied."""
    for line in entry_lines(name, facts, more):
        say(line)


def entry_lines(name: str, facts: str, more: str = "") -> list[str]:
    """Return the lines of an entry."""
    head = f"{name:{INDENT - 2}s}  "
    indent = " " * INDENT
    begin = head if len(head) == INDENT else indent
    lines = textwrap.wrap(
        facts, WIDTH, initial_indent=begin, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    above = [] if begin == head else [name]
    return [*above, *lines, *([indent + more] if more else [])]
