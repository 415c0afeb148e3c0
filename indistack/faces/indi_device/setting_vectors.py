"""A live setting as an INDI property: numbers, switches and text by its kind."""

from __future__ import annotations

from typing import Any

from indistack.commands import LiveSetting
from indistack.faces.indi_device.kernel.properties import (
    Element,
    PropertyError,
    Vector,
    number,
    numbers,
    switches,
    texts,
)

GROUP = "Settings"

VALUE = "VALUE"
ON, OFF, OTHER = "ON", "OFF", "OTHER"

MOST = 1e9
"""Upper limit of a number that has none."""


class SettingVector:
    """One setting.

    Parameters
    ----------
    setting : LiveSetting
        Which.

    Attributes
    ----------
    is_known : bool
        Whether the value shown has been told by somebody, and is not only what holds without a settings file.
    """

    def __init__(self, setting: LiveSetting) -> None:
        self.setting = setting
        self.is_known = False
        self.vector = self._made()
        self._set(setting.default)

    def show(self, value: object) -> bool:
        """Take the value in force; tell whether it is another than that before."""
        self.is_known = True
        return self._set(value)

    def asked(self, values: dict[str, str]) -> Any:
        """Return the setting's value that a client asks for.

        Raises
        ------
        PropertyError
            It cannot be that.
        """
        trial = self._made()
        trial.update(values)
        value = self._value(trial)
        try:
            self.setting.check(value)
        except ValueError as error:
            raise PropertyError(str(error)) from error
        return value

    def _value(self, vector: Vector) -> Any:
        match self.setting.kind:
            case "switch":
                return vector.chosen() == ON
            case "number" | "whole":
                value = vector.number(VALUE)
                if self.setting.may_be_off and value == 0:
                    return None
                return int(value) if self.setting.kind == "whole" and value.is_integer() else value
            case "choice":
                return vector.chosen().lower()
            case "words" if vector.kind == "Switch":
                if vector.chosen() == OTHER:
                    raise PropertyError(f"{self.setting.label}: other words are told by the settings file, or by tell")
                return [vector.chosen().lower()]
            case "words":
                return vector.text(VALUE).split()
        return vector.text(VALUE)

    def _made(self) -> Vector:
        setting, label = self.setting, self.setting.label
        name = setting.name.replace(".", "_").upper()
        match setting.kind:
            case "switch":
                return switches(name, label, GROUP, {ON: "On", OFF: "Off"})
            case "choice":
                return switches(name, label, GROUP, _named(setting.choices))
            case "words" if setting.choices:
                return switches(name, label, GROUP, _named(setting.choices) | {OTHER: "Other words"})
            case "number" | "whole":
                least = 0.0 if setting.may_be_off else setting.least or 0.0
                unit = f" ({setting.unit})" if setting.unit else ""
                text = f"{label}{unit}{', 0 = off' if setting.may_be_off else ''}"
                return numbers(name, label, GROUP, number(VALUE, text, least, least, setting.most or MOST))
        return texts(name, label, GROUP, Element(VALUE, label))

    def _set(self, value: object) -> bool:
        if self.vector.kind != "Switch":
            if isinstance(value, list | tuple):
                value = " ".join(map(str, value))
            told = value if isinstance(value, int | float | str) else (0.0 if self.vector.kind == "Number" else "")
            return self.vector.show({VALUE: float(told) if self.vector.kind == "Number" else str(told)})
        if isinstance(value, bool):
            chosen = ON if value else OFF
        elif isinstance(value, list | tuple):
            chosen = str(value[0]).upper() if len(value) == 1 and value[0] in self.setting.choices else OTHER
        else:
            chosen = str(value).upper()
        return self.vector.show(
            {member.name: "On" if member.name == chosen else "Off" for member in self.vector.elements}
        )


def _named(choices: tuple[str, ...]) -> dict[str, str]:
    """Return switches by INDI's kind of names; a choice is its name in small letters."""
    return {choice.upper(): choice for choice in choices}
