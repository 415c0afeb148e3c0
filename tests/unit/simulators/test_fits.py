"""FITS cards and blocks."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from simulators.fits import card, fits_bytes

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).filter(
    lambda text: re.search("'[ /]", text) is None
)
"""Without a quote before a blank or a slash: astropy takes it for the end of the text."""


@given(st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e30, 1e30), TEXT))
def test_cards_are_read_back(value: bool | int | float | str) -> None:
    made = card("KEYWORD", value)
    assert len(made) == 80
    read = fits.Card.fromstring(made)
    read.verify("exception")
    # FITS does not keep blanks at the end of a text.
    wanted = value.rstrip() if isinstance(value, str) else value
    assert read.value == (pytest.approx(wanted, rel=1e-11) if isinstance(value, float) else wanted)


def test_impossible_cards_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than 8"):
        card("TOOLONGKEY", 1)
    with pytest.raises(ValueError, match="too long"):
        card("OBJECT", "x" * 80)


@pytest.mark.parametrize("shape", [(3, 5), (48, 30), (3, 7, 11)])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint8])
def test_files_are_whole_blocks_with_all_values(shape: tuple[int, ...], dtype: type) -> None:
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)
    data = fits_bytes(pixels, {"OBJECT": "It's"})
    assert len(data) % 2880 == 0
    with fits.open(io.BytesIO(data)) as hdus:
        np.testing.assert_array_equal(hdus[0].data, pixels)
        assert hdus[0].header["OBJECT"] == "It's"
