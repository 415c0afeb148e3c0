"""Hints out of simulated nights: seeing, airmass, single bad subs, a meridian flip, dawn; and what is to be found."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

import pytest

from indistack.grading.night_hints import TEXTS, WARM_UP, NightHints, Reading
from indistack.grading.trend import trend_of

EXPOSURE_S, SUBS, EVENT_AT, FLIP_AT = 60.0, 300, 120, 190
NIGHTS = 20
IN_TIME = 5
"""Subs."""


@dataclass
class Sky:
    """A night's sky over one field: seeing that wanders, a target that rises and sinks, a little haze."""

    chance: random.Random
    seeing: float = 0.0
    slow: float = 0.0

    def sub(self, at: int) -> Reading:
        self.seeing = 0.8 * self.seeing + self.chance.gauss(0, 0.03)
        self.slow = 0.985 * self.slow + self.chance.gauss(0, 0.012)
        hours = (at - SUBS / 2) * EXPOSURE_S / 3600
        airmass = 1 / max(0.3, math.cos(math.radians(min(75, abs(hours) * 12))))
        fwhm = 3 * airmass**0.6 * math.exp(self.seeing + self.slow) * (1.6 if self.chance.random() < 0.02 else 1)
        clear = math.exp(0.2 * (1 - airmass) + self.chance.gauss(0, 0.02)) * (0.6 if self.chance.random() < 0.02 else 1)
        dawn = 1 + max(0, at - 0.93 * SUBS) / 5
        sky = 900 * (0.7 + 0.3 * airmass) * dawn * math.exp(self.chance.gauss(0, 0.01))
        return Reading(at + 1, at * EXPOSURE_S, ("L", "other" if at >= FLIP_AT else ""), fwhm, clear, sky)


def spoiled(sub: Reading, event: str, since: int, strength: float, chance: random.Random) -> tuple[Reading, bool]:
    """Return the sub as the event makes it, and whether that is to be seen by now."""
    if event == "slipped":
        return replace(sub, fwhm_px=sub.fwhm_px * (1.35 + 0.3 * strength)), True
    if event == "drifts":
        wider = 1 + min(0.8, since * (0.02 + 0.02 * strength))
        return replace(sub, fwhm_px=sub.fwhm_px * wider), wider > 1.4
    if event == "clouds":
        clear = sub.transparency * (0.65 - 0.5 * strength) * math.exp(chance.gauss(0, 0.12))
        spoilt = replace(sub, transparency=clear, background_adu=sub.background_adu * (1 + 0.3 * strength))
        return (replace(spoilt, fwhm_px=math.nan, reason="clouds") if clear < 0.3 else spoilt), True
    share = max(0.4, 1 - since * (0.005 + 0.01 * strength))
    return replace(sub, transparency=sub.transparency * share, fwhm_px=sub.fwhm_px * (1.1 - 0.1 * share)), share < 0.75


def night(seed: int, event: str = "") -> tuple[list[tuple[int, str]], int]:
    """Return which hints came at which subs, and from which sub on the event was to be seen."""
    chance, hints, came, shown = random.Random(seed), NightHints(), list[tuple[int, str]](), set[str]()
    sky, strength, seen_at = Sky(chance), chance.random(), SUBS
    for at in range(SUBS):
        sub = sky.sub(at)
        if event and at >= EVENT_AT:
            sub, is_seen = spoiled(sub, event, at - EVENT_AT, strength, chance)
            seen_at = min(seen_at, at if is_seen else SUBS)
        hints.add(sub)
        now = {hint.kind for hint in hints.told()}
        came += [(at, kind) for kind in now - shown]
        shown = set(now)
    return came, seen_at


@pytest.mark.slow
def test_a_quiet_night_has_at_most_one_false_hint() -> None:
    false = [len(night(seed)[0]) for seed in range(NIGHTS)]
    assert max(false) <= 1
    assert sum(false) <= NIGHTS / 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "kind"), [("slipped", "refocus"), ("drifts", "refocus"), ("clouds", "clouds"), ("dew", "dew")]
)
def test_nine_of_ten_are_found_within_five_subs(event: str, kind: str) -> None:
    in_time = 0
    for seed in range(1000, 1000 + NIGHTS):
        came, seen_at = night(seed, event)
        first = next((at for at, what in came if what == kind and at >= EVENT_AT), SUBS)
        in_time += first <= seen_at + IN_TIME
    assert in_time >= 0.9 * NIGHTS


def steady(n_subs: int, begin: int = 0, **more: float) -> list[Reading]:
    facts = {"fwhm_px": 3.0, "transparency": 1.0, "background_adu": 900.0} | more
    return [Reading(at + 1, at * EXPOSURE_S, **facts) for at in range(begin, begin + n_subs)]


def kinds(hints: NightHints) -> list[str]:
    return [hint.kind for hint in hints.told()]


def test_a_hint_says_since_when_and_ends_when_it_is_over() -> None:
    hints = NightHints()
    for sub in steady(20) + steady(6, 20, fwhm_px=4.5):
        hints.add(sub)
    (hint,) = hints.told()
    assert (hint.kind, hint.since) == ("refocus", 21)
    assert hint.text == TEXTS["refocus"].format(since=21)
    for sub in steady(4, 26):
        hints.add(sub)
    assert hints.told() == []


def test_nothing_is_said_during_the_warm_up_nor_of_one_bad_sub() -> None:
    hints = NightHints()
    for sub in steady(WARM_UP - 3) + steady(5, WARM_UP - 3, fwhm_px=6.0, transparency=0.2):
        hints.add(sub)
        assert hints.told() == []
    hints = NightHints()
    for sub in steady(20) + steady(2, 20, fwhm_px=9.0, transparency=0.1) + steady(5, 22):
        hints.add(sub)
        assert hints.told() == []


def test_subs_that_clouds_kept_out_count_as_dark() -> None:
    hints = NightHints()
    refused = [replace(sub, reason="too_few_stars") for sub in steady(4, 20, fwhm_px=math.nan, transparency=math.nan)]
    for sub in steady(20) + refused:
        hints.add(sub)
    assert kinds(hints) == ["clouds"]


def test_each_filter_and_side_of_the_pier_has_a_baseline_of_its_own() -> None:
    hints = NightHints()
    for sub in steady(20) + [replace(sub, key=("Ha", "")) for sub in steady(8, 20, fwhm_px=4.5)]:
        hints.add(sub)
        assert hints.told() == []


def test_a_fade_under_a_brightening_sky_is_no_dew() -> None:
    hints = NightHints()
    for at in range(60):
        hints.add(Reading(at + 1, at * EXPOSURE_S, ("", ""), 3.0, 1 - 0.006 * at, 900.0 * (1 + 0.01 * at)))
        assert "dew" not in kinds(hints)


def test_other_stars_need_another_baseline() -> None:
    hints = NightHints()
    for sub in steady(20):
        hints.add(sub)
    hints.begin_anew()
    for sub in steady(6, 20, fwhm_px=5.0):
        hints.add(sub)
        assert hints.told() == []


def test_a_trend_is_the_line_and_what_is_off_it() -> None:
    trend = trend_of([1.0, 3.0, 5.0, 7.0])
    assert (trend.begin, trend.end, trend.scatter) == pytest.approx((1.0, 7.0, 0.0))
    assert trend_of([0.0, 1.0, 0.0]).scatter == pytest.approx(math.sqrt((1 / 9 + 4 / 9 + 1 / 9) / 3))
