"""The report's numbers and words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from indistack.report import Summary, as_json, as_page, as_text, read_session, summarise
from indistack.report.polar import Polar
from indistack.report.summary import reasons, runs
from indistack.store.ledger import dump
from tests.unit.report.nights import line, refused, track, write_ledger


def made(tmp_path: Path, *lines: dict[str, object] | str) -> Summary:
    return summarise(read_session(write_ledger(tmp_path, *lines)))


def drifting(n: int = 30, **changes: object) -> list[dict[str, object]]:
    """1.2 px and 0.05 deg per minute, with a little noise."""
    noise = np.random.default_rng(1).normal(0, 0.1, (n, 3))
    return [
        line(i + 1, x=0.2 * i + noise[i, 0], y=noise[i, 1], rotation_deg=0.05 * i / 6 + 0.01 * noise[i, 2], **changes)
        for i in range(n)
    ]


def test_drift_in_pixels_and_on_the_sky(tmp_path: Path) -> None:
    told = as_json(made(tmp_path, *drifting()))
    assert told["drift"]["px_min"] == pytest.approx([1.2, 0.0], abs=0.05)
    assert told["drift"]["speed_arcsec_min"] == pytest.approx(2.4, abs=0.1)
    assert told["drift"]["direction_deg"] == pytest.approx(0, abs=3)
    assert told["rotation"]["deg_h"] == pytest.approx(3.0, abs=0.05)


def test_what_a_solver_found_meanwhile_counts(tmp_path: Path) -> None:
    found = {
        "program": "astap", "ra_deg": 10.5, "dec_deg": -3.25, "scale_arcsec_px": 1.5, "rotation_deg": 33.0, "parity": 1
    }  # fmt: skip
    lines = drifting(6) + drifting(4, sky=found, scale_arcsec_px=1.5)
    summary = made(tmp_path, *lines)
    assert (as_json(summary)["sky"], as_json(summary)["scale_arcsec_px"]) == (found, 1.5)
    assert "RA 10.5000, Dec -3.2500 deg (by astap), 1.500 arcsec/px, turned by 33.0 deg" in as_text(summary)
    assert as_json(made(tmp_path, *drifting(6)))["sky"] is None


def test_corrections_of_the_mount_are_told(tmp_path: Path) -> None:
    sent = {"east_arcsec": -12.4, "north_arcsec": 3.0, "drift_px": 9.0, "problem": ""}
    lines: list[dict[str, object]] = [line(1), line(2, centre=sent), line(3, centre=None)]
    summary = made(tmp_path, *lines, line(4, centre=sent | {"problem": "Mount is parked"}))
    assert [each["sub"] for each in as_json(summary)["corrections"]] == [2, 4]
    assert "kept centred    sub 2: -12 arcsec east, +3 arcsec north, sub 4: Mount is parked" in as_text(summary)
    assert "kept centred" not in as_text(made(tmp_path, line(1), line(2)))


def test_without_a_plate_scale_there_are_pixels_only(tmp_path: Path) -> None:
    summary = made(tmp_path, *drifting(scale_arcsec_px=None))
    assert json.loads(dump(as_json(summary)))["drift"]["speed_arcsec_min"] is None
    assert "arcsec" not in as_text(summary)
    assert "px per minute" in as_text(summary)


def test_the_polar_error_needs_rotation_and_declination(tmp_path: Path) -> None:
    summary = made(tmp_path, *drifting())
    assert isinstance(summary.polar, Polar)
    assert summary.polar.is_altazimuth
    assert made(tmp_path, *drifting(dec_deg=None)).polar == "no header tells the declination"
    still = [line(n, rotation_deg=(-1) ** n * 0.01) for n in range(1, 20)]
    assert made(tmp_path, *still).polar == "no field rotation beyond its error"
    assert "too few" in str(made(tmp_path, line(1), line(2)).polar)


def test_a_polar_error_in_words(tmp_path: Path) -> None:
    slow = [line(n, rotation_deg=0.0005 * n + 0.0001 * (n % 2)) for n in range(1, 40)]
    assert "polar error     at least " in as_text(made(tmp_path, *slow))
    assert "arcmin if guided" in as_text(made(tmp_path, *slow))


def test_signal_to_noise_grows_by_weight_and_noise(tmp_path: Path) -> None:
    """Four equal subs: 2. One of twice the noise with the weight 1/4: sqrt(4 + 1/4)."""
    lines = [line(n) for n in (1, 2, 3)] + [refused(4, "clouds"), line(5), line(6, noise_adu=20.0, weight=0.25)]
    snr = made(tmp_path, *lines).snr
    np.testing.assert_allclose(snr, [1, 2**0.5, 3**0.5, 3**0.5, 2, 4.25**0.5])


def test_refusals_are_counted_and_put_together(tmp_path: Path) -> None:
    lines = [line(1), refused(2, "clouds"), refused(3, "clouds"), refused(4, "trailed"), line(5)]
    summary = made(tmp_path, *lines)
    assert reasons(summary.subs) == {"clouds": 2, "trailed": 1}
    assert [run[:3] for run in runs(summary.subs)] == [
        (1, 1, "accepted"),
        (2, 3, "clouds"),
        (4, 4, "trailed"),
        (5, 5, "accepted"),
    ]
    assert [(gust.sub, gust.eccentricity) for gust in summary.gusts] == [(4, 0.1)]
    assert "2 of 5 used" in as_text(summary)
    assert "2 clouds, 1 trailed" in as_text(summary)


def test_damage_is_told(tmp_path: Path) -> None:
    summary = made(tmp_path, line(1), "{", line(2))
    assert "1 damaged lines left out: 2" in as_text(summary)
    assert as_json(summary)["damaged_lines"] == [2]


def test_a_night_of_clouds_makes_a_report_too(tmp_path: Path) -> None:
    summary = made(tmp_path, *(refused(n, "clouds", stars=None, fwhm_px=None) for n in range(1, 9)))
    assert "0 of 8 used" in as_text(summary)
    assert json.loads(dump(as_json(summary)))["drift"] is None


def test_a_ledger_without_most_fields_makes_a_report_too(tmp_path: Path) -> None:
    bare = [{"outcome": "accepted", "shift_px": [n, 0.0], "rotation_deg": 0.0} for n in range(12)]
    summary = made(tmp_path, *bare)
    text = as_text(summary)
    assert "unnamed" in text
    assert "12 of 12 used" in text
    assert text.count("not known when the subs were taken") == 5  # session, drift, rotation, periodic and polar error
    assert as_page(summary).count("<svg") == 11


def test_steps_hidden_by_a_large_periodic_error_do_not_bend_the_drift(tmp_path: Path) -> None:
    night = track(n=300, worm_px=8.0, period_s=100.0)
    nudged = [31, 58, 97, 140, 152, 209, 251]
    night.xy_px[:] += 7 * (np.searchsorted(nudged, np.arange(300), side="right") % 2)[:, np.newaxis]
    summary = made(tmp_path, *(line(n, x=float(x), y=float(y)) for n, (x, y) in enumerate(night.xy_px, 1)))
    assert [step.sub - 1 for step in summary.steps] == nudged
    assert summary.drift_px_min is not None
    assert summary.drift_px_min.value == pytest.approx([0.6, -0.3], abs=0.025)


SENT = {"east_arcsec": 3.0, "north_arcsec": -4.0, "problem": ""}


def test_subs_are_called_by_their_numbers_in_the_ledger(tmp_path: Path) -> None:
    darks = [line(number, outcome="filed", reason="dark") for number in range(1, 11)]
    subs = [line(number, centre=SENT if number == 12 else None) for number in range(11, 15)]
    summary = summarise(read_session(write_ledger(tmp_path, *darks, *subs, refused(15, "trailed", trailing=0.9))))
    assert [gust.sub for gust in summary.gusts] == [15]
    assert [each["sub"] for each in as_json(summary)["corrections"]] == [12]
    assert "<td>15</td>" in as_page(summary)
    assert "11 to 14: accepted" in as_page(summary)


def test_a_sudden_move_is_told_by_the_ledger_s_number(tmp_path: Path) -> None:
    subs = [line(number, x=30.0 if number > 60 else 0.01 * (number % 3)) for number in range(41, 81)]
    assert [step.sub for step in summarise(read_session(write_ledger(tmp_path, *subs))).steps] == [61]


def test_what_was_taken_out_by_hand_or_lost_is_not_in_the_stack(tmp_path: Path) -> None:
    fates = [
        {"outcome": "removed", "number": 2}, {"outcome": "removed", "number": 3},
        {"outcome": "readmitted", "number": 3}, {"outcome": "lost", "number": 4, "detail": "no such file"},
    ]  # fmt: skip
    subs = read_session(write_ledger(tmp_path, *(line(number) for number in range(1, 6)), *fates))
    assert subs.used.tolist() == [True, False, True, False, True]
    assert subs.words("reason") == ["", "removed", "", "lost", ""]
