"""Stars of a sub beside the reference's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.photometry.ratio import COMPARED_STARS, expected_scale, flux_ratio
from indistack.values.frame import FrameInfo
from indistack.values.star_list import StarList
from indistack.values.transform import Transform
from tests.unit.align.fields import motion, star_list

RNG = np.random.default_rng(7)
XY = RNG.uniform(50, 1450, (80, 2))
REFERENCE = star_list(XY, np.geomspace(1e5, 1e3, 80))
FLIP = Transform(motion(180, 12.0, -7.0))


def seen(share: float, transform: Transform = FLIP, scatter: float = 0.02) -> StarList:
    """The same stars in a sub that lies so on the reference."""
    places = transform.back(REFERENCE.xy)
    flux = REFERENCE.flux * share * np.random.default_rng(1).normal(1, scatter, len(REFERENCE))
    return replace(REFERENCE, x=places[:, 0], y=places[:, 1], flux=flux)


@pytest.mark.parametrize("share", [1.0, 0.7, 0.1])
def test_the_share_of_light_is_found(share: float) -> None:
    ratio = flux_ratio(seen(share), REFERENCE, FLIP)
    assert ratio.value == pytest.approx(1 / share, rel=0.01)
    assert abs(ratio.value - 1 / share) < 3 * ratio.error
    assert ratio.is_known
    assert ratio.stars == COMPARED_STARS


@pytest.mark.parametrize(("in_sub", "in_reference"), [(40, 40), (40, 0), (0, 40)])
def test_saturated_stars_are_not_compared(in_sub: int, in_reference: int) -> None:
    flux = seen(0.5).flux * np.where(np.arange(80) < 40, 0.1, 1)
    sub = replace(seen(0.5), flux=flux, saturated=np.arange(80) < in_sub)
    ratio = flux_ratio(sub, replace(REFERENCE, saturated=np.arange(80) < in_reference), FLIP)
    assert (ratio.value, ratio.stars) == (pytest.approx(2, rel=0.01), 40)


def test_variable_stars_and_strangers_do_not_disturb() -> None:
    sub = seen(0.7)
    flux = np.where(np.arange(80) % 5 == 0, 3 * sub.flux, sub.flux)
    places = np.where(np.arange(80)[:, None] % 5 == 1, RNG.uniform(0, 1500, (80, 2)), sub.xy)
    ratio = flux_ratio(replace(sub, flux=flux, x=places[:, 0], y=places[:, 1]), REFERENCE, FLIP)
    assert ratio.value == pytest.approx(1 / 0.7, rel=0.02)


def test_few_stars_or_none_in_common_tell_nothing() -> None:
    few = seen(0.7).take(slice(0, 4))
    assert not flux_ratio(few, REFERENCE, FLIP).is_known
    assert flux_ratio(seen(0.7), REFERENCE, Transform.identity()).stars < 3
    assert not flux_ratio(seen(0.7).take(slice(0, 0)), REFERENCE, FLIP).is_known
    eight = seen(0.7, scatter=0.0).take(slice(0, 8))
    assert flux_ratio(eight, REFERENCE, FLIP).is_known
    assert not flux_ratio(replace(eight, flux=eight.flux * np.tile([1, 2], 4)), REFERENCE, FLIP).is_known


@pytest.mark.parametrize(
    ("sub", "reference", "expected"),
    [
        ({"exposure_s": 5.0}, {"exposure_s": 10.0}, 2.0),
        ({}, {"exposure_s": 10.0}, 1.0),
        ({"gain_setting": 100.0}, {}, 1.0),
        ({"gain_setting": 100.0, "e_per_adu": 0.5}, {"gain_setting": 0.0, "e_per_adu": 2.0}, 0.25),
        ({"gain_setting": 100.0, "e_per_adu": 0.5}, {"gain_setting": 0.0}, None),
        ({"exposure_s": 0.0}, {"exposure_s": 10.0}, 1.0),
    ],
)
def test_what_the_headers_ask_for(sub: dict[str, float], reference: dict[str, float], expected: float | None) -> None:
    assert expected_scale(FrameInfo(**sub), FrameInfo(**reference)) == expected  # type: ignore[arg-type]
