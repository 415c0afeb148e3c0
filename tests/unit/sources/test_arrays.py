"""Arrays become the frames that they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from indistack.decode import DecodeSettings, decode
from indistack.errors import DecodeError
from indistack.sources.arrays import blob_of_array

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "u4", "i2", "<i4", "f4", ">f4", "f8"])
@pytest.mark.parametrize("shape", [(20, 31), (20, 31, 3)])
def test_numbers_stay_what_they_are(dtype: str, shape: tuple[int, ...]) -> None:
    pixels = RNG.integers(0, 120, shape).astype(dtype)[::-1]  # not contiguous
    frame = decode(blob_of_array(pixels, (("EXPTIME", 5.0, ""),), "api", "array 1"), DecodeSettings())
    np.testing.assert_array_equal(frame.pixels, pixels)
    assert frame.info.exposure_s == 5.0


def test_the_pattern_of_a_cfa_is_told_beside_it() -> None:
    pixels = RNG.integers(0, 60000, (20, 30)).astype(np.uint16)
    assert decode(blob_of_array(pixels, (("BAYERPAT", "GRBG", ""),), "api", "a"), DecodeSettings()).cfa == "GRBG"


@pytest.mark.parametrize(
    "pixels", [np.zeros(5), np.zeros((5, 5, 4)), np.zeros((2, 5, 5, 3)), np.zeros((5, 5), bool), np.zeros((5, 5), "c8")]
)
def test_what_is_no_picture_is_refused(pixels: npt.NDArray[np.generic]) -> None:
    with pytest.raises(DecodeError, match="not_a_frame"):
        blob_of_array(pixels, (), "api", "a")
