"""What happens to one light: a pure function of the scenario and the light's index."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from .events import Clouds, Dew, Dither, ExposureChange, GainChange, MeridianFlip, Satellite, Slew, WindGust
from .geometry import Matrix, sky_to_sensor
from .randomness import generator
from .scenario import Filter, Scenario, Target
from .strict import Strict

AnyEvent = TypeVar("AnyEvent", bound=Strict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything about one light that is not noise. Lengths in unbinned pixels, angles in degrees."""

    target: Target
    sky_to_sensor: Matrix
    commanded_shift_px: tuple[float, float]
    rotation_deg: float
    flipped: bool
    fwhm_px: float
    trail_px: tuple[float, float]
    transparency: float
    exposure_s: float
    gain_setting: float
    filter: Filter
    satellites: tuple[Satellite, ...]
    events: tuple[str, ...]


def conditions_of(scenario: Scenario, index: int) -> Conditions:
    """Return the conditions under which light number `index` (from 0) is taken."""
    flipped = sum(event.sub <= index for event in events_of(scenario, MeridianFlip)) % 2 == 1
    rotation_deg = scenario.rotation_deg + index * scenario.rotation_deg_per_sub + 180.0 * flipped
    commanded = _commanded_shift(scenario, index)
    wandered = _wandered_shift(scenario, index)
    shift = (commanded[0] + wandered[0], commanded[1] + wandered[1])
    exposures = [(event.sub, event.exposure_s) for event in events_of(scenario, ExposureChange)]
    gain_settings = [(event.sub, event.gain_setting) for event in events_of(scenario, GainChange)]
    filter_ = scenario.filter_of(index)
    return Conditions(
        target=_target(scenario, index),
        sky_to_sensor=sky_to_sensor(scenario.width_px, scenario.height_px, shift, rotation_deg),
        commanded_shift_px=commanded,
        rotation_deg=rotation_deg,
        flipped=flipped,
        fwhm_px=_fwhm(scenario, index),
        trail_px=_trail(scenario, index),
        transparency=_transparency(scenario, index),
        exposure_s=_last(exposures, index, filter_.exposure_s or scenario.exposure_s),
        gain_setting=_last(gain_settings, index, scenario.gain_setting),
        filter=filter_,
        satellites=tuple(event for event in events_of(scenario, Satellite) if event.sub == index),
        events=_words(scenario, index),
    )


def events_of(scenario: Scenario, kind: type[AnyEvent]) -> Iterator[AnyEvent]:
    """Yield the scenario's events of one kind, in the order of the file."""
    return (event for event in scenario.events if isinstance(event, kind))


def first_light_of_target(scenario: Scenario, index: int) -> int:
    """Return the first light of the visit to which light `index` belongs: 0, or the last slew that changed target."""
    name = _target(scenario, index).name
    while index > 0 and _target(scenario, index - 1).name == name:
        index -= 1
    return index


def _last(steps: list[tuple[int, float]], index: int, default: float) -> float:
    """Return the value of the latest step up to this light."""
    past = [step for step in steps if step[0] <= index]
    return max(past, key=lambda step: step[0])[1] if past else default


def _target(scenario: Scenario, index: int) -> Target:
    past = [event for event in events_of(scenario, Slew) if event.sub <= index]
    if not past:
        return scenario.targets[0]
    name = max(past, key=lambda event: event.sub).target
    return next(target for target in scenario.targets if target.name == name)


def _commanded_shift(scenario: Scenario, index: int) -> tuple[float, float]:
    """Dithers: the mount knows about these, so the header's pointing follows them."""
    block = index // scenario.dither_every
    x = y = 0.0
    if scenario.dither_px > 0 and block > 0:
        rng = generator(scenario.seed, "dither", block)
        radius, angle = scenario.dither_px * math.sqrt(rng.random()), 2 * math.pi * rng.random()
        x, y = radius * math.cos(angle), radius * math.sin(angle)
    steps = [event.shift_px for event in events_of(scenario, Dither) if event.sub <= index]
    return x + sum(step[0] for step in steps), y + sum(step[1] for step in steps)


def _wandered_shift(scenario: Scenario, index: int) -> tuple[float, float]:
    """Drift, periodic error and guiding: the mount does not know about these."""
    phase = 2 * math.pi * index / scenario.periodic_error_subs
    periodic = scenario.periodic_error_px * math.sin(phase)
    jitter = scenario.guide_jitter_px * generator(scenario.seed, "guiding", index).standard_normal(2)
    return (
        index * scenario.drift_px_per_sub[0] + periodic + float(jitter[0]),
        index * scenario.drift_px_per_sub[1] + float(jitter[1]),
    )


def _fwhm(scenario: Scenario, index: int) -> float:
    seeing = math.exp(scenario.seeing_jitter * generator(scenario.seed, "seeing", index).standard_normal())
    return scenario.fwhm_px * seeing * math.prod(_dew_factor(event, index) for event in events_of(scenario, Dew))


def _dew_factor(event: Dew, index: int) -> float:
    if not event.sub <= index <= event.until_sub:
        return 1.0
    return 1.0 + (event.fwhm_factor - 1.0) * (index - event.sub + 1) / (event.until_sub - event.sub + 1)


def _transparency(scenario: Scenario, index: int) -> float:
    return math.prod((_cloud_factor(event, index) for event in events_of(scenario, Clouds)), start=1.0)


def _cloud_factor(event: Clouds, index: int) -> float:
    """Ramp from 1 outside down to the event's transparency in the middle sub and back."""
    half = (event.until_sub - event.sub) / 2 + 1
    depth = max(0.0, 1.0 - abs(index - (event.sub + event.until_sub) / 2) / half)
    deepest = 1.0 if (event.until_sub - event.sub) % 2 == 0 else 1.0 - 0.5 / half
    return 1.0 - (1.0 - event.transparency) * depth / deepest


def _trail(scenario: Scenario, index: int) -> tuple[float, float]:
    gusts = [event for event in events_of(scenario, WindGust) if event.sub == index]
    return (
        sum(gust.length_px * math.cos(math.radians(gust.angle_deg)) for gust in gusts),
        sum(gust.length_px * math.sin(math.radians(gust.angle_deg)) for gust in gusts),
    )


def _words(scenario: Scenario, index: int) -> tuple[str, ...]:
    """Name what happens in or begins with this light; a dither that the scenario makes every few subs counts too."""
    words = {event.kind for event in scenario.events if event.sub <= index <= getattr(event, "until_sub", event.sub)}
    if scenario.dither_px > 0 and index > 0 and index % scenario.dither_every == 0:
        words.add("dither")
    return tuple(sorted(words))
