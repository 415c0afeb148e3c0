"""Places of the subs, and steps between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indistack.report import read_session
from indistack.report.track import steps_of, stretches, track_of
from tests.unit.report.nights import line, refused, track, write_ledger


def test_only_registered_subs_have_a_place(tmp_path: Path) -> None:
    found = track_of(read_session(write_ledger(tmp_path, line(1), refused(2, "trailed"), line(3, x=4.0, y=-2.0))))
    assert found.index.tolist() == [0, 2]
    assert found.xy_px.tolist() == [[0, 0], [4, -2]]
    assert found.scale_arcsec_px == 2.0


def test_a_flip_changes_the_side_and_its_half_turn_is_taken_off(tmp_path: Path) -> None:
    turned = (0.0, 0.1, -179.8, -179.7, 179.9, 0.6)
    found = track_of(read_session(write_ledger(tmp_path, *(line(n, rotation_deg=r) for n, r in enumerate(turned, 1)))))
    assert found.side.tolist() == [0, 0, 1, 1, 1, 2]
    np.testing.assert_allclose(found.rotation_deg, [0.0, 0.1, 0.2, 0.3, -0.1, 0.6], atol=1e-9)


def test_nothing_registered_is_an_empty_track(tmp_path: Path) -> None:
    found = track_of(read_session(write_ledger(tmp_path, refused(1, "clouds"))))
    assert len(found) == 0
    assert steps_of(found) == ()


@pytest.mark.parametrize("every", [2, 3, 5, 20])
def test_dithers_are_found_whatever_their_rhythm(every: int) -> None:
    night = track(dither_every=every)
    moved = np.hypot(*np.diff(night.xy_px, axis=0).T)
    dithers = {sub for sub in range(every, 200, every) if moved[sub - 1] > 4}
    found = {step.sub - 1 for step in steps_of(night)}
    assert dithers <= found
    assert all(sub % every == 0 for sub in found)


def test_drift_alone_makes_no_steps() -> None:
    assert steps_of(track(drift_px_min=(60.0, 10.0), noise_px=0.3)) == ()


def test_noise_below_a_pixel_makes_no_steps() -> None:
    night = track(drift_px_min=(0.0, 0.0), noise_px=0.0)
    night.xy_px[100:] += (0.7, 0.6)
    assert steps_of(night) == ()
    night.xy_px[100:] += (0.1, 0.1)
    assert [(step.sub, round(step.length_px, 2), step.is_flip) for step in steps_of(night)] == [(101, 1.06, False)]


def test_a_flip_is_a_step_of_its_own_kind_and_begins_a_stretch() -> None:
    night = track(flip_at=120)
    steps = steps_of(night)
    assert [(step.sub, step.is_flip) for step in steps] == [(121, True)]
    assert stretches(night, steps).tolist() == [0] * 120 + [1] * 80
