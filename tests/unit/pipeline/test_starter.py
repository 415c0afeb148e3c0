"""How a stack begins."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from indistack.errors import FrameError
from indistack.pipeline.pace import Pace
from indistack.pipeline.starter import SessionStarter
from tests.pipeline.night import blob_of


class Session:
    """Doubts every first sub whose name ends with a question mark: it must fit the one before it."""

    def __init__(self) -> None:
        self.registration = SimpleNamespace(
            require_reference=lambda: None, fits=lambda sub, before: before is not None and before[0] == sub[0]
        )

    def filter_stack_of(self, _: object) -> None:
        return None

    def check(self, sub: Any, _: None, fits: Callable[[], bool]) -> None:
        if sub.scene.endswith("?") and not fits():
            raise FrameError("clouds", "odd shapes")


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], bool]:
    """Tell whether a stack begins with a sub that shows this."""
    monkeypatch.setattr(SessionStarter, "new", lambda *_: Session())
    starter = SessionStarter(SimpleNamespace(), Pace())  # type: ignore[arg-type]

    def begins(scene: str) -> bool:
        sub: Any = SimpleNamespace(scene=scene, frame=SimpleNamespace(info=None))
        try:
            starter.begin(sub, blob_of(b""))
        except FrameError:
            return False
        return True

    return begins


def test_a_doubtful_first_sub_must_show_what_the_one_before_it_showed(begins: Callable[[str], bool]) -> None:
    assert begins("nebula")
    assert [begins(scene) for scene in ("nebula?", "nebula?")] == [False, True]
    assert [begins(scene) for scene in ("clouds?", "nebula?", "nebula?")] == [False, False, True]


@pytest.mark.parametrize("good", ["nebula", "nebula?"])
def test_where_a_stack_has_begun_the_doubts_before_it_are_forgotten(begins: Callable[[str], bool], good: str) -> None:
    assert not begins("nebula?")
    assert begins(good)
    assert not begins("nebula?")
