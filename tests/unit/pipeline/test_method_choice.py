"""Which method a stack has where nobody asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from indistack.config import Config
from indistack.pipeline.method_choice import Choice, choose
from indistack.pipeline.pace import Pace
from indistack.session.memory_need import MemoryNeed
from indistack.session.stack_setup import SetupMaker
from indistack.settings import load
from indistack.system.workers import Workers
from tests.unit.session.subs import sub_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(1) as workers:
        yield workers


def choice(workers: Workers, *words: str, pace: Pace | None = None, filter_name: str = "") -> Choice:
    sub = sub_of(filter_name=filter_name)
    maker = SetupMaker(load(Config, None, ["align.method=none", *words]), workers)
    return choose(maker, sub.scene, sub.frame, pace or Pace())


def method(chosen: Choice) -> str:
    return chosen.config.stack.method


def test_outliers_are_left_out_where_nothing_is_short(workers: Workers) -> None:
    chosen = choice(workers)
    assert (method(chosen), chosen.why_plain) == ("sigma_clip", "")


@pytest.mark.parametrize("asked", ["mean", "median", "maximum"])
def test_who_asks_for_a_method_has_it(workers: Workers, asked: str) -> None:
    chosen = choice(workers, f"stack.method={asked}")
    assert (method(chosen), chosen.why_plain) == (asked, "")


@pytest.mark.parametrize(
    ("word", "why"), [("stack.last=3", "taken out"), ("stack.follow=camera", "stars move"), ("stack.drizzle=1", "")]
)
def test_where_outliers_cannot_be_told_it_is_the_mean(workers: Workers, word: str, why: str) -> None:
    chosen = choice(workers, word)
    assert (method(chosen), why in chosen.why_plain) == ("mean" if why else "sigma_clip", True)  # mono is not drizzled


def test_a_comet_is_stacked_without_the_stars(workers: Workers) -> None:
    moving = "comet.rate_px_min=1", "comet.angle_deg=0"
    assert method(choice(workers, "stack.follow=comet", *moving)) == "comet"


class Room:
    """So much memory, and no more."""

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes

    def lacking(self, _: Config, need: MemoryNeed, lean: bool, freed_bytes: int = 0) -> str:
        return "too little" if need.total(lean, opens_on_disk=True) > self.n_bytes + freed_bytes else ""


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    room = Room(1 << 40)
    for place in ("indistack.session.stack_setup", "indistack.pipeline.method_choice"):
        monkeypatch.setattr(f"{place}.lacking", room.lacking)
    return room


def needed(workers: Workers) -> MemoryNeed:
    """What a stack without outliers takes at full resolution."""
    chosen = choice(workers)
    return chosen.stack_setup.need(chosen.config, sub_of().frame)


@pytest.mark.parametrize(("missing", "wanted"), [(0, "sigma_clip"), (1, "mean")])
def test_where_memory_lacks_it_is_the_mean_at_full_resolution(
    workers: Workers, room: Room, missing: int, wanted: str
) -> None:
    room.n_bytes = needed(workers).total(lean=True, opens_on_disk=True) - missing
    chosen = choice(workers)
    assert (method(chosen), chosen.why_plain) == (wanted, "too little" if missing else "")
    assert str(chosen.stack_setup.rung) == "full"


def test_filters_that_may_come_are_reckoned_with(workers: Workers, room: Room) -> None:
    need = needed(workers)
    room.n_bytes = need.total(lean=True, opens_on_disk=True) + 3 * need.stacks_bytes
    assert method(choice(workers, filter_name="R")) == "sigma_clip"
    room.n_bytes -= 1
    assert method(choice(workers)) == "sigma_clip"
    assert method(choice(workers, filter_name="R")) == "mean"


@pytest.mark.parametrize(("took_s", "wanted"), [(9.4, "sigma_clip"), (9.6, "mean")])
def test_where_subs_come_too_fast_it_is_the_mean(workers: Workers, took_s: float, wanted: str) -> None:
    pace = Pace()
    for number in range(6):
        pace.observe(START + timedelta(seconds=10 * number), took_s)
    chosen = choice(workers, pace=pace)
    assert method(chosen) == wanted
    assert chosen.why_plain.startswith("a sub takes") == (wanted == "mean")


def test_what_leaving_out_costs_is_reckoned_with(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    for number in range(6):
        pace.observe(START + timedelta(seconds=10 * number), 5.0)
    assert method(choice(workers, pace=pace)) == "sigma_clip"
    monkeypatch.setattr("indistack.pipeline.method_choice.extra_s", lambda *_: 5.0)
    assert method(choice(workers, pace=pace)) == "mean"
