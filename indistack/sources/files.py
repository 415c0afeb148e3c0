"""Frames from a list of files, folders and globs: a batch."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from indistack.errors import SettingsError
from indistack.sources.base import announce, is_frame_name, natural_key, read_blob, shows_own_stack
from indistack.system.globs import is_glob, matches
from indistack.system.real_path import real_path
from indistack.values.blob import Blob

log = logging.getLogger(__name__)

FILES = "files"
"""The device of a blob that is a file somebody named."""


def expand(patterns: Iterable[str | Path], keep_missing: bool = False) -> list[Path]:
    """Return the files that are meant, in the order given, each once; those of a folder or glob in natural order.

    Folders without a frame, and globs that match nothing, are told and passed over while others give some. Pictures of
    our own stacks are no frames.

    Parameters
    ----------
    patterns : iterable of str or Path
        Files, folders and globs.
    keep_missing : bool
        A path that is not there, or cannot be read, is returned as it is while others give some: whoever reads it is
        told why not, as of any file that is no frame.

    Raises
    ------
    SettingsError
        Paths that are not there or cannot be read; nothing but empty folders and globs: all of them at once.
    """
    found: dict[Path, Path] = {}
    faults, empty, n_there = [], [], 0
    for pattern in patterns:
        try:
            files = _matches(Path(pattern).expanduser())
            n_there += len(files)
        except LookupError as nothing:
            empty.append(nothing.args[0])
            continue
        except OSError as error:
            faults.append(f"{pattern}: {error.strerror}")
            files = [Path(pattern).expanduser()]
        for path in files:
            found.setdefault(real_path(path), path)
    if not n_there or (faults and not keep_missing):
        raise SettingsError([*faults, *empty])
    for text in empty:
        log.warning("%s; passed over", text)
    return list(found.values())


def _matches(path: Path) -> list[Path]:
    """Return the files that one pattern means; raise LookupError with a sentence where a folder or glob has none."""
    if path.is_dir():
        candidates, missing = list(path.iterdir()), f"{path}: no frames in this folder"
    elif path.exists():
        return [path]
    elif is_glob(path):
        candidates, missing = matches(path), f"{path}: no frames match"
    else:
        raise FileNotFoundError(errno.ENOENT, "no such file or folder")
    files = [each for each in candidates if is_frame_name(each.name) and each.is_file() and not shows_own_stack(each)]
    if not files:
        raise LookupError(missing)
    return sorted(files, key=natural_key)


def read_ahead(files: Sequence[Path]) -> Iterator[Blob]:
    """Read each file in turn, and tell the system which one is next: it reads ahead into memory of its own."""
    for path, following in zip(files, [*files[1:], None], strict=True):
        blob = read_blob(path, FILES)
        if following is not None:
            announce(following)
        yield blob
        del blob  # its memory is needed for the next one
