"""Decoded pixels are nobody else's: they may be calibrated where they are, and the bytes be freed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from indistack.values.frame import Card
from tests.unit.decode.files import fits_file, read, xisf_file
from tests.unit.decode.pictures import encoded

PIXELS = np.random.default_rng(1).integers(0, 200, (40, 60))
SIDES: tuple[Card, ...] = (("NAXIS1", 60, ""), ("NAXIS2", 40, ""), ("BITPIX", 16, ""))


@pytest.mark.parametrize(
    ("suffix", "make"),
    [
        (".bin", lambda: PIXELS.astype("<u2").tobytes()),
        (".fits", lambda: fits_file(PIXELS.astype(np.uint8))),
        (".fits", lambda: fits_file(PIXELS.astype(np.uint16))),
        (".xisf", lambda: xisf_file(PIXELS.astype("<u2"))),
        (".xisf", lambda: xisf_file(PIXELS.astype("<f4"))),
        (".png", lambda: encoded(".png", PIXELS.astype(np.uint16))),
        (".tif", lambda: encoded(".tif", PIXELS.astype(np.uint16))),
    ],
)
def test_they_share_no_memory_with_the_bytes(suffix: str, make: Any) -> None:
    data = bytearray(make())
    frame = read(memoryview(data), suffix, SIDES)
    expected = frame.pixels.copy()
    np.testing.assert_array_equal(expected, PIXELS)
    data[:] = bytes(len(data))
    np.testing.assert_array_equal(frame.pixels, expected)
    assert frame.pixels.flags.writeable
