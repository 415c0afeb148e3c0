"""A sub of which a part only lies where the stars of the reference are."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.align import require_same_stars
from indistack.errors import RegistrationError
from indistack.values.star_list import Scene
from indistack.values.transform import Transform
from tests.unit.align.fields import scene_of, star_list
from tests.unit.align.star_skies import sky

SHIFT = Transform(np.array([[1, 0, 7.0], [0, 1, -4.0], [0, 0, 1.0]]))


def sub(count: int = 200, torn: float = 0.0, lost: int = 0, added: int = 0) -> Scene:
    """A sub that lies elsewhere than the reference; a share of it, by its rows, is torn aside."""
    xy = SHIFT.back(sky(count).xy)
    xy[xy[:, 1] < torn * xy[:, 1].max(), 0] += 40.0
    more = np.random.default_rng(8).uniform(0, xy.max(axis=0), (added, 2))
    return scene_of(star_list(np.concatenate([more, xy[lost:]]), np.linspace(2e5, 1e3, added + count - lost)))


def reference(count: int = 200) -> Scene:
    return scene_of(star_list(sky(count).xy, np.linspace(2e5, 1e3, count)))


@pytest.mark.parametrize("torn", [0.4, 0.6])
def test_a_sub_that_is_torn_apart_is_refused(torn: float) -> None:
    with pytest.raises(RegistrationError, match="parts of it lie elsewhere"):
        require_same_stars(sub(torn=torn), reference(), SHIFT)


@pytest.mark.parametrize("changes", [{}, {"lost": 25}, {"added": 25}, {"torn": 0.1}])
def test_clouds_and_defects_are_no_reason(changes: dict[str, float]) -> None:
    require_same_stars(sub(**changes), reference(), SHIFT)  # type: ignore[arg-type]


def test_of_few_stars_nothing_is_said() -> None:
    require_same_stars(sub(11, torn=0.6), reference(11), SHIFT)


def test_faint_stars_come_and_go() -> None:
    """Of forty that are hardly seen each frame shows another half."""
    xy, flux = sky(40).xy, np.linspace(2e3, 1e3, 40)
    first, second = (scene_of(star_list(xy[part], flux[part])) for part in (slice(0, 40, 2), slice(1, 40, 2)))
    require_same_stars(first, second, Transform.identity())
