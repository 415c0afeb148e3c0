"""From a TOML file, ``key=value`` words and options to settings that have been checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from indistack.errors import SettingsError
from indistack.settings.faults import Fault, faults_of
from indistack.settings.lines import line_of

M = TypeVar("M", bound=BaseModel)

_BARE = re.compile(r"([\w.-]+)\s*=\s*([A-Za-z][\w %./-]*)")
"""A value that lacks its quotes."""

_CURLY, _COMMA = re.compile("[“”„‘’«»]"), re.compile(r"=\s*-?\d+,\d+\s*(#.*)?$")
"""What a text program, or a habit, puts in place of quotes and of the decimal point."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person has said, from which settings are made; what comes later holds.

    Attributes
    ----------
    path : Path or None
        A TOML file.
    words : sequence of str
        ``"stack.method=mean"``; the value is TOML where it can be read as such, else text.
    options : mapping
        Table -> setting -> value.
    called : mapping
        Setting, or table, by its dotted name -> the option that says it.
    """

    path: Path | None = None
    words: Sequence[str] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """Return all in one; raise `SettingsError` where it cannot be read."""
        return self._over({} if self.path is None else _parsed(self.path, _read(self.path)))

    def _over(self, values: dict[str, Any]) -> dict[str, Any]:
        for word in self.words:
            _set(values, word)
        return _merged(values, self.options)

    def without_file(self) -> dict[str, Any]:
        """Return all but the file."""
        return self._over({})

    def said(self, fault: Fault) -> str:
        """Return a fault with the place where it was said."""
        return f"{self._place(fault.names)}{fault.text}"

    def _option(self, names: Sequence[str]) -> str:
        dotted = [".".join(names[:count]) for count in range(len(names), 0, -1)]
        return next((f"{self.called[name]}: " for name in dotted if name in self.called), "")

    def _place(self, names: Sequence[str]) -> str:
        if _holds(self.options, names[:2]):
            return self._option(names)
        for word in reversed(self.words):
            said = word.partition("=")[0].strip().split(".")
            if names and all(one == other for one, other in zip(said, names, strict=False)):
                return f"--set {word}: "
        if self.path is None:
            return ""
        line = line_of(_read(self.path), names)
        return f"{self.path}: " if line is None else f"{self.path}, line {line}: "


def load(
    model: type[M],
    path: Path | None,
    words: Iterable[str] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    called: Mapping[str, str] | None = None,
) -> M:
    """Read a TOML file, apply ``key=value`` words, then options; validate. See `Given`.

    Raises
    ------
    SettingsError
        All faults at once, each with its setting's dotted name and the line of the file.
    """
    given = Given(path, tuple(words), options or {}, called or {})
    return _checked(model, given.values(), given)


def load_what_holds(model: type[M], given: Given) -> tuple[M, list[str]]:
    """Return the settings without those that are wrong, which have their defaults, and what was wrong."""
    try:
        values, told = given.values(), []
    except SettingsError as error:
        values, told = given.without_file(), list(error.faults)
    while True:
        try:
            return _validated(model, values, given), told
        except ValidationError as error:
            faults = faults_of(error, model)
            told += [given.said(fault) for fault in faults]
            removed = [_removed(values, fault.names) for fault in faults]
            if not all(removed):  # it is about all of them
                values = {}


def validate(model: type[M], values: Mapping[str, Any]) -> M:
    """Build `model` from plain values; raise `SettingsError` with every fault."""
    return _checked(model, values, Given())


def words_to_values(words: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` words; see `Given`."""
    return Given(words=tuple(words)).values()


def read_value(text: str) -> Any:
    """Read a value as TOML where that is possible, else as text."""
    try:
        return _loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(model: type[M], values: Mapping[str, Any], given: Given) -> M:
    try:
        return _validated(model, values, given)
    except ValidationError as error:
        raise SettingsError([given.said(fault) for fault in faults_of(error, model)]) from None


def _validated(model: type[M], values: Mapping[str, Any], given: Given) -> M:
    """Build the model; a number that was typed is text where text is wanted: a shell takes the quotes away."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        wanted = {".".join(map(str, fault["loc"])) for fault in error.errors() if fault["type"] == "string_type"}
        typed = [word for word in given.words if word.partition("=")[0].strip() in wanted]
        if not typed:
            raise
    amended = _merged({}, values)
    for word in typed:
        _set(amended, word, str)
    return model.model_validate(_merged(amended, given.options))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows' editor puts a mark before it
    except OSError as error:
        raise SettingsError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError([f"{path}, line {line}: a letter that is no UTF-8; save the file as UTF-8"]) from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return _loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_no_toml(path, text.splitlines(), str(error))]) from None


def _loads(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise tomllib.TOMLDecodeError("brackets within brackets without end (at line 1)") from None


def _no_toml(path: Path, lines: Sequence[str], message: str) -> str:
    """Say what is wrong with a line that cannot be read."""
    told = re.search(r"line (\d+)", message)
    number = int(told[1]) if told else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    hint = 'a line is a table, as [stack], or a setting, as method = "mean"'
    if bare := _BARE.fullmatch(line.partition("#")[0].strip()):
        word = bare[2].strip()
        hint = f"write {bare[1]} = " + (word.lower() if word.lower() in ("true", "false") else f'"{word}"')
    elif _CURLY.search(line):
        hint = "write plain quotes, \" or '"
    elif _COMMA.search(line):
        hint = "write numbers with a point, as 2.5"
    elif re.search("overwrite|declare|twice|redefine", message):
        hint = "its name stands in the file already"
    return f"{path}, line {number}: {line}: this is no TOML; {hint}"


def _set(values: dict[str, Any], word: str, read: Callable[[str], Any] = read_value) -> None:
    name, equals, text = word.partition("=")
    if not equals or not name.strip():
        raise SettingsError([f"{word!r}: expected key=value, as stack.method=mean"])
    *tables, key = name.strip().split(".")
    for table in tables:
        values = values.setdefault(table, {})
        if not isinstance(values, dict):
            raise SettingsError([f"{name}: {table} is no table"])
    values[key] = read(text.strip())


def _merged(values: dict[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree of values over another; what is no table where a table is wanted stays, to be told of."""
    for name, other in others.items():
        below = values.get(name, {})
        if not isinstance(other, Mapping):
            values[name] = other
        elif isinstance(below, dict):
            values[name] = _merged(below, other)
    return values


def _holds(values: Mapping[str, Any], names: Sequence[str]) -> bool:
    return bool(names) and names[0] in values and (len(names) == 1 or names[1] in values[names[0]])


def _removed(values: dict[str, Any], names: Sequence[str]) -> bool:
    """Take a setting away; tell whether it was there."""
    for name in names[:-1]:
        below = values.get(name)
        if not isinstance(below, dict):
            return values.pop(name, None) is not None
        values = below
    return bool(names) and values.pop(names[-1], None) is not None
