"""Presets of ``indistack stack``: options by name, of a file or of this program; what is typed comes before them."""

from __future__ import annotations

import argparse
import configparser
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from indistack.command_line.arguments import Options
from indistack.command_line.stack_arguments import (
    NAMED_STACKS,
    box,
    gamma,
    level,
    number_from_one,
    numbers,
    percent,
    share,
)
from indistack.errors import SettingsError
from indistack.settings import as_toml

BUILT_IN: dict[str, dict[str, Any]] = {
    "lucky": {
        "best": 30.0,
        "reference": "best",
        "set": ["quality.enabled=false", "stack.method=mean", 'picture.operators=["auto", "wavelets:1.5,2"]'],
    },
    "halo": {
        "set": ["align.method=none", "quality.enabled=false", "match.background=level", 'picture.operators=["halo"]'],
    },
    "halo-noblocker": {
        "set": [
            "align.method=template", "quality.enabled=false", "match.background=level", 'picture.operators=["halo"]',
        ],
    },
    "trails": {
        "order": "time",
        "set": [
            "align.method=none", "quality.enabled=false", "match.background=off", "stack.method=trails",
            'picture.operators=["fill_gaps", "percentile:0,99.9"]',
        ],
    },
}  # fmt: skip
"""What each is good for stands in docs/batch.md."""

HALOSTACK = {
    "avg_stack_file": "average_stack",
    "min_stack_file": "min_stack",
    "max_stack_file": "max_stack",
    "median_stack_file": "median_stack",
    "sigma_stack_file": "sigma_stack",
    "save_prefix": "save_images",
    "save_postfix": "save_images",
    "nprocs": "jobs",
    "fname_in": "files",
    "enhance_stacks": "enhance",
    "loglevel": "log_level",
}
"""What halostack calls options in its files -> what they are called here."""

PATHS = (*NAMED_STACKS, "output", "png", "report", "list", "times", "beside", "left_out")
LISTS = ("files", "enhance", "enhance_images", "branch", "set", *NAMED_STACKS)
FLAGS = ("no_alignment", "click", "no_quality", "naive", "maps", "exact")
READERS: dict[str, Callable[[str], Any]] = {
    "every": number_from_one,
    "best": percent,
    "correlation_threshold": share,
    "reference_box": box,
    "search_box": box,
    "star": numbers(2),
    "crop": numbers(4),
    "search": float,
    "view_gamma": gamma,
    "log_level": level,
    "jobs": int,
    "max_memory": float,
}
"""Option -> what reads its value."""

TEXTS = (
    "method", "align", "debayer", "reference", "kappa_sigma_params", "save_images", "order", "shifts", "preset",
    "cluster",
)  # fmt: skip
KNOWN = frozenset([*PATHS, *LISTS, *FLAGS, *READERS, *TEXTS])


def with_presets(options: Options) -> Options:
    """Return the options with what presets say of those that were not typed.

    Raises
    ------
    SettingsError
        A file or section cannot be read, or says what nobody understands: all faults at once.
    """
    filled = argparse.Namespace(**vars(options))
    if options.config_file is not None:
        _fill(filled, *_section(options.config_file, options.config_item))
    elif options.config_item is not None:
        raise SettingsError([f"-c {options.config_item}: name the file that has this section by -C FILE"])
    if filled.preset is not None:
        if filled.preset not in BUILT_IN:
            raise SettingsError([f"--preset {filled.preset}: unknown; choose one of {', '.join(BUILT_IN)}"])
        _fill(filled, f"--preset {filled.preset}", BUILT_IN[filled.preset])
    return filled


def _fill(options: Options, where: str, said: Mapping[str, Any]) -> None:
    """Set what was not typed."""
    faults = []
    for given, value in said.items():
        lower = given.lower().replace("-", "_")
        name = HALOSTACK.get(lower, lower)
        if isinstance(value, Mapping):
            options.set = [*_words(given, value), *options.set]
        elif name not in KNOWN:
            faults.append(f"{where}: {given}: unknown; known are {', '.join(sorted({*KNOWN, *HALOSTACK}))}")
        else:
            try:
                _set(options, name, value)
            except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
                faults.append(f"{where}: {given} = {value}: {error}")
    if faults:
        raise SettingsError(faults)


def _set(options: Options, name: str, value: Any) -> None:
    if name == "set":  # what is typed comes later, and holds
        options.set = [*_parts(value), *options.set]
        return
    if value == "" or getattr(options, name) not in (None, [], "", False, *_untyped(name)):
        return
    if name in LISTS:
        value = [Path(part) for part in _whole(value)] if name in PATHS else _parts(value)
    elif name in PATHS:
        value = Path(value)
    elif name in FLAGS:
        value = _truth(value) or None
    else:
        value = READERS[name](_text(value)) if name in READERS else str(value)
    setattr(options, name, value)


def _untyped(name: str) -> Sequence[str]:
    """What stands there where nobody has typed anything."""
    return {"reference": ["first"], "order": ["given"]}.get(name, [])


def _parts(value: Any) -> list[str]:
    """Words of a list, or of a text that has blanks between them."""
    return [str(part) for part in value] if isinstance(value, list) else str(value).split()


def _whole(value: Any) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else [str(value)]


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    states = configparser.ConfigParser.BOOLEAN_STATES
    if str(value).lower() not in states:
        raise ValueError(f"wanted is one of {', '.join(states)}")
    return states[str(value).lower()]


def _words(table: str, values: Mapping[str, Any]) -> list[str]:
    """Settings of a preset, as ``--set`` is told them."""
    words = []
    for name, value in values.items():
        below = f"{table}.{name}"
        words += _words(below, value) if isinstance(value, Mapping) else [f"{below}={as_toml(value)}"]
    return words


def _section(path: Path, name: str | None) -> tuple[str, Mapping[str, Any]]:
    """Return where a section stands, and what it says; without a name the one called default, or the only one."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError([f"-C {path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"-C {path}: is no text in UTF-8"]) from error
    sections = _toml(path, text) if path.suffix.lower() == ".toml" else _ini(path, text)
    chosen = name or ("default" if "default" in sections else next(iter(sections), "default"))
    if chosen not in sections or (name is None and len(sections) > 1 and chosen != "default"):
        said = f"-c {name}: there is no such section" if name else "name one of its sections by -c"
        raise SettingsError([f"-C {path}: {said}; it has {', '.join(sections) or 'none'}"])
    return f"{path}, [{chosen}]", sections[chosen]


def _toml(path: Path, text: str) -> dict[str, Mapping[str, Any]]:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "; a section stands there twice" if "twice" in str(error) or "overwrite" in str(error) else ""
        raise SettingsError([f"-C {path}: {error}{hint}"]) from None
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def _ini(path: Path, text: str) -> dict[str, Mapping[str, Any]]:
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#", ";"), default_section="")
    try:
        parser.read_string(text, str(path))
    except configparser.DuplicateSectionError as error:
        raise SettingsError(
            [f"-C {path}, line {error.lineno}: the section [{error.section}] stands there twice"]
        ) from None
    except configparser.DuplicateOptionError as error:
        said = f"{error.option} stands twice in [{error.section}]"
        raise SettingsError([f"-C {path}, line {error.lineno}: {said}"]) from None
    except configparser.Error as error:
        raise SettingsError([f"-C {path}: {str(error).splitlines()[0]}"]) from None
    return {name: dict(parser[name]) for name in parser.sections()}
