"""The settings that change while an agent runs: what each may be told, in which unit, from when on it acts.

Which these are stands in ``scripts/live_settings.py``, which writes ``live_settings.json`` with what their models know.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ValueKind = Literal["number", "whole", "switch", "choice", "text", "words"]

Acts = Literal["next sub", "picture", "again"]
"""From when on: with the next sub; with the next picture; at once, as the stack is made again from the kept subs."""


@dataclass(frozen=True, slots=True)
class LiveSetting:
    """One setting that changes live.

    Attributes
    ----------
    name : str
        As in the settings file: ``drift.limit``.
    label : str
        For a control.
    acts : str
        See `Acts`.
    kind : str
        ``number``; ``whole`` number; ``switch``: true or false; ``choice`` of `choices`; ``text`` of a form that
        `wanted` tells; ``words``: a list of words, each of `choices` where it stands alone, or others.
    unit : str
        "" without any.
    least, most : float or None
        Bounds; the value itself is allowed unless the bound is `open`.
    open_least, open_most : bool
        The value must lie above `least`, below `most`.
    choices : tuple of str
        What may be chosen.
    may_be_off : bool
        It may be None.
    default : bool, number, str, list or None
        Without a settings file.
    wanted : str
        What it may be told, in words.
    meaning : str
        What it is for, in words.
    """

    name: str
    label: str
    acts: Acts
    kind: ValueKind
    unit: str
    least: float | None
    most: float | None
    open_least: bool
    open_most: bool
    choices: tuple[str, ...]
    may_be_off: bool
    default: Any
    wanted: str
    meaning: str

    def check(self, value: object) -> None:
        """Raise ValueError where it cannot be told that. The agent may still refuse what does not fit the rest."""
        if not ((value is None or value == "off") if self.may_be_off and value in (None, "off") else self._fits(value)):
            raise ValueError(f"{self.name} = {value!r:.60}: wanted is {self.wanted}")

    def _fits(self, value: object) -> bool:
        match self.kind:
            case "switch":
                return type(value) is bool
            case "whole":
                return type(value) is int and self._is_within(value)
            case "number":
                return type(value) in (int, float) and self._is_within(float(str(value)))
            case "choice":
                return value in self.choices
            case "text":
                return isinstance(value, str)
            case "words":
                return isinstance(value, list) and all(isinstance(word, str) for word in value)

    def _is_within(self, value: float) -> bool:
        least = -math.inf if self.least is None else self.least
        most = math.inf if self.most is None else self.most
        above = value > least if self.open_least else value >= least
        below = value < most if self.open_most else value <= most
        return math.isfinite(value) and above and below

    def schema(self) -> dict[str, Any]:
        """Return it as a JSON schema."""
        kinds = {"number": "number", "whole": "integer", "switch": "boolean", "choice": "string", "text": "string"}
        told: dict[str, Any] = {"type": kinds.get(self.kind, "array")}
        told |= {"items": {"type": "string"}} if self.kind == "words" else {}
        told |= {"enum": list(self.choices)} if self.kind == "choice" else {}
        told |= {} if self.least is None else {"exclusiveMinimum" if self.open_least else "minimum": self.least}
        told |= {} if self.most is None else {"exclusiveMaximum" if self.open_most else "maximum": self.most}
        told = {"anyOf": [told, {"type": "null"}]} if self.may_be_off else told
        return {"title": self.label, "description": self.meaning, "default": self.default, **told}


def _read() -> dict[str, LiveSetting]:
    told = json.loads(Path(__file__).with_name("live_settings.json").read_text(encoding="utf-8"))
    return {name: LiveSetting(name, **facts | {"choices": tuple(facts["choices"])}) for name, facts in told.items()}


LIVE: dict[str, LiveSetting] = _read()
"""By name."""
