"""What is known of a raw sub, in a file beside its bytes."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from indistack.errors import FrameError
from indistack.values.blob import Blob, Content

FACTS = ".json"
"""Suffix of that file."""


def read_spooled(folder: Path, name: str) -> Blob:
    """Read a sub and what is known of it.

    Raises
    ------
    FrameError
        ``lost``: it is not there any more, or not as it was.
    """
    facts = read_facts(folder, name)
    path = file_of(folder, name) or Path(facts["path"])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FrameError("lost", f"{path}: {error.strerror}") from error
    if zlib.crc32(data) != facts["crc32"]:
        raise FrameError("lost", f"{path} is not what was received")
    return Blob(
        Content(data, path),
        facts["suffix"],
        facts["device"],
        facts["origin"],
        datetime.fromisoformat(facts["received"]),
        Path(facts["path"]) if facts["path"] else None,
        cards=tuple((key, value, comment) for key, value, comment in facts["cards"]),
    )


def file_of(folder: Path, name: str) -> Path | None:
    """Return the file with a sub's bytes, None where they stand elsewhere; raises as `read_spooled`."""
    file = read_facts(folder, name)["file"]
    return folder / (name + str(file)[str(file).index(".") :]) if file else None


def read_facts(folder: Path, name: str) -> dict[str, Any]:
    """Return what `facts_of` told; raises as `read_spooled`."""
    path = folder / f"{name}{FACTS}"
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FrameError("lost", f"{path}: {error}") from error
    if not isinstance(facts, dict):
        raise FrameError("lost", f"{path}: not a sub's facts")
    return facts


def facts_of(blob: Blob, modified_ns: int, file: str) -> dict[str, Any]:
    """Return what is to be known of a sub, with the name of the file of its bytes ("" where they stand elsewhere)."""
    return {
        "file": file,
        "path": str(blob.path.absolute()) if blob.path is not None else "",
        "modified_ns": modified_ns,
        "bytes": blob.size_bytes,
        "crc32": zlib.crc32(blob.data),
        "suffix": blob.suffix,
        "device": blob.device,
        "origin": blob.origin,
        "received": blob.received.isoformat(),
        "cards": blob.cards,
    }
