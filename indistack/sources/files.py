"""Frames from a list of files, folders and globs: a batch."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from indistack.errors import SettingsError
from indistack.sources.base import is_frame_name, natural_key

FILES = "files"
"""The device of a blob that is a file somebody named."""


def expand(patterns: Iterable[str | Path]) -> list[Path]:
    """Return the files that are meant, in the order given, each once; those of a folder or glob in natural order.

    Raises
    ------
    SettingsError
        Paths that are not there, folders without a frame, globs that match nothing: all of them at once.
    """
    found: dict[Path, Path] = {}
    faults = []
    for pattern in patterns:
        try:
            for path in _matches(Path(pattern).expanduser()):
                found.setdefault(path.resolve(), path)
        except LookupError as fault:
            faults.append(fault.args[0])
        except OSError as error:
            faults.append(f"{pattern}: {error.strerror}")
    if faults:
        raise SettingsError(faults)
    return list(found.values())


def _matches(path: Path) -> list[Path]:
    """Return the files that one pattern means; raise LookupError with a sentence when there are none."""
    if path.is_dir():
        files = [each for each in path.iterdir() if is_frame_name(each.name) and each.is_file()]
        missing = f"{path}: no frames in this folder"
    elif path.exists():
        return [path]
    elif glob.has_magic(str(path)):
        matches = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - absolute patterns
        files = [each for each in matches if is_frame_name(each.name) and each.is_file()]
        missing = f"{path}: no frames match"
    else:
        raise LookupError(f"{path}: no such file or folder")
    if not files:
        raise LookupError(missing)
    return sorted(files, key=natural_key)
