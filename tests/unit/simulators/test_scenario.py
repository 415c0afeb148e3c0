"""The scenario is checked at the door, and every fault is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulators.events import WindGust
from simulators.scenario import Scenario, ScenarioError, find_scenario, load_scenario, make_scenario

SHIPPED = sorted(path.stem for path in (Path(find_scenario("demo")).parent).glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_load_by_name(name: str) -> None:
    assert load_scenario(name).seed > 0


def test_the_usual_ones_are_shipped() -> None:
    assert {"demo", "all_night", "faults", "clean_24mp", "clean_4mp_mono"} <= set(SHIPPED)


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(
        'width_px = "wide"\nfocal_lenght_mm = 500.0\nfwhm_px = nan\n[[events]]\nkind = "gust"\nsub = -1\n'
        '[[events]]\nkind = "earthquake"\nsub = 3\n'
    )
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    for fault in ("width_px", "focal_lenght_mm", "fwhm_px", "events.0.gust.sub", "earthquake"):
        assert fault in message
    assert len(message.splitlines()) == 6


def test_faults_between_fields_are_listed_together() -> None:
    values = {
        "mag_min": 15.0,
        "mag_max": 9.0,
        "events": [
            {"kind": "slew", "sub": 3, "target": "Nowhere"},
            {"kind": "clouds", "sub": 5, "until_sub": 2},
        ],
    }
    with pytest.raises(ScenarioError, match=r"mag_max.*unknown target 'Nowhere'.*until_sub \(2\) is before sub \(5\)"):
        make_scenario(values)


@pytest.mark.parametrize("content", [b"seed = = 3", b"\xff\xfe"])
def test_what_is_no_toml_is_told_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "night.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"night\.toml"):
        load_scenario(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.toml"):
        load_scenario(tmp_path / "gone.toml")


def test_python_may_override_and_change() -> None:
    scenario = load_scenario("faults", width_px=320, height_px=240)
    changed = scenario.with_changes(cfa="mono", events=[{"kind": "gust", "sub": 2}])
    assert (changed.width_px, changed.cfa, changed.events) == (320, "mono", (WindGust(sub=2),))
    assert scenario.cfa == "RGGB"


def test_plate_scale() -> None:
    # 3.76 um at 400 mm: 206.265 * 3.76 / 400 = 1.93889 arcsec.
    assert Scenario(pixel_um=3.76, focal_length_mm=400.0).plate_scale_arcsec == pytest.approx(1.93889, abs=1e-5)
