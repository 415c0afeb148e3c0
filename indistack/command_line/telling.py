"""The command `tell`, and what it can say: light, so that a person at a Pi's terminal waits for the agent only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from indistack.command_line.arguments import Options
from indistack.command_line.exit_status import DONE
from indistack.command_line.say import say
from indistack.commands import COMMANDS, Argument, Command, arguments_of, parse, read_state, tell
from indistack.errors import SettingsError
from indistack.settings import words_to_values
from indistack.settings.reading import read_value
from indistack.store.last_status import SESSIONS


def tell_agent(options: Options) -> int:
    """Tell a running agent what to do."""
    folder = options.output_dir.absolute()
    output = folder.parent.parent if folder.parent.name == SESSIONS else folder
    for command in commands_of(options.word, options.values):
        say(tell(output, command))
    for hint in read_state(output).hints:
        say(f"hint: {hint}")
    return DONE


def commands_of(word: str, values: Sequence[str]) -> list[Command]:
    """Return what an agent is to be told, one after the other; raise `SettingsError` where it makes no sense.

    Where a command wants one number, several are several commands.
    """
    arguments = arguments_of(COMMANDS[word])
    try:
        if [each.kind for each in arguments] == ["number"] and len(values) > 1:
            return [_command(word, arguments, [value]) for value in values]
        return [_command(word, arguments, values)]
    except _NotAskedForError as error:
        wanted = " and ".join(each.meaning for each in arguments) or "nothing"
        said = str(error) or " ".join(values) or "nothing"
        raise SettingsError([f"tell {word}: {wanted} is expected after it, not {said!r}"]) from error
    except ValueError as error:
        raise SettingsError([f"tell {word}: {error}"]) from error


class _NotAskedForError(Exception):
    """More or less was said than a command is told, or this word."""


def _command(word: str, arguments: Sequence[Argument], values: Sequence[str]) -> Command:
    said: dict[str, Any] = {"command": word}
    left = list(values)
    for argument in arguments:
        if argument.kind == "table":
            said[argument.name], left = words_to_values(left), []
        elif left:
            said[argument.name] = _value(argument, left.pop(0))
        elif argument.required:
            raise _NotAskedForError
    if left:
        raise _NotAskedForError
    return parse(said)


def _value(argument: Argument, word: str) -> Any:
    if argument.kind == "text":
        return word
    if argument.kind == "number" and not word.isdecimal():
        raise _NotAskedForError(word)
    return read_value(word)
