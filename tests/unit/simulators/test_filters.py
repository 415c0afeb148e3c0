"""Filters before a mono camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulators.observatory import Observatory
from simulators.scenario import ScenarioError, make_scenario

NARROW = {"name": "Ha", "passes": (0.1, 0.0, 0.0), "nebula_passes": (1.0, 0.0, 0.0)}


def observatory(*filters: dict[str, Any], **changes: Any) -> Observatory:
    small = {"width_px": 200, "height_px": 160, "cfa": "mono", "n_stars": 20, "seed": 3, "vignetting": 0.0}
    return Observatory(make_scenario({**small, "filters": filters, **changes}))


def colours() -> list[dict[str, Any]]:
    passes = np.eye(3).tolist()
    return [{"name": name, "passes": share} for name, share in zip("RGB", passes, strict=True)]


def test_filters_take_turns_and_have_exposures_of_their_own() -> None:
    sky = observatory({"name": "L"}, {"name": "R", "exposure_s": 30.0}, exposure_s=5.0)
    lights = [sky.expose() for _ in range(4)]
    assert [light.header["FILTER"] for light in lights] == ["L", "R", "L", "R"]
    assert [light.header["EXPTIME"] for light in lights] == [5.0, 30.0, 5.0, 30.0]


@pytest.mark.slow
def test_red_green_and_blue_are_together_what_no_filter_stops() -> None:
    everything = observatory().ideal(signal_only=True)
    parts = [observatory(one).ideal(signal_only=True) for one in colours()]
    np.testing.assert_allclose(sum(parts), everything, rtol=0.02)  # a faint star's wings are cut off sooner
    assert min(part.min() for part in parts) > 0


@pytest.mark.slow
def test_the_truth_of_the_stars_is_what_passes() -> None:
    red, blue, no_filter = (observatory(*filters).expose().stars for filters in (colours()[:1], colours()[2:], []))
    order = np.argsort(no_filter.x)
    ratio = blue.flux_adu[np.argsort(blue.x), 0] / red.flux_adu[np.argsort(red.x), 0]
    assert np.corrcoef(ratio, no_filter.b_minus_v[order])[0, 1] < -0.9
    assert "FILTER" not in observatory().expose().header


def test_a_line_of_the_nebula_passes_where_the_stars_do_not() -> None:
    target = {"name": "Cloud", "nebula_e_per_s": 100.0}
    line, broad = (observatory(one, targets=(target,)).ideal(signal_only=True) for one in (NARROW, colours()[0]))
    dark = observatory(NARROW, targets=({**target, "nebula_e_per_s": 0.0},)).ideal(signal_only=True)
    assert np.median(line) > 3 * np.median(dark)
    assert line.max() < broad.max()


def test_a_colour_camera_has_no_filter_wheel() -> None:
    with pytest.raises(ScenarioError, match="mono"):
        observatory(*colours(), cfa="RGGB")
