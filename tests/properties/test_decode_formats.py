"""XISF and headerless frames: pixels come back as they were written, or the frame is refused with a reason."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.properties.survival import survives
from tests.unit.decode.files import CODECS, read, xisf_file

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIXELS = np.random.default_rng(1).integers(0, 60000, (20, 30), dtype=np.uint16)
DARK = '<FITSKeyword name="IMAGETYP" value="Dark"/>'  # so that equal pixels are no reason to refuse
shapes = st.one_of(
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30),
    st.tuples(*[st.integers(1, 20)] * 2, st.just(3)),
)
types = st.sampled_from([np.dtype(name) for name in ("u1", "<u2", ">u2", "<u4", ">u4")])


@quick
@given(arrays.arrays(types, shapes), st.sampled_from(["", *CODECS]), st.booleans(), st.booleans())
def test_xisf_round_trip(pixels: Any, codec: str, shuffle: bool, normal: bool) -> None:
    frame = read(xisf_file(pixels, codec=codec, shuffle=shuffle, normal=normal, body=DARK), ".xisf")
    np.testing.assert_array_equal(frame.pixels, pixels.astype(frame.pixels.dtype))


@quick
@given(st.data())
def test_a_damaged_xisf(data: st.DataObject) -> None:
    raw = bytearray(xisf_file(PIXELS, codec=data.draw(st.sampled_from(["", *CODECS])), shuffle=True))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(8, len(raw) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(raw), ".xisf")


@quick
@given(st.data(), st.integers(-(2**70), 2**70))
def test_an_xisf_that_claims_other_numbers(data: st.DataObject, claim: int) -> None:
    raw = xisf_file(PIXELS, codec=data.draw(st.sampled_from(["", *CODECS])))
    at = data.draw(st.sampled_from(list(re.finditer(rb"\d+", raw[:600]))))
    survives(raw[: at.start()] + str(claim).encode() + raw[at.end() :], ".xisf")


@quick
@given(arrays.arrays(st.sampled_from([np.dtype(name) for name in ("u1", "<u2", "<u4")]), shapes))
def test_headerless_round_trip(pixels: Any) -> None:
    planes = np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else pixels
    height, width = pixels.shape[:2]
    claims = {"NAXIS1": width, "NAXIS2": height, "BITPIX": 8 * pixels.itemsize, "FRAME": "Dark"}
    frame = read(planes.tobytes(), ".bin", tuple((keyword, value, "") for keyword, value in claims.items()))
    np.testing.assert_array_equal(frame.pixels, pixels.astype(frame.pixels.dtype))


@quick
@given(
    st.binary(max_size=900),
    st.sampled_from([".bin", ".bin.z"]),
    st.dictionaries(
        st.sampled_from(["NAXIS1", "NAXIS2", "BITPIX", "BAYERPAT", "XBAYROFF"]),
        st.one_of(st.integers(-5, 10**12), st.floats(), st.text(max_size=6)),
    ),
)
def test_any_bytes_and_any_claims_of_a_driver(data: bytes, suffix: str, claims: dict[str, Any]) -> None:
    survives(data, suffix, tuple((keyword, value, "") for keyword, value in claims.items()))
