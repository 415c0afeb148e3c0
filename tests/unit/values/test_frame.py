"""Frames."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.values.frame import CfaPattern, FrameInfo, RawFrame, hollow


@pytest.mark.parametrize(("shape", "cfa", "channels"), [((2, 4), None, 1), ((2, 4), "RGGB", 3), ((2, 4, 3), None, 3)])
def test_size_and_channels(shape: tuple[int, ...], cfa: CfaPattern | None, channels: int) -> None:
    frame = RawFrame(np.zeros(shape, np.uint16), cfa, FrameInfo())
    assert (frame.height, frame.width, frame.channels) == (2, 4, channels)


def test_hollow_pixels_take_no_memory_and_cannot_be_written() -> None:
    pixels = hollow((4000, 6000), np.uint16)
    assert (pixels.shape, pixels.dtype, pixels.strides) == ((4000, 6000), np.uint16, (0, 0))
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1
