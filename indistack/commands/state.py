"""What an agent tells of itself in ``status.json``, typed: one numbered state for every face.

Every publication has a number. What belongs to a picture stands in its `Shown`, frozen when the picture was taken, and
is written after it: who shows a picture shows those numbers beside it. The rest is as things stand now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from indistack.store.last_status import SESSIONS, last_status

Light = Literal["ok", "busy", "alert", "idle"]

LIGHTS = ("camera", "calibrated", "aligned", "drift", "clouds", "disk")
"""What a light stands for."""

MAIN = "stack"
"""Name of the main picture."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and what was true when it was taken.

    Attributes
    ----------
    number : int
        Of the publication, from 1 on in an output folder; another picture has another.
    files : mapping
        Suffix -> path: ``.jpg``; ``.png`` and ``.fits`` follow more slowly and may be older, see `numbers`.
    numbers : mapping
        Suffix -> number of the publication that the file shows.
    view : Path or None
        The small picture for faces.
    n_subs : int
        Subs in it.
    exposure_s : float
        Their exposure.
    sub : int
        Number in the ledger of the last one.
    snr, snr_gain : float or None
        Signal to noise of its stars; how many times that of the first sub. None: not known.
    method : str
        That made it.
    """

    number: int
    files: Mapping[str, Path] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    view: Path | None = None
    n_subs: int = 0
    exposure_s: float = 0.0
    sub: int = 0
    snr: float | None = None
    snr_gain: float | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class Snr:
    """Signal to noise of the main stack's stars, None where it is not known.

    Attributes
    ----------
    value, gain : float or None
        Now; how many times that of the first sub.
    target : float or None
        What is wanted.
    seconds_to_target : float or None
        Until then, if subs go on to come as they did; None: the growth does not tell.
    """

    value: float | None = None
    gain: float | None = None
    target: float | None = None
    seconds_to_target: float | None = None


@dataclass(frozen=True, slots=True)
class LastSub:
    """What is known of the sub that came last; None where it is not."""

    number: int = 0
    outcome: str = ""
    reason: str = ""
    detail: str = ""
    stars: int | None = None
    fwhm_px: float | None = None
    eccentricity: float | None = None
    drift_px: float | None = None
    drift_arcsec: float | None = None
    rotation_deg: float | None = None
    weight: float | None = None
    transparency: float | None = None
    background_adu: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How things stand.

    Attributes
    ----------
    number : int
        Of the newest publication; 0 where there is none.
    state : str
        ``running``, ``paused`` or ``stopped``; "" where no agent has been.
    n_subs, exposure_s
        Subs in the stack, and their exposure.
    accepted, refused, waiting : int
        Subs.
    refusals : mapping
        Reason -> how many.
    session : Path or None
        Folder of the session.
    target, method, reference : str
        "" where it is not known.
    snr : Snr
        Of the main stack.
    last : LastSub
        The sub that came last.
    hints : tuple of str
        What the observer should look after: focus, dew, clouds; for people.
    settings : mapping
        Those that change live, as they are in force: name -> value.
    masters : tuple of str
        What calibrates.
    lights : mapping
        One of `LIGHTS` -> ``ok``, ``busy``, ``alert`` or ``idle``.
    sentence : str
        What happened last, or is waited for, in a plain sentence.
    machine : mapping
        How the machine is: ``disk`` (``free_gb``, ``minutes_left``, ``slow``, ``written_mb_h``), ``memory_free_mb``,
        ``temperature_c``, ``under_voltage``, ``throttled``, ``clock_unset``, and ``warnings`` for people.
    ms_a_sub, memory_mb : float or None
        What a sub takes; what the process takes.
    shown : mapping
        Name -> picture; the main one is called ``stack``.
    told : mapping
        All that the file says.
    """

    number: int = 0
    state: str = ""
    n_subs: int = 0
    exposure_s: float = 0.0
    accepted: int = 0
    refused: int = 0
    waiting: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    session: Path | None = None
    target: str = ""
    method: str = ""
    reference: str = ""
    snr: Snr = Snr()
    last: LastSub = LastSub()
    hints: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    masters: tuple[str, ...] = ()
    lights: Mapping[str, Light] = field(default_factory=lambda: dict.fromkeys(LIGHTS, "idle"))
    sentence: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)
    ms_a_sub: float | None = None
    memory_mb: float | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def main(self) -> Shown | None:
        """The main picture; None while there is none."""
        return self.shown.get(MAIN)


def read_state(output: Path) -> State:
    """Return how things stand in an agent's output folder; an empty state where nothing is told, or nonsense."""
    told = last_status(output)
    try:
        return _state(output, told)
    except (LookupError, TypeError, ValueError, AttributeError):
        return State(told=told)


def _state(output: Path, told: Mapping[str, Any]) -> State:
    counts, session = told.get("outcomes", {}), told.get("session")
    whole = {name: told[name] for name in
             ("number", "state", "n_subs", "exposure_s", "waiting", "refusals", "target", "method", "reference",
              "settings", "lights", "sentence", "machine", "ms_a_sub", "memory_mb") if name in told}  # fmt: skip
    return State(
        **whole,
        accepted=counts.get("accepted", 0) + counts.get("restarted", 0),
        refused=counts.get("refused", 0),
        session=output / SESSIONS / session if session else None,
        snr=Snr(**told.get("snr", {})),
        last=_last(told.get("last", {})),
        hints=tuple(hint["text"] for hint in told.get("hints", ())),
        masters=tuple(told.get("last", {}).get("masters") or ()),
        shown={name: _shown(output, one) for name, one in told.get("shown", {}).items()},
        told=told,
    )


def _last(line: Mapping[str, Any]) -> LastSub:
    arcsec = line.get("shift_arcsec")
    told = {name: line[name] for name in LastSub.__slots__ if name in line}
    return LastSub(**told | {"drift_arcsec": (arcsec[0] ** 2 + arcsec[1] ** 2) ** 0.5 if arcsec else None})


def _shown(output: Path, one: Mapping[str, Any]) -> Shown:
    files = {suffix: output / name for suffix, name in one["files"].items()}
    view = output / one["view"] if one.get("view") else None
    return Shown(**{**one, "files": files, "view": view})
