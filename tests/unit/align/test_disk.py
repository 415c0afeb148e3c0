"""The limb of the Sun and the Moon in parts."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align import AlignSettings
from indistack.align.circle import Circle, fit_circle
from indistack.align.disk import Disk
from indistack.align.limb import find_limb
from indistack.align.planes import clean_plane
from indistack.errors import RegistrationError
from tests.unit.align.pictures import Sky, corner_error_px, moved, scene_of


def test_the_circle_is_where_it_was_drawn() -> None:
    circle = find_limb(clean_plane(Sky((540.0, 310.0, 90.0)).look()))
    # frame position p is plane position (p - 0.5) / 2
    assert (circle.x, circle.y, circle.radius) == pytest.approx((269.75, 154.75, 45.0), abs=0.05)
    assert circle.arc_deg > 330


@pytest.mark.parametrize(
    ("sky", "shift"),
    [
        (Sky(lit_deg=180.0), (31.3, -18.7)),
        (Sky((640.0, 310.0, 220.0)), (31.3, -18.7)),  # cut by the frame's edge
        (Sky((540.0, 310.0, 90.0)), (-280.3, -40.0)),  # the sub's is cut, the reference's whole
        (Sky((400.0, 300.0, 20.0)), (120.6, 90.2)),  # a planet
    ],
    ids=["half lit", "cut by the frame", "leaving the frame", "planet"],
)
def test_a_part_of_a_limb_is_enough(sky: Sky, shift: tuple[float, float]) -> None:
    true = moved(*shift)
    found = Disk(AlignSettings()).register(sky.look(true, seed=2), sky.look(), None)
    assert corner_error_px(found.matrix, true) < 0.15


def test_a_disk_of_another_size_is_refused() -> None:
    sub, reference = Sky((400.0, 300.0, 60.0)).look(seed=2), Sky((400.0, 300.0, 120.0)).look()
    with pytest.raises(RegistrationError, match="no_limb"):
        Disk(AlignSettings()).register(sub, reference, None)


def test_a_bright_square_is_no_disk() -> None:
    plane = np.full((300, 400), 100, np.float32)
    plane[90:210, 120:260] = 1000
    with pytest.raises(RegistrationError, match="no_limb"):
        find_limb(clean_plane(scene_of(plane)))


@pytest.mark.parametrize("seed", [24, 43, 72])
def test_a_horizon_is_no_disk(seed: int) -> None:
    """The circles that fit a straight edge grow without end."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:300, :400]
    bright = y + rng.uniform(-0.2, 0.2) * x > 150 + 40 * (x > rng.integers(50, 350))
    with pytest.raises(RegistrationError, match="no_limb"):
        find_limb((100 + 200 * bright + rng.normal(0, 15, y.shape)).astype(np.float32))


def test_outliers_do_not_move_the_circle() -> None:
    angle = np.linspace(0, np.pi, 200)
    points = np.column_stack([50 + 30 * np.cos(angle), 40 + 30 * np.sin(angle)])
    points[::5] += (points[::5] - [50, 40]) * 0.3
    start = Circle(51.0, 39.0, 30.5, 0.0, 0.0)
    fitted, _, used = fit_circle(points, start, None)
    assert fitted == pytest.approx((50, 40, 30), abs=0.01)
    assert not used[::5].any()
    assert fit_circle(points, Circle(51.0, 39.0, 30.0, 0.0, 0.0), 30.0)[0] == pytest.approx((50, 40, 30), abs=0.01)
