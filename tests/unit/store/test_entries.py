"""What a line of the ledger says."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np

from indistack.store.entries import Written, describe, match_numbers, record, transform_numbers
from indistack.store.ledger import dump
from indistack.values.blob import Blob, Content
from indistack.values.frame import CalibratedFrame, FrameInfo
from indistack.values.outcome import Accepted, Refused
from indistack.values.star_list import PhotometricMatch
from indistack.values.transform import Bend, Transform

NOW = datetime(2024, 1, 6, 21, 30, 5, tzinfo=UTC)
BLOB = Blob(Content(b"1234"), ".fits", "camera", "camera.CCD1", NOW)


def test_a_refused_blob_says_why() -> None:
    line = record(7, BLOB, Refused("truncated", {"bytes_missing": 3}, "3 bytes are missing"), NOW)
    assert (line["number"], line["outcome"], line["reason"]) == (7, "refused", "truncated")
    assert line["transform"] is None
    assert (line["detail"], line["bytes_missing"], line["bytes"]) == ("3 bytes are missing", 3, 4)


def test_a_line_for_people_names_what_matters() -> None:
    numbers = {
        "stars": 120, "fwhm_px": 3.21, "shift_px": [1.5, -2.0], "rotation_deg": 0.1, "rms_px": 0.2, "weight": 1.0,
        "stage_ms": {"decode": 10.0, "stack": 90.0},
    }  # fmt: skip
    text = describe(record(3, BLOB, Accepted(numbers), NOW))
    for word in ("camera.CCD1", "120 stars", "FWHM 3.21 px", "+1.5 -2.0 px", "weight 1.00", "100 ms"):
        assert word in text
    assert "transparency" not in text
    cloudy = Refused("clouds", numbers | {"transparency": 0.34, "weight": None}, "too thick")
    assert "transparency 0.34" in describe(record(4, BLOB, cloudy, NOW))


def test_numbers_of_a_match() -> None:
    match = PhotometricMatch(
        scale=1.5, background=((1.0,), (2.0, 9.0, 9.0)), transparency=0.6, compared=40, gradient_sigma=7.0
    )
    expected = {"transparency": 0.6, "scale": 1.5, "background_match": [1.0, 2.0], "compared": 40}
    expected |= {"gradient_sigma": 7.0, "brightness": 1.0, "background": match.background}
    assert match_numbers(match) == expected


def test_a_line_holds_all_that_is_needed_to_put_the_sub_back_where_it_was() -> None:
    tilted = np.array([[0.8, -0.6, 900.0], [0.6, 0.8, -500.0], [2e-6, -1e-6, 1.0]])
    bend = Bend((1000.0, 800.0), 1000.0, np.array([[4.0, -3.0, 2.0], [1.0, 6.0, -5.0]]))
    transform = Transform(tilted, 40, 0.2, bend, 0.01, 0.05)
    match = PhotometricMatch(scale=1.5, background=((1.0, 0.5, 0.25),), transparency=0.6, brightness=0.9, compared=40)
    frame = CalibratedFrame(np.zeros((1600, 2000), np.float32), None, 0.0, 1.0, None, FrameInfo())
    numbers = transform_numbers(transform, frame, None) | match_numbers(match)
    numbers |= {"weights": {"stack": 0.5, "trails": 1.0}, "masters": ["dark 5"], "mended": 2}
    line = json.loads(dump(record(3, BLOB, Accepted(numbers), NOW)))
    assert (line["error_px"], line["corner_error_px"]) == (0.01, 0.05)
    written = Written.of(line)
    assert (written.number, written.match, written.masters, written.mended) == (3, match, ("dark 5",), 2)
    assert written.without({"trails"}).weights == {"stack": 0.5}
    corner = np.array([[1999.0, 1599.0]])
    np.testing.assert_allclose(written.transform.apply(corner), transform.apply(corner), atol=1e-5)
