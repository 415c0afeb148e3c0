"""A plane through pairs, and what is not believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from indistack.errors import SolveError
from indistack.fits_header import Wcs
from indistack.solve import FieldToSolve, Solution
from indistack.solve.plane import fit_plane, require_believable
from tests.unit.solve.fakes import TRUE, field_of

CENTRE = (651.5, 487.5)
GOOD = Solution(TRUE, "test", 20, 0.3)


def pairs(count: int, noise_px: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    xy = field_of(count).stars.xy
    return xy, TRUE.to_sky(xy + np.random.default_rng(0).normal(0, noise_px, xy.shape) if noise_px else xy)


@pytest.mark.parametrize("dec_deg", [-89.9, 0.0, 22.7, 90.0])
def test_exact_pairs_give_the_exact_plane(dec_deg: float) -> None:
    true = replace(TRUE, dec_deg=dec_deg)
    xy = field_of(6).stars.xy
    wcs, rms_px, kept = fit_plane(
        xy, true.to_sky(xy), true.moved(np.array([[1, 0, 2], [0, 1, -3], [0, 0, 1.0]])), CENTRE
    )
    assert (rms_px, kept) == (pytest.approx(0, abs=1e-6), 6)
    np.testing.assert_allclose(wcs.to_pixel(true.to_sky(xy)), xy, atol=1e-6)


def test_pairs_that_do_not_fit_are_left_out() -> None:
    xy, sky = pairs(30, 0.2)
    sky[:5] += 0.005  # 12 px
    wcs, rms_px, kept = fit_plane(xy, sky, TRUE, CENTRE)
    assert kept in (24, 25)
    assert rms_px < 0.4
    assert np.hypot(*(wcs.to_pixel(TRUE.to_sky(xy)) - xy).T).max() < 0.4


def test_too_few_pairs() -> None:
    with pytest.raises(SolveError, match="only 5 of our stars"):
        fit_plane(*pairs(5), TRUE, CENTRE)


def scaled(factor: float) -> Wcs:
    return replace(TRUE, cd=TRUE.cd * factor)


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        (replace(GOOD, rms_px=2.4), "2.4 px from their places"),
        (replace(GOOD, wcs=scaled(1.3)), "plate scale is 1.923"),
        (replace(GOOD, wcs=scaled(0.75)), "plate scale is 1.110"),
        (replace(GOOD, wcs=replace(TRUE, cd=TRUE.cd @ np.diag([1.0, 1.08]))), "no squares"),
        (replace(GOOD, wcs=replace(TRUE, cd=TRUE.cd @ np.array([[1.0, 0.1], [0.0, 1.0]]))), "no squares"),
        (replace(GOOD, wcs=replace(TRUE, dec_deg=-22.0)), "44 deg from where"),
    ],
)
def test_what_contradicts_is_not_believed(solution: Solution, reason: str) -> None:
    with pytest.raises(SolveError, match=reason):
        require_believable(solution, field_of())


@pytest.mark.parametrize(
    ("solution", "field"),
    [
        (GOOD, field_of()),
        (replace(GOOD, wcs=scaled(1.15)), field_of()),
        (replace(GOOD, wcs=scaled(5.0)), field_of(scale_arcsec_px=None)),
        (replace(GOOD, wcs=replace(TRUE, dec_deg=-22.0)), replace(field_of(), centre_deg=None)),
        (replace(GOOD, rms_px=5.0), replace(field_of(), width=6000, height=4000)),  # a wide lens bends the field
        (replace(GOOD, rms_px=None), field_of()),
    ],
)
def test_what_agrees_is_believed(solution: Solution, field: FieldToSolve) -> None:
    require_believable(solution, field)
