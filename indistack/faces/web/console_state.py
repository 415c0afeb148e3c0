"""What the observer's console tells beside what every page does: calibration, machine, hints, further stacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from indistack.faces.web.plain import number, table, text, without_folders

MOST = 20
"""Of each list."""

MACHINE = ("memory_free_mb", "temperature_c")
DISK = ("free_gb", "minutes_left", "written_mb_h")


def console_facts(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the console tells of a status, whatever the file holds."""
    last, machine = table(status.get("last")), table(status.get("machine"))
    disk, growth = table(machine.get("disk")), table(status.get("snr"))
    return {
        "masters": _texts(last.get("masters")),
        "set_aside": _texts(last.get("set_aside")),
        "doubts": _texts(last.get("warnings")),
        "library": _library(table(status.get("library"))),
        "machine": _numbers(machine, MACHINE) | _numbers(disk, DISK) | _numbers(status, ("memory_mb", "ms_a_sub")),
        "machine_warnings": _texts(machine.get("warnings")),
        "hints": [_hint(table(each)) for each in _list(status.get("hints"))],
        "branches": [text(name) for name in list(table(status.get("stacks")))[:MOST] if name != "stack"],
        "reference": PurePath(text(status.get("reference"))).name,
        "why_plain": text(status.get("why_plain")),
        "snr": _numbers(growth, ("value", "target")),
        "remaking": text(status.get("remaking")),
    }


def _hint(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": text(told.get("kind")), "text": text(told.get("text")), "since": int(number(told.get("since")))}


def _numbers(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    return {name: number(told[name]) for name in names if isinstance(told.get(name), int | float)}


def _library(told: Mapping[str, Any]) -> dict[str, str]:
    """Return what is built and waits to be, in words; nothing where nothing is."""
    words = {name: ", ".join(_texts(value)) or text(value) for name, value in list(told.items())[:MOST]}
    return {name: said for name, said in words.items() if said}


def _texts(value: object) -> list[str]:
    return [without_folders(each) for each in _list(value) if isinstance(each, str)]


def _list(value: object) -> list[Any]:
    return value[:MOST] if isinstance(value, list) else []
