"""What clients can do to the stack: a knob for every command and every setting that changes live."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from indistack.commands import COMMANDS, LIVE, Command, Set, State, arguments_of, parse
from indistack.commands.argument import Argument
from indistack.faces.indi_device.kernel.driver import Device
from indistack.faces.indi_device.kernel.properties import (
    Element,
    PropertyError,
    Vector,
    number,
    numbers,
    switches,
    texts,
)
from indistack.faces.indi_device.setting_vectors import SettingVector
from indistack.faces.indi_device.teller import Teller, Told

GROUP = "Stack Control"

BUTTONS = "STACK_COMMAND"


class Knobs:
    """Commands and settings as properties.

    Parameters
    ----------
    device : Device
        Whose.
    teller : Teller
        Gives them to the agent.
    where : callable
        Tells the agent's output folder, None while there is no agent.
    """

    def __init__(self, device: Device, teller: Teller, where: Callable[[], Path | None]) -> None:
        self._device = device
        self._teller = teller
        self._where = where
        plain = {word.upper(): kind.label for word, kind in COMMANDS.items() if not _required(kind)}
        self._buttons = switches(BUTTONS, "Do", GROUP, plain, rule="AtMostOne")
        self._forms = {f"STACK_{word.upper()}": word for word, kind in COMMANDS.items() if _has_form(kind)}
        self._settings = {name: SettingVector(setting) for name, setting in LIVE.items()}
        self.wishes: dict[str, Any] = {}

    def define(self) -> None:
        """Make them known."""
        self._device.define(self._buttons, self._press)
        for name, word in self._forms.items():
            self._device.define(_form(name, word), self._fill_in)
        for knob in self._settings.values():
            self._device.define(knob.vector, self._turn)

    def settings(self) -> Iterable[Vector]:
        """Return what may be kept for another night."""
        return (knob.vector for knob in self._settings.values() if knob.is_known)

    def show(self, state: State) -> None:
        """Tell which settings are in force, where that has changed."""
        for name, knob in self._settings.items():
            if name in state.settings and knob.show(state.settings[name]):
                self._device.set(knob.vector, "Ok")

    def _press(self, vector: Vector, values: dict[str, str]) -> None:
        vector.update(values)
        word = vector.chosen()
        vector.choose("")
        if not word:
            self._device.set(vector, "Idle")
        else:
            self._give(vector, _parsed({"command": word.lower()}))

    def _fill_in(self, vector: Vector, values: dict[str, str]) -> None:
        word = self._forms[vector.name]
        arguments = {each.name.upper(): each for each in arguments_of(COMMANDS[word])}
        told = {
            arguments[name].name: _value(arguments[name], text) for name, text in values.items() if name in arguments
        }
        command = _parsed({"command": word, **told})
        vector.update(values)
        self._give(vector, command)

    def _turn(self, vector: Vector, values: dict[str, str]) -> None:
        knob = next(knob for knob in self._settings.values() if knob.vector is vector)
        value = knob.asked(values)
        if self._where() is None:
            self.wishes[knob.setting.name] = value
            knob.show(value)
            self._device.set(vector, "Ok", "It is in force when the agent has been started")
        else:
            self._set(knob, value)

    def tell_wishes(self) -> None:
        """Set what was asked for before there was an agent."""
        for name, value in self.wishes.items():
            self._set(self._settings[name], value)
        self.wishes.clear()

    def _set(self, knob: SettingVector, value: object) -> None:
        command = _parsed({"command": "set", "name": knob.setting.name, "value": value})
        self._give(knob.vector, command, lambda: knob.show(value))

    def _give(self, vector: Vector, command: Command, done: Callable[[], object] = lambda: None) -> None:
        output = self._where()
        if output is None:
            raise PropertyError("There is no agent at work: connect the device")

        def then(told: Told) -> None:
            if not told.fault:
                done()
            self._device.set(vector, "Alert" if told.fault else "Ok", told.fault or told.said)

        self._device.set(vector, "Busy")
        self._teller.tell(output, command, then)


def _required(kind: type[Command]) -> bool:
    return any(argument.required for argument in arguments_of(kind))


def _has_form(kind: type[Command]) -> bool:
    return kind is not Set and bool(arguments_of(kind))


def _form(name: str, word: str) -> Vector:
    kind = COMMANDS[word]
    arguments = arguments_of(kind)
    if all(argument.kind == "number" for argument in arguments):
        made = (number(a.name.upper(), a.name.capitalize(), a.least, a.least, 1e9, "%.0f", 1) for a in arguments)
        return numbers(name, kind.label, GROUP, *made)
    return texts(name, kind.label, GROUP, *(Element(a.name.upper(), a.name.capitalize()) for a in arguments))


def _value(argument: Argument, text: str) -> object:
    """Return what a client has filled in: a number, words as ``method=trails kappa_low=2``, or text."""
    try:
        if argument.kind == "number":
            return int(float(text))
        if argument.kind == "table":
            pairs = (word.partition("=") for word in text.split())
            return {name: _plain(value) for name, _, value in pairs}
    except (ValueError, OverflowError) as error:
        raise PropertyError(f"{argument.meaning} is expected, not {text!r:.60}") from error
    return text


def _plain(text: str) -> bool | float | str:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text


def _parsed(message: dict[str, object]) -> Command:
    try:
        return parse(message)
    except ValueError as error:
        raise PropertyError(str(error)) from error
