"""What stands still in a stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from indistack.errors import FrameError
from indistack.field.comet import CometSettings
from indistack.session.sub_placer import SubPlacer
from indistack.values.frame import FrameInfo
from indistack.values.grid import PlacedSub
from indistack.values.star_list import PhotometricMatch
from tests.unit.session.subs import moved, sub_of

START = datetime(2024, 8, 10, 21, tzinfo=UTC)
MATCH = PhotometricMatch()


def placed(follow: str, comet: CometSettings | None = None) -> PlacedSub:
    """Return a sub that came ten minutes after the reference, where the stars had moved by (5, -3) px."""
    placer = SubPlacer(FrameInfo(date_obs=START, exposure_s=0.0), comet or CometSettings())
    frame = sub_of(date_obs=START + timedelta(minutes=10), exposure_s=0.0).frame
    branch: Any = SimpleNamespace(settings=SimpleNamespace(followed=follow))
    return placer.place(frame, moved(5.0, -3.0), MATCH, branch, 0.7, 12)


def test_it_keeps_what_it_is_told() -> None:
    sub = placed("stars")
    assert (sub.match, sub.weight, sub.number) == (MATCH, 0.7, 12)


@pytest.mark.parametrize(("follow", "shift_px"), [("stars", (5.0, -3.0)), ("camera", (0.0, 0.0))])
def test_stars_or_pixels_stand_still(follow: str, shift_px: tuple[float, float]) -> None:
    assert placed(follow).transform.apply([[0.0, 0.0]])[0] == pytest.approx(shift_px)


def test_a_comet_stands_where_it_stood_in_the_reference() -> None:
    # it moves by 1 px a minute along x: after ten minutes the sub is shifted back by ten
    comet = CometSettings(rate_px_min=1.0, angle_deg=0.0)
    assert placed("comet", comet).transform.apply([[0.0, 0.0]])[0] == pytest.approx((-5.0, -3.0))


def test_a_comet_whose_motion_nobody_tells_cannot_be_followed() -> None:
    with pytest.raises(FrameError, match="no_motion"):
        placed("comet")
