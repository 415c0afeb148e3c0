"""When a correction is sent, and when not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from indistack.centre import CentreSettings, Correction, Keeper
from indistack.errors import SourceError
from indistack.fits_header import Wcs

SIZE = (1000, 800)
START = datetime(2024, 8, 10, 22, tzinfo=UTC)
WCS = Wcs(150.0, 20.0, (499.5, 399.5), 2 / 3600 * np.diag([-1.0, 1.0]))


class Scope:
    """A telescope that obeys: or goes nowhere, or refuses."""

    def __init__(self, *, share: float = 1.0, refuses: str = "") -> None:
        self.shift_px = np.zeros(2)
        self.moves: list[Correction] = []
        self._share = share
        self._refuses = refuses

    def move(self, correction: Correction) -> None:
        if self._refuses:
            raise SourceError(self._refuses)
        self.moves.append(correction)
        self.shift_px = self.shift_px + self._share * 1800 * np.array([-correction.east_deg, correction.north_deg])


def watch(keeper: Keeper, scope: Scope, subs: int, drift_px: tuple[float, float] = (0.0, 0.0)) -> list[int]:
    """Take subs one after the other; return the numbers of those after which a correction was asked for."""
    asked = []
    for number in range(subs):
        if keeper.judge((float(scope.shift_px[0]), float(scope.shift_px[1])), WCS, SIZE, START) is not None:
            asked.append(number)
        scope.shift_px = scope.shift_px + drift_px
    return asked


def keeper_of(scope: Scope, **settings: object) -> Keeper:
    return Keeper(CentreSettings(enabled=True, **settings), scope, lambda: START)  # type: ignore[arg-type]


def test_a_steady_drift_is_taken_back_again_and_again() -> None:
    scope = Scope()
    keeper = keeper_of(scope, limit="10 px")
    assert watch(keeper, scope, 12, (3.0, 0.0)) == [4, 8]  # 12 px; then back at 0 and 3 px on, of which one sub waits
    assert keeper.status()["corrections"] == 2
    assert 3600 * scope.moves[0].east_deg == pytest.approx(24.0, abs=0.01)


@pytest.mark.parametrize(("limit", "asked"), [("31 px", []), ("29 px", [0]), ("61 arcsec", []), ("2.9 %", [0])])
def test_the_limit(limit: str, asked: list[int]) -> None:
    scope = Scope()
    scope.shift_px = np.array([0.0, 30.0])
    assert watch(keeper_of(scope, limit=limit), scope, 1) == asked


@pytest.mark.parametrize("subs", [1, 3])
def test_subs_after_a_correction_are_not_judged(subs: int) -> None:
    scope = Scope(share=0.0)
    scope.shift_px = np.array([50.0, 0.0])
    assert watch(keeper_of(scope, limit="10 px", wait_subs=subs), scope, 6) == list(range(0, 6, subs + 1))


@pytest.mark.parametrize("share", [0.0, -1.0, 0.3])
def test_three_that_do_not_help_are_enough(share: float, caplog: pytest.LogCaptureFixture) -> None:
    scope = Scope(share=share)
    scope.shift_px = np.array([50.0, 0.0])
    keeper = keeper_of(scope, limit="5 px")
    assert len(watch(keeper, scope, 20)) == 3
    assert caplog.text.count("did not help") == 1
    assert "did not help" in keeper.status()["problem"]
    keeper.begin()
    assert watch(keeper, scope, 1) == [0]


def test_one_that_does_not_help_is_no_reason_to_give_up() -> None:
    scope = Scope(share=0.3)
    scope.shift_px = np.array([50.0, 0.0])
    keeper = keeper_of(scope, limit="5 px")
    watch(keeper, scope, 4)
    scope._share = 1.0
    watch(keeper, scope, 4)
    scope.shift_px, scope._share = np.array([50.0, 0.0]), 0.3
    assert len(watch(keeper, scope, 20)) == 3


def test_too_far_is_another_target(caplog: pytest.LogCaptureFixture) -> None:
    scope = Scope()
    scope.shift_px = np.array([300.0, 0.0])  # 10 arcmin
    keeper = keeper_of(scope, max_step="9 arcmin")
    assert watch(keeper, scope, 3) == []
    assert caplog.text.count("10 arcmin away") == 1
    assert watch(keeper_of(scope, max_step="11 arcmin"), scope, 1) == [0]


def test_without_orientation_nothing_is_moved(caplog: pytest.LogCaptureFixture) -> None:
    scope = Scope()
    keeper = keeper_of(scope)
    assert [keeper.judge((100.0, 0.0), None, SIZE, START) for _ in range(3)] == [None] * 3
    assert keeper.judge((1.0, 0.0), None, SIZE, START) is None
    assert (scope.moves, caplog.text.count("orientation on the sky is unknown")) == ([], 1)


def test_a_mount_that_refuses_is_told_of_and_asked_three_times(caplog: pytest.LogCaptureFixture) -> None:
    scope = Scope(refuses="Mount is parked")
    scope.shift_px = np.array([50.0, 0.0])
    keeper = keeper_of(scope, limit="5 px")
    first = keeper.judge((50.0, 0.0), WCS, SIZE, START)
    assert first is not None
    assert first["problem"] == "Mount is parked"
    assert watch(keeper, scope, 20) == [1, 3]
    assert keeper.status()["corrections"] == 0
    assert caplog.text.count("Mount is parked") == 1


def test_subs_that_came_before_the_correction_tell_nothing_of_it() -> None:
    scope = Scope()
    keeper = keeper_of(scope, limit="10 px")
    early, late = START - timedelta(seconds=1), START + timedelta(seconds=1)
    assert keeper.judge((50.0, 0.0), WCS, SIZE, early) is not None
    assert [keeper.judge((50.0, 0.0), WCS, SIZE, early) for _ in range(5)] == [None] * 5
    assert keeper.judge((50.0, 0.0), WCS, SIZE, late) is None  # exposed while the mount moved
    assert keeper.judge((50.0, 0.0), WCS, SIZE, late) is not None
