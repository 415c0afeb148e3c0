"""The picture as fine as the stack, for those who look closely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from indistack.enhance import LookMemory, PictureSettings
from indistack.output import full_picture
from indistack.output.full_picture import FullPicture, finest
from indistack.output.showcase import Showcase
from indistack.output.view import Binning
from indistack.picture.linear import StackPicture
from indistack.sinks import Snapshot
from indistack.store.wanted import FULL_PICTURE, want
from indistack.values.own_files import OwnFiles

CARDS = (("STACKCNT", 7, ""), ("LIVETIME", 70.0, ""), ("STACKMTD", "mean", ""))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Give what stands for a session; its picture is of 300 x 400 pixels."""
    pixels = np.random.default_rng(1).normal(1000, 30, (300, 400)).astype(np.float32)

    def snapshot(_: object, binning: Binning) -> Snapshot:
        return Snapshot(StackPicture(StackPicture(pixels).binned(binning(pixels.shape))), CARDS, False)

    monkeypatch.setattr(full_picture.snapshots, "snapshot", snapshot)
    monkeypatch.setattr(full_picture.snapshots, "numbers", lambda session: session.n)
    return SimpleNamespace(n=1)


class Case:
    """A picture that is kept up to date, as the settings want it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FULL_PICTURE
        self.settings = PictureSettings(operators=["stretch"], max_side_px=150)
        self.showcase = Showcase(folder, ".jpg")
        self.showcase._is_new = False
        self.told: list[int] = []
        self.showcase.listener = lambda told: self.told.append(told["shown"]["stack"]["full"]["n_subs"])
        memory = LookMemory(1.0)
        self.keeper = FullPicture(folder, OwnFiles(), self.showcase, lambda: self.settings, lambda: memory)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    case = Case(tmp_path)
    yield case
    case.keeper.close()
    assert not case.path.exists()


def test_it_is_made_at_full_size_for_who_looks_closely_and_is_told_of(
    case: Case, session: SimpleNamespace, wait_until: Callable[..., None]
) -> None:
    case.keeper.look(session)
    assert case.keeper._next is None
    want(case.path.parent, FULL_PICTURE)
    case.keeper.look(session)
    wait_until(lambda: case.told == [7])
    assert cv2.imread(str(case.path)).shape[:2] == (300, 400)


def test_what_is_published_as_fine_as_that_is_not_made_again(
    case: Case, session: SimpleNamespace, wait_until: Callable[..., None]
) -> None:
    case.settings = PictureSettings(operators=["stretch"], max_side_px=400)
    case.path.write_bytes(b"of other settings")
    want(case.path.parent, FULL_PICTURE)
    case.keeper.look(session)
    wait_until(lambda: not case.path.exists())
    assert case.told == []


def test_where_memory_is_short_it_is_coarser(
    case: Case, session: SimpleNamespace, wait_until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_picture, "spare_bytes", lambda: 3_000_000)
    want(case.path.parent, FULL_PICTURE)
    case.keeper.look(session)
    wait_until(lambda: case.told == [7])
    assert cv2.imread(str(case.path)).shape[:2] == (150, 200)


@pytest.mark.parametrize(
    ("megapixels", "spare_gb", "binning"), [(24, 8.0, 1), (24, 2.0, 2), (60, 8.0, 1), (60, 1.5, 2), (60, 0.0, 50_912)]
)
def test_the_least_binning_that_half_of_the_memory_allows(megapixels: int, spare_gb: float, binning: int) -> None:
    assert finest((1000, 1000 * megapixels, 3), int(spare_gb * 1e9)) == binning
