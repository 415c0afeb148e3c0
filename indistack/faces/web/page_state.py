"""What every page shows: one numbered state, made of the agent's status, its ledger and the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from indistack.commands import LIVE, LiveSetting
from indistack.commands.state import LIGHTS
from indistack.faces.web.console_state import console_facts
from indistack.faces.web.plain import MOST_TEXT, number, table, text

PLAIN = ("version", "state", "session", "rung", "disk", "time")
"""What is told as the agent says it."""
NUMBERS = ("stack_noise_adu", "snr_gain", "snr_gain_ideal")
"""Of the main stack."""


def facts_of(status: Mapping[str, Any], agent: str, subs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the page tells of a status: of known names only, whatever else the file holds.

    Parameters
    ----------
    status : mapping
        The agent's.
    agent : str
        How it is, see `OutputFolder.agent`.
    subs : sequence of mapping
        Of the ledger, oldest first.
    """
    outcomes = table(status.get("outcomes"))
    stack = table(table(status.get("stacks")).get("stack"))
    last = table(status.get("last"))
    warnings = status.get("warnings")
    return {
        **{name: text(status.get(name)) for name in PLAIN},
        "waiting": number(status.get("waiting")),
        "agent": agent,
        "n_subs": int(number(status.get("n_subs"))),
        "exposure_s": number(status.get("exposure_s")),
        "refused": int(number(outcomes.get("refused"))),
        "target": _target(last, subs),
        "method": text(stack.get("method")),
        "sentence": text(status.get("sentence")),
        "lights": {name: text(value) for name, value in table(status.get("lights")).items() if name in LIGHTS},
        "settings": _settings(table(status.get("settings"))),
        "seconds_to_target": number(table(status.get("snr")).get("seconds_to_target")),
        "stack": {name: number(stack[name]) for name in NUMBERS if name in stack},
        "warnings": [text(each) for each in warnings[:20]] if isinstance(warnings, list) else [],
        "sources": _sources(status.get("sources")),
        **console_facts(status),
    }


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that change live and are what they may be."""
    return {name: told[name] for name, setting in LIVE.items() if name in told and _fits(setting, told[name])}


def _fits(setting: LiveSetting, value: object) -> bool:
    try:
        setting.check(value)
    except ValueError:
        return False
    return len(str(value)) <= MOST_TEXT


def _target(last: Mapping[str, Any], subs: Sequence[Mapping[str, Any]]) -> str:
    said = (text(sub.get("target")) for sub in reversed(subs[-50:]))
    return text(last.get("target")) or next(filter(None, said), "")


def _sources(value: object) -> list[dict[str, Any]]:
    sources = [table(each) for each in value[:4]] if isinstance(value, list) else []
    return [
        {
            "connected": source.get("connected") is True,
            "server": text(source.get("server")),
            "device": text(source.get("device")),
            "folder": PurePath(text(source.get("folder"))).name,
            "last_error": text(source.get("last_error")),
            "frames": number(source.get("frames")),
        }
        for source in sources
    ]
