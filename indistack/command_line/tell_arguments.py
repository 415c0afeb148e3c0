"""What `tell` is told on the command line: made of the commands, each with its own help."""

from __future__ import annotations

import argparse
import textwrap

from indistack.command_line.path_words import path_of
from indistack.commands import COMMANDS, arguments_of
from indistack.commands.command import ALSO_CALLED
from indistack.commands.messages import meaning_of


def add_tell(parser: argparse.ArgumentParser) -> None:
    """Add what `tell` takes, and the help of every command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(["commands:", *map(_command_help, COMMANDS)])
    parser.add_argument("output_dir", type=path_of, metavar="DIR", help="the agent's output folder, or a session in it")
    parser.add_argument("word", type=_its_word, choices=tuple(COMMANDS), metavar="COMMAND", help=", ".join(COMMANDS))
    parser.add_argument("values", nargs="*", metavar="VALUE", help="what the command is told, see below")


def _its_word(called: str) -> str:
    """Return the word of a command that may be called otherwise, too."""
    return ALSO_CALLED.get(called, called)


def _command_help(word: str) -> str:
    arguments = arguments_of(COMMANDS[word])
    told = " ".join(each.name.upper() if each.required else f"[{each.name.upper()}]" for each in arguments)
    lines = textwrap.wrap(meaning_of(COMMANDS[word]), 56)
    for each in arguments:
        lines += textwrap.wrap(f"{each.name.upper()}: {each.meaning}", 56, subsequent_indent="  ")
    called = f"{word} {told}"
    if len(called) > 21:
        return f"\n{'':24s}".join([f"  {called}", *lines])
    return f"  {called:22s}" + f"\n{'':24s}".join(lines)
