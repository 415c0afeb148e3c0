"""What is known of a raw sub, in a file beside its bytes."""

from __future__ import annotations

import json
import logging
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indistack.errors import FrameError
from indistack.system.ordinary_file import read_ordinary
from indistack.values.blob import Blob, Content

log = logging.getLogger(__name__)

FACTS = ".json"
"""Suffix of that file."""

MAX_SUFFIX = 20
"""Letters of a format that go into a file's name."""

KINDS: dict[str, type | tuple[type, ...]] = {
    "file": str, "path": str, "modified_ns": int, "crc32": (int, type(None)), "suffix": str, "device": str,
    "origin": str, "received": str, "cards": list,
}  # fmt: skip
"""What it must tell, and as what."""


def read_spooled(folder: Path, name: str) -> Blob:
    """Read a sub and what is known of it.

    Where only the bytes are left, what can be seen of them stands for the rest.

    Raises
    ------
    FrameError
        ``lost``: it is not there any more, or not as it was.
    """
    facts = read_facts(folder, name)
    path = file_of(folder, name) or Path(facts["path"])
    try:
        data = read_ordinary(path)
    except OSError as error:
        raise FrameError("lost", f"{path}: {error.strerror}") from error
    if facts["crc32"] not in (None, zlib.crc32(data)):
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
        return _checked(json.loads(read_ordinary(path)))
    except (OSError, ValueError, RecursionError) as error:
        files = [other for other in folder.glob(f"{name}.*") if other != path]
        if len(files) != 1:
            raise FrameError("lost", f"{path}: {error}") from error
        log.warning("%s: %s; the sub is taken as its file is", path, error)
        return _seen(files[0], name)


def _checked(facts: Any) -> dict[str, Any]:
    """Return facts as they were read, if they are some; raise ValueError."""
    if not isinstance(facts, dict) or not all(isinstance(facts.get(word), kind) for word, kind in KINDS.items()):
        raise ValueError("not a sub's facts")
    datetime.fromisoformat(facts["received"])
    if any(not isinstance(card, list) or len(card) != 3 for card in facts["cards"]):
        raise ValueError("not a sub's facts")
    return facts


def _seen(file: Path, name: str) -> dict[str, Any]:
    """Return what can be told of a sub from its bytes alone; whether they are all that was received nobody knows."""
    received = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    blob = Blob(Content(b""), file.name.removeprefix(name), "", str(file), received)
    return facts_of(blob, 0, file.name) | {"crc32": None}


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


def safe_suffix(suffix: str) -> str:
    """Return a format, as a device has called it, as the end of a file's name."""
    safe = "." + (re.sub(r"[^a-z0-9.]", "", suffix.lower())[:MAX_SUFFIX].strip(".") or "blob")
    return ".blob" if safe == FACTS else safe
