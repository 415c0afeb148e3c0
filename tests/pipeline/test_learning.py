"""Darks and flats that arrive among the lights of a night: filed, used, told."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from indistack.agent.agent import Agent
from indistack.commands import Pause, Resume
from indistack.config import Config
from indistack.pipeline.calibrators import calibrator_factory, learner_of, library_of
from indistack.settings import load
from indistack.values.blob import Blob
from simulators.exposure import Kind
from simulators.observatory import Observatory
from tests.pipeline.night import FakeSource, blob_of, make_sky

EXPOSURE_S = {"dark": 60.0, "flat": 1.0, "bias": 0.0, "light": 60.0}


def shots(sky: Observatory, *kinds: tuple[Kind, int]) -> list[Blob]:
    return [
        blob_of(sky.expose(kind, exposure_s=EXPOSURE_S[kind], index=number), f"{kind}{number}.fits")
        for kind, count in kinds
        for number in range(count)
    ]


def agent_for(folder: Path, blobs: list[Blob], *overrides: str, endless: bool = False) -> Agent:
    words = [f"calibrate.library={folder / 'library'}", "calibrate.learn_wait_s=200", *overrides]
    config = load(Config, None, words)
    library = library_of(config)
    learner = learner_of(config, library)
    calibrator_for = calibrator_factory(config, learner or library)
    return Agent(config, [FakeSource(blobs, endless=endless)], folder / "out", calibrator_for, learner=learner)


def ledger(folder: Path) -> list[dict[str, Any]]:
    paths = sorted((folder / "out" / "sessions").glob("*/ledger.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def status(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "out" / "status.json").read_text()))


def test_what_was_shot_before_calibrates_what_comes_after(tmp_path: Path) -> None:
    blobs = shots(make_sky(), ("bias", 3), ("flat", 5), ("dark", 5), ("light", 3))
    agent_for(tmp_path, blobs).run(threading.Event())
    lines = ledger(tmp_path)
    assert [line["outcome"] for line in lines] == ["filed"] * 13 + ["accepted"] * 3
    assert [line["reason"] for line in lines[7:9]] == ["flat", "dark"]
    for line in lines[13:]:
        masters = [name.partition(" (")[0] for name in line["masters"]]
        assert masters == ["dark 5 x 60 s", "flat 5 x 1 s"]
        assert line["warnings"] == []
    assert status(tmp_path)["outcomes"] == {"filed": 13, "accepted": 3}
    assert status(tmp_path)["library"] == {"building": "", "due": []}
    history = "".join(map(str, fits.getheader(tmp_path / "out" / "stack.fits")["HISTORY"]))
    assert "master: dark 5 x 60 s" in history


def test_darks_of_another_gain_are_a_warning_in_ledger_and_status(tmp_path: Path) -> None:
    blobs = shots(make_sky(gain_setting=200.0), ("dark", 3)) + shots(make_sky(), ("light", 1))
    agent_for(tmp_path, blobs).run(threading.Event())
    *_, line = ledger(tmp_path)
    assert line["masters"] == []
    (warning,) = line["warnings"]
    assert warning.startswith("no dark of the library fits: dark learned/dark_")
    assert warning.endswith("gain 200, the frame 100")
    assert len(line["set_aside"]) == 1
    assert status(tmp_path)["warnings"] == [warning]


def test_a_light_labelled_dark_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    sky = make_sky()
    sky_frames = [sky.expose(index=number).to_fits() for number in range(4)]
    wrong = [
        blob_of(data.replace(b"'Light Frame'", b"'Dark Frame' ").replace(b"'Light ", b"'Dark  ")) for data in sky_frames
    ]
    agent_for(tmp_path, wrong + shots(sky, ("light", 2))).run(threading.Event())
    lines = ledger(tmp_path)
    assert [line["reason"] for line in lines] == ["not_a_dark"] * 4 + [""] * 2
    assert "stars" in lines[0]["detail"]
    assert lines[0]["spots"] > 10
    assert lines[-1]["masters"] == []


def test_the_same_dark_by_two_ways_is_filed_once(tmp_path: Path) -> None:
    blobs = shots(make_sky(), ("dark", 2))
    agent_for(tmp_path, [each for blob in blobs for each in (blob, blob)]).run(threading.Event())
    assert [line["group_frames"] for line in ledger(tmp_path)] == [1, 2]


def test_a_pause_of_the_stack_is_no_pause_of_learning(tmp_path: Path) -> None:
    agent = agent_for(tmp_path, [])
    for item in (Pause(), *shots(make_sky(), ("dark", 3), ("light", 1)), Resume(), *shots(make_sky(), ("light", 2))):
        agent.send(item)
    agent.run(threading.Event())
    lines = ledger(tmp_path)
    assert [line["outcome"] for line in lines] == ["filed"] * 3 + ["refused", "accepted"]
    assert lines[3]["reason"] == "paused"
    assert lines[4]["masters"][0].startswith("dark 3 x 60 s")


def test_calibration_frames_are_no_subs_to_be_counted(tmp_path: Path) -> None:
    agent = agent_for(tmp_path, shots(make_sky(), ("dark", 4), ("light", 4)), endless=True)
    agent.run(threading.Event(), max_subs=2)
    assert [line["outcome"] for line in ledger(tmp_path)] == ["filed"] * 4 + ["accepted"] * 2


@pytest.mark.parametrize("off", ["calibrate.learn=false", 'calibrate.library=""'])
def test_without_learning_they_are_refused(tmp_path: Path, off: str) -> None:
    agent_for(tmp_path, shots(make_sky(), ("dark", 1)), off).run(threading.Event())
    assert [line["reason"] for line in ledger(tmp_path)] == ["not_a_light"]
    assert not (tmp_path / "library").exists()


def test_the_next_night_has_the_masters_of_the_first(tmp_path: Path) -> None:
    agent_for(tmp_path, shots(make_sky(), ("dark", 3))).run(threading.Event())
    agent_for(tmp_path, shots(make_sky(), ("light", 1)), "calibrate.learn=false").run(threading.Event())
    assert ledger(tmp_path)[-1]["masters"][0].startswith("dark 3 x 60 s")


def test_a_library_folder_that_is_not_there_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    missing = tmp_path / "typo"
    library_of(load(Config, None, [f"calibrate.library={missing}"]))
    assert f"there is no folder {missing} yet" in caplog.text


def _shut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deny to list a folder, to whoever runs the tests."""
    scan = os.scandir

    def deny(place: Any) -> Any:
        if Path(place).is_relative_to(folder):
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", deny)


def test_a_library_that_cannot_be_read_is_told_once_and_subs_are_stacked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "library").mkdir()
    _shut(tmp_path / "library", monkeypatch)
    agent_for(tmp_path, shots(make_sky(), ("light", 2), ("dark", 1))).run(threading.Event())
    assert [line["reason"] for line in ledger(tmp_path)] == ["", "", "not_a_light"]
    (told,) = [record.getMessage() for record in caplog.records if "calibration library" in record.getMessage()]
    assert "Permission denied" in told
    assert "--library" in told
    assert list((tmp_path / "library").iterdir()) == []


def test_a_file_in_the_place_of_a_library_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "library").write_text("no folder")
    assert library_of(load(Config, None, [f"calibrate.library={tmp_path / 'library'}"])) is None
    assert "Not a directory" in caplog.text
