"""INDI properties as values: vectors of numbers, switches, texts, lights or BLOBs, and the messages about them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from indistack.faces.indi_device.kernel.xml_stream import element, text_element

VectorKind = Literal["Number", "Switch", "Text", "Light", "BLOB"]
State = Literal["Idle", "Ok", "Busy", "Alert"]


class PropertyError(ValueError):
    """A client asked for a value that the property does not take."""


@dataclass(slots=True)
class Element:
    """One member of a vector. Numbers keep their range and printf format; switches hold ``On`` or ``Off``."""

    name: str
    label: str
    value: str | float = ""
    format: str = "%g"
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0


@dataclass(slots=True)
class Vector:
    """One property of the device.

    Every vector has a timeout: clients of libindi warn about, and some refuse, definitions without one.
    """

    kind: VectorKind
    name: str
    label: str
    group: str
    elements: list[Element]
    perm: Literal["ro", "rw", "wo"] = "rw"
    rule: Literal["", "OneOfMany", "AtMostOne", "AnyOfMany"] = ""
    state: State = "Idle"
    timeout_s: int = 60
    _by_name: dict[str, Element] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name = {member.name: member for member in self.elements}

    def __getitem__(self, name: str) -> Element:
        return self._by_name[name]

    def number(self, name: str) -> float:
        """Return a number's value."""
        return float(self._by_name[name].value)

    def text(self, name: str) -> str:
        """Return a text's value."""
        return str(self._by_name[name].value)

    def chosen(self) -> str:
        """Return the name of the switch that is on, or an empty string."""
        return next((member.name for member in self.elements if member.value == "On"), "")

    def choose(self, name: str) -> None:
        """Switch one member on and all others off; an unknown name switches all off."""
        for member in self.elements:
            member.value = "On" if member.name == name else "Off"

    def written(self) -> dict[str, str]:
        """Return all values as a client would send them."""
        return {member.name: _text(member.value) for member in self.elements}

    def update(self, values: Mapping[str, str]) -> None:
        """Take the values a client sent.

        Raises
        ------
        PropertyError
            For an unknown member, text that is no number, a number out of range, or switches against the rule.
            Nothing is changed then.
        """
        unknown = set(values) - set(self._by_name)
        if unknown:
            raise PropertyError(f"{self.name} has no {', '.join(sorted(unknown)):.100}")
        if self.kind == "Number":
            self._set({name: self._number(name, text) for name, text in values.items()})
        elif self.kind == "Switch":
            self._update_switches(values)
        else:
            self._set(values)

    def _set(self, values: Mapping[str, str | float]) -> None:
        for name, value in values.items():
            self._by_name[name].value = value

    def _number(self, name: str, text: str) -> float:
        member = self._by_name[name]
        try:
            value = float(text)
        except ValueError as error:
            raise PropertyError(f"{self.name}.{name} takes a number, not {text!r:.60}") from error
        if not math.isfinite(value):
            raise PropertyError(f"{self.name}.{name} takes a finite number")
        if not (member.low <= value <= member.high or member.low == member.high):
            raise PropertyError(f"{self.name}.{name} takes {member.low:g} to {member.high:g}, not {value:g}")
        return value

    def _update_switches(self, values: Mapping[str, str]) -> None:
        switched_on = [name for name, text in values.items() if text == "On"]
        if self.rule != "AnyOfMany" and len(switched_on) > 1:
            raise PropertyError(f"{self.name}: only one may be on")
        if self.rule == "OneOfMany" and not switched_on:
            raise PropertyError(f"{self.name}: one must be on")
        if self.rule == "AnyOfMany":
            self._set(values)
        else:
            self.choose(switched_on[0] if switched_on else "")

    def show(self, values: Mapping[str, str | float]) -> bool:
        """Take values of our own; tell whether they are others than those before."""
        before = [member.value for member in self.elements]
        self._set(values)
        return before != [member.value for member in self.elements]

    def define(self, device: str) -> str:
        """Return the message that makes the property known."""
        attributes = {"device": device, "name": self.name, "label": self.label, "group": self.group}
        attributes |= {"state": self.state, "timestamp": timestamp()}
        if self.kind != "Light":
            attributes |= {"perm": self.perm, "timeout": str(self.timeout_s)}
        if self.kind == "Switch":
            attributes["rule"] = self.rule
        return element(f"def{self.kind}Vector", attributes, "".join(self._definition(m) for m in self.elements))

    def _definition(self, member: Element) -> str:
        attributes = {"name": member.name, "label": member.label}
        if self.kind == "BLOB":
            return element("defBLOB", attributes, "")
        if self.kind == "Number":
            limits = {"min": member.low, "max": member.high, "step": member.step}
            attributes |= {"format": member.format} | {key: f"{value:.12g}" for key, value in limits.items()}
        return text_element(f"def{self.kind}", attributes, _text(member.value))

    def set_message(self, device: str, message: str = "") -> str:
        """Return the message that tells the property's values and state; a BLOB's values go another way."""
        attributes = {"device": device, "name": self.name, "state": self.state, "timestamp": timestamp()}
        if self.kind != "Light":
            attributes["timeout"] = str(self.timeout_s)
        if message:
            attributes["message"] = message
        members = [] if self.kind == "BLOB" else self.elements
        body = "".join(text_element(f"one{self.kind}", {"name": m.name}, _text(m.value)) for m in members)
        return element(f"set{self.kind}Vector", attributes, body)


def timestamp() -> str:
    """Return the present UTC as INDI writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def numbers(name: str, label: str, group: str, *members: Element, perm: Literal["ro", "rw"] = "rw") -> Vector:
    """Return a number vector."""
    return Vector("Number", name, label, group, list(members), perm=perm)


def switches(
    name: str,
    label: str,
    group: str,
    members: Mapping[str, str],
    chosen: str = "",
    rule: Literal["OneOfMany", "AtMostOne", "AnyOfMany"] = "OneOfMany",
) -> Vector:
    """Return a switch vector from labels by name."""
    made = [Element(key, text, "On" if key == chosen else "Off") for key, text in members.items()]
    return Vector("Switch", name, label, group, made, rule=rule)


def texts(name: str, label: str, group: str, *members: Element, perm: Literal["ro", "rw"] = "rw") -> Vector:
    """Return a text vector."""
    return Vector("Text", name, label, group, list(members), perm=perm)


def lights(name: str, label: str, group: str, members: Mapping[str, str]) -> Vector:
    """Return a vector of lights, all of them idle, from labels by name."""
    return Vector("Light", name, label, group, [Element(key, text, "Idle") for key, text in members.items()], perm="ro")


def number(name: str, label: str, value: float, low: float, high: float, fmt: str = "%g", step: float = 0.0) -> Element:
    """Return one member of a number vector."""
    return Element(name, label, float(value), fmt, low, high, step)
