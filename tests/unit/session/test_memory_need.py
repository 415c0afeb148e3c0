"""How much memory stacks are said to take, and how much there is."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.config import Config, stacks_of
from indistack.enhance import OPERATORS
from indistack.session import memory_need
from indistack.session.memory_need import MemoryNeed, lacking, lacking_for_frame, need_of, queue_bytes
from indistack.settings import load
from indistack.stack import Extent, StackSettings
from indistack.values.frame import CalibratedFrame, FrameInfo, hollow

MB = 1_000_000
NEED = MemoryNeed(
    stacks_bytes=100 * MB, opening_bytes=40 * MB, picture_bytes=30 * MB, copy_bytes=20 * MB, sub_bytes=8 * MB,
    scratch_bytes=2 * MB,
)  # fmt: skip


def config_of(*settings: str) -> Config:
    return load(Config, None, ["queue.max_mb=0.001", *settings])


@pytest.fixture(autouse=True)
def _no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_need, "children_bytes", lambda: (0, 0))
    monkeypatch.setattr(memory_need, "resident_bytes", lambda: 50 * MB)


@pytest.mark.parametrize(("spare_mb", "full", "lean"), [(201, True, True), (199, False, True), (139, False, False)])
def test_what_the_machine_has_is_compared_with_what_is_wanted(
    monkeypatch: pytest.MonkeyPatch, spare_mb: int, full: bool, lean: bool
) -> None:
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: spare_mb * MB)
    config = config_of()
    assert [not lacking(config, NEED, is_lean) for is_lean in (False, True)] == [full, lean]
    assert lacking(config, NEED, lean=True, freed_bytes=2 * MB) == "" or not lean


@pytest.mark.parametrize(("max_memory_mb", "lean"), [(231, True), (229, False)])
def test_of_what_is_allowed_files_of_openings_are_no_part_to_spare(
    monkeypatch: pytest.MonkeyPatch, max_memory_mb: int, lean: bool
) -> None:
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: 10_000 * MB)
    assert (lacking(config_of(f"stack.max_memory_mb={max_memory_mb}"), NEED, lean=True) == "") == lean


def test_children_grow_again_to_what_they_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: 230 * MB)
    assert not lacking(config_of(), NEED, lean=False)
    monkeypatch.setattr(memory_need, "children_bytes", lambda: (20 * MB, 60 * MB))
    assert lacking(config_of(), NEED, lean=False) == "200 MB of memory wanted, 190 MB there"


def test_frames_that_wait_take_a_tenth_of_the_memory_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: 1000 * MB)
    assert queue_bytes(config_of("queue.max_mb=512")) == 100 * MB
    assert queue_bytes(config_of("queue.max_mb=30")) == 30 * MB


def test_a_frame_that_cannot_even_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: 100 * MB)
    assert lacking_for_frame(StackSettings(), 30 * MB) == ""
    assert "100 MB there" in lacking_for_frame(StackSettings(), 40 * MB)
    monkeypatch.setattr(memory_need, "spare_bytes", lambda: -5 * MB)
    assert "0 MB there" in lacking_for_frame(StackSettings(), 1)
    assert lacking_for_frame(StackSettings(), 0) == ""  # what could not be taken says so itself


def test_it_follows_the_shapes_that_are_allocated() -> None:
    frame = CalibratedFrame(hollow((4000, 6000), np.uint16), "RGGB", 0.0, 1.0, None, FrameInfo())
    extent = Extent(4000, 6000, 3)
    config = config_of(
        "stack.method=sigma_clip", "stack.opening=4", "branches.b.method=mean", "picture.max_side_px=3000"
    )
    need = need_of(config, stacks_of(config).values(), extent, frame)
    pixels, plane = 4 * 3 * 24 * MB, 4 * 24 * MB
    clipped = pixels + plane + plane // 2 + plane + plane // 2  # weight, coverage, variance, rejected
    cells = 2 * (2 * 24 * MB // 16)  # where subs were clipped, of each stack
    assert need.stacks_bytes == clipped + pixels + plane + plane // 2 + cells
    assert need.opening_bytes == 4 * 48 * MB
    assert need.copy_bytes == pixels
    assert need.picture_bytes == 4 * pixels // 4


def test_a_picture_that_is_made_of_the_copy_itself_is_counted_once() -> None:
    needs = [_need(f"picture.max_side_px={side_px}") for side_px in (600, 300)]
    pixels = 4 * 3 * 400 * 600
    assert [need.picture_bytes for need in needs] == [4 * pixels, pixels]
    assert [need.copy_bytes for need in needs] == [0, pixels]


def test_hungry_operators_are_counted() -> None:
    pixels = 4 * 3 * 400 * 600
    for setting in ('picture.operators=["halo"]', 'branches.b.operators=["stretch", "usm:40,2"]'):
        assert _need(setting).picture_bytes == (2 + OPERATORS.get("usm").works_in) * pixels
    assert _need('picture.sub_operators=["br:2"]').sub_bytes == _need().sub_bytes + 2 * pixels


def _need(*settings: str) -> MemoryNeed:
    frame = CalibratedFrame(hollow((400, 600), np.uint16), "RGGB", 0.0, 1.0, None, FrameInfo())
    config = config_of("stack.method=mean", "branches.b.method=mean", *settings)
    return need_of(config, stacks_of(config).values(), Extent(400, 600, 3), frame)


def test_each_stack_has_buffers_of_its_own() -> None:
    frame = CalibratedFrame(hollow((400, 600), np.uint16), None, 0.0, 1.0, None, FrameInfo())
    one, three = (
        config_of("stack.jobs=2", "stack.method=sigma_clip"),
        config_of(
            "stack.jobs=2", "stack.method=sigma_clip", "branches.b.method=sigma_clip", "branches.c.method=sigma_clip"
        ),
    )
    needs = [need_of(config, stacks_of(config).values(), Extent(400, 600), frame) for config in (one, three)]
    cubes, tile = 2 * memory_need.CUBE_SUBS * 2, 4 * 400 * 600  # half of the stack in each of two threads
    assert needs[0].scratch_bytes - memory_need.LOADED_BYTES == (8 + cubes) * tile
    assert needs[1].scratch_bytes - memory_need.LOADED_BYTES == (8 + 2 * 2 + 3 * cubes) * tile


def test_samples_of_colours_are_counted_where_no_step_takes_more() -> None:
    usual, hungry = (_need(*settings) for settings in ((), ('picture.operators=["usm:40,2"]',)))
    assert _need("picture.max_side_px=6").scratch_bytes < usual.scratch_bytes
    assert hungry.scratch_bytes == usual.scratch_bytes - 3 * 4 * 3 * 400 * 600
