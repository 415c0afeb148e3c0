"""One search for every session, with what its header tells, and none after its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from indistack.fits_header import Wcs
from indistack.session import solve_watch as module
from indistack.session.sky_position import SkyPosition
from indistack.session.solve_watch import SolveWatch
from indistack.solve import Solution, SolveSettings
from indistack.values.frame import FrameInfo
from indistack.values.star_list import Scene
from tests.unit.solve.fakes import field_of

FOUND = Solution(Wcs(150.0, 20.0, (0.0, 0.0), np.eye(2)), "finder")


class Finder:
    """Answers at the second question."""

    def __init__(self, settings: SolveSettings) -> None:
        self.fields: list[Any] = []
        self.waited: list[float] = []
        self.stopped = False

    def begin(self, field: Any) -> None:
        self.fields.append(field)
        self.waited.clear()

    def result(self, timeout_s: float) -> Solution | None:
        self.waited.append(timeout_s)
        return FOUND if len(self.waited) > 1 else None

    def stop(self) -> None:
        self.stopped = True


class Session:
    """What a locator sees of one."""

    def __init__(self, by_stars: bool = True, **info: Any) -> None:
        self.reference = SimpleNamespace(scene=Scene(field_of().stars, 1304, 976), info=FrameInfo(**info))
        self.aligner = SimpleNamespace(needs_stars=by_stars)
        self.sky = SkyPosition(self.reference.info)

    def locate(self, solution: Solution) -> None:
        self.sky.solution = solution


@pytest.fixture
def solve_watch(monkeypatch: pytest.MonkeyPatch) -> SolveWatch:
    monkeypatch.setattr(module, "SkyFinder", Finder)
    return SolveWatch(SolveSettings())


def finder_of(solve_watch: SolveWatch) -> Finder:
    finder = solve_watch._finder
    assert isinstance(finder, Finder)
    return finder


def test_what_the_header_tells_is_a_hint(solve_watch: SolveWatch) -> None:
    solve_watch.look(Session(ra_deg=10.0, dec_deg=-5.0, scale_arcsec_px=1.5))  # type: ignore[arg-type]
    (field,) = finder_of(solve_watch).fields
    assert (field.centre_deg, field.scale_arcsec_px) == ((10.0, -5.0), 1.5)
    assert (field.width, field.height, len(field.stars)) == (1304, 976, 40)


@pytest.mark.parametrize("info", [{}, {"ra_deg": 10.0}, {"dec_deg": 10.0}])
def test_half_a_place_is_none(solve_watch: SolveWatch, info: dict[str, float]) -> None:
    solve_watch.look(Session(**info))  # type: ignore[arg-type]
    assert finder_of(solve_watch).fields[0].centre_deg is None


def test_a_planet_is_not_asked_for(solve_watch: SolveWatch) -> None:
    solve_watch.look(Session(by_stars=False))  # type: ignore[arg-type]
    assert finder_of(solve_watch).fields == []


def test_one_search_until_it_is_known(solve_watch: SolveWatch) -> None:
    session: Any = Session()
    for timeout_s in (0.0, 7.0, 0.0):
        solve_watch.look(session, timeout_s)
    assert session.sky.solution is FOUND
    assert finder_of(solve_watch).waited == [0.0, 7.0]
    assert len(finder_of(solve_watch).fields) == 1
    solve_watch.look(None)
    solve_watch.look(Session())  # type: ignore[arg-type]
    assert len(finder_of(solve_watch).fields) == 2
    solve_watch.close()
    assert finder_of(solve_watch).stopped
