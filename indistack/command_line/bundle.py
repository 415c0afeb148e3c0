"""What helps to find a fault, in one file for others: without names, places, addresses or secrets."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from indistack import __version__
from indistack.command_line.doctor import PACKAGES
from indistack.command_line.finding import Finding
from indistack.config import Config
from indistack.errors import IndistackError
from indistack.store.ledger import LEDGER
from indistack.store.prune import SessionSize, sizes
from indistack.system import machine
from indistack.system.night_log import LOG, OLDER_LOG
from indistack.system.ordinary_file import read_tail
from indistack.system.private import Veil
from indistack.system.resources import available_bytes

TAIL_BYTES = 400_000
"""Of a log and of a ledger: some thousand lines, a hundred subs."""

TOLD = """What indistack knows of itself, to find a fault with.

doctor.txt     what `indistack doctor` found
machine.json   versions, processor, memory, heat
settings.json  the settings in force
status.json    how the agent stood when it last said so
sessions.json  the sessions and what they take on the disk
ledger.jsonl   the newest session's last lines
log*.jsonl     the log's last lines

Left out or replaced by "(removed)": names of people and machines, addresses, coordinates of a place on Earth, tokens;
home folders are "~". No picture and no raw sub is in it. Names of targets, cameras and files, times, and where the
telescope points are: please look through it before you give it away.
"""


def write_bundle(path: Path, config: Config, output: Path, findings: Sequence[Finding]) -> None:
    """Write it.

    Parameters
    ----------
    path : Path
        A new file, a ZIP archive.
    config : Config
        The settings in force.
    output : Path
        An agent's output folder; perhaps there is none.
    findings : sequence of Finding
        What the doctor has found.

    Raises
    ------
    IndistackError
        There is one of that name, or it cannot be written.
    """
    veil = Veil(config.indi.host)
    try:
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in _parts(veil, config, output, findings):
                archive.writestr(name, text)
    except FileExistsError as error:
        raise IndistackError(f"{path} is there already; name another file") from error
    except OSError as error:
        raise IndistackError(f"{path}: {error.strerror}") from error


def _parts(veil: Veil, config: Config, output: Path, findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    yield "README.txt", TOLD
    yield "doctor.txt", veil.text("\n".join(f"{one.mark:5s} {one.subject}: {one.text}" for one in findings) + "\n")
    yield "machine.json", _as_json(_machine())
    yield "settings.json", _as_json(veil.values(config.model_dump(mode="json")))
    yield "status.json", _as_json(veil.values(_json_of(read_tail(output / "status.json", TAIL_BYTES))))
    sessions = sizes(output)
    yield "sessions.json", _as_json(veil.values([_session(each) for each in sessions]))
    if sessions:
        yield LEDGER, _lines(veil, read_tail(sessions[-1].folder / LEDGER, TAIL_BYTES))
    for name in (OLDER_LOG, LOG):
        if data := read_tail(output / name, TAIL_BYTES):
            yield name, _lines(veil, data)


def _lines(veil: Veil, data: bytes) -> str:
    """Return JSON lines made fit to be shown; of what is none, nobody knows what it tells, but how much it is."""
    return "".join(json.dumps(veil.values(_json_of(line)), ensure_ascii=False) + "\n" for line in data.splitlines())


def _json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return {"unreadable_bytes": len(data)}


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _session(size: SessionSize) -> dict[str, Any]:
    return {
        "name": size.folder.name,
        "changed": size.changed.astimezone(UTC).isoformat(timespec="seconds"),
        "raw_bytes": size.raw_bytes,
        "other_bytes": size.other_bytes,
        "is_open": size.is_open,
    }


def _machine() -> dict[str, Any]:
    seen = machine.health()
    return {
        "indistack": __version__,
        "python": platform.python_version(),
        "packages": dict(_versions(PACKAGES)),
        "system": _system(),
        "kernel": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "processor": platform.machine(),
        "model": machine.model(),
        "cores": os.cpu_count(),
        "memory_mb": machine.memory_bytes() // 1_000_000,
        "available_mb": available_bytes() // 1_000_000,
        "temperature_c": seen.temperature_c,
        "was_under_voltage": seen.was_under_voltage,
        "was_throttled": seen.was_throttled,
    }


def _versions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, "not installed"


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""
