"""What every sink promises."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from indistack.decode import DECODERS
from indistack.errors import SinkError
from indistack.picture.integration import Preview
from indistack.picture.linear import StackPicture
from indistack.sinks import SINKS, Snapshot, depth_of, sink_for
from tests.unit.decode.files import read

each_sink = pytest.mark.parametrize("name", list(SINKS))


def snapshot(channels: int) -> Snapshot:
    shape = (70, 50) if channels == 1 else (70, 50, 3)
    rng = np.random.default_rng(0)
    picture = StackPicture(rng.normal(1000, 50, shape).astype(np.float32), np.ones((70, 50), np.float32))
    smooth = np.add.outer(np.arange(70), np.arange(50)).astype(np.uint8)
    shown = smooth if channels == 1 else np.dstack([smooth, smooth // 2, smooth])
    return Snapshot(picture, (), False, Preview(shown, shown.astype(np.uint16) * 257))


def pixels_of(path: Path) -> npt.NDArray[Any]:
    """Read a file again; in colour those that have no grey."""
    if any(path.suffix in DECODERS.get(name).suffixes for name in DECODERS):
        return read(path.read_bytes(), path.suffix).pixels
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@each_sink
@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_read_again_is_what_was_written(tmp_path: Path, name: str, channels: int) -> None:
    sink, stack = SINKS.get(name)(), snapshot(channels)
    path = tmp_path / f"stack{sink.suffix}"
    sink.write(path, stack)
    assert stack.preview is not None
    shown = stack.preview.fine if sink.bits[0] == 16 else stack.preview.pixels
    expected = shown if sink.needs_preview else stack.picture.rows(slice(None))
    assert expected is not None
    found = pixels_of(path)
    if found.ndim > expected.ndim:
        found = found[..., 0]
    assert found.shape == expected.shape
    assert np.abs(found.astype(float) - expected.astype(float)).mean() < 2  # of 8 bits, where it loses any


@pytest.mark.parametrize("channels", [1, 3])
def test_a_form_that_can_have_16_bits_has_them_where_they_are_wanted(tmp_path: Path, channels: int) -> None:
    stack = replace(snapshot(channels), bits=16)
    assert stack.preview is not None
    for name in ("png", "tiff"):
        sink = SINKS.get(name)()
        assert depth_of(sink, 16) == 16
        sink.write(tmp_path / f"stack{sink.suffix}", stack)
        found = pixels_of(tmp_path / f"stack{sink.suffix}")
        assert found.dtype == np.uint16
        np.testing.assert_array_equal(found, stack.preview.fine)


def test_others_keep_theirs() -> None:
    depths = {name: (depth_of(SINKS.get(name)(), 8), depth_of(SINKS.get(name)(), 16)) for name in SINKS}
    assert depths == {"png": (8, 16), "jpeg": (8, 8), "webp": (8, 8), "tiff": (16, 16), "fits": (32, 32)}


@each_sink
@pytest.mark.parametrize("size_bytes", [0, 100])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, name: str, size_bytes: int) -> None:
    sink = SINKS.get(name)()
    path = tmp_path / f"stack{sink.suffix}"
    path.write_bytes(b"old")
    with room_for(size_bytes), pytest.raises(SinkError, match=path.name):
        sink.write(path, snapshot(3))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@each_sink
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SinkError, match="missing"):
        SINKS.get(name)().write(tmp_path / "missing" / "stack", snapshot(1))


@each_sink
def test_its_suffix_is_its_own(name: str) -> None:
    sink = SINKS.get(name)()
    assert sink.suffix.startswith(".")
    assert type(sink_for(Path(f"M31{sink.suffix.upper()}"))) is type(sink)


def test_a_suffix_that_nobody_writes() -> None:
    with pytest.raises(SinkError, match=r"written as \.xyz"):
        sink_for(Path("M31.xyz"))
    assert type(sink_for(Path("M31.FIT"))) is SINKS.get("fits")
