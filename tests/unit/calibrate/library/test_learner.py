"""Calibration frames that arrive become masters, whatever happens in between."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.calibrate import Learner, MasterChoice
from indistack.calibrate.library import learner
from indistack.calibrate.library.build_queue import QUIET_S, BuildQueue
from indistack.calibrate.library.raw_store import RawStore
from indistack.config import Config
from indistack.decode import decode
from indistack.errors import CalibrationError
from indistack.pipeline.calibrators import learner_of, library_of
from indistack.settings import load
from indistack.values.blob import Blob, Content
from indistack.values.frame import RawFrame
from simulators.exposure import Kind
from simulators.observatory import Observatory
from simulators.scenario import Scenario

SKY = Scenario(width_px=160, height_px=120, n_stars=60, seed=3)
EXPOSURE_S = {"dark": 60.0, "flat": 1.0, "bias": 0.0, "light": 60.0}


class Camera:
    """Takes simulated frames, and hands them to a learner as the pipeline does."""

    def __init__(self) -> None:
        self._sky = Observatory(SKY)
        self._taken = 0

    def take(self, kind: Kind, exposure_s: float | None = None, label: str = "") -> tuple[RawFrame, Blob]:
        """Expose; `label` is what the header says instead of the truth."""
        self._taken += 1
        exposure_s = EXPOSURE_S[kind] if exposure_s is None else exposure_s
        data = self._sky.expose(kind, exposure_s=exposure_s, index=self._taken).to_fits()
        if label:
            for word in (b"Light Frame", b"Light"):
                data = data.replace(b"'" + word, b"'" + label.encode().ljust(len(word)))
        blob = Blob(Content(data), ".fits", "camera", f"{kind}{self._taken}", datetime(2024, 8, 10, tzinfo=UTC))
        return decode(blob, Config().decode), blob

    def teach(self, pupil: Learner, kind: Kind, count: int, exposure_s: float | None = None) -> None:
        for _ in range(count):
            pupil.learn(*self.take(kind, exposure_s))


@pytest.fixture
def camera() -> Camera:
    return Camera()


class Clock:
    """Stands still until it is set; counts who looks at it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.n_looks = 0

    def __call__(self) -> float:
        self.n_looks += 1
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


MakeLearner = Callable[..., Learner]


@pytest.fixture
def make_learner(tmp_path: Path, clock: Clock) -> Iterator[MakeLearner]:
    """Give a function: settings -> learner on the same folder, started; all are closed in the end.

    Lights wait for masters however slow the machine is, where the settings do not say otherwise.
    """
    made = []

    def make(*overrides: str) -> Learner:
        words = [f"calibrate.library={tmp_path / 'library'}", "calibrate.learn_wait_s=200", *overrides]
        config = load(Config, None, words)
        pupil = learner_of(config, library_of(config), clock)
        assert pupil is not None
        pupil.start()
        made.append(pupil)
        return pupil

    yield make
    for pupil in made:
        pupil.close()


def lines(choice: MasterChoice) -> list[str]:
    return [master.describe().partition(" (")[0] for master in choice.masters.present()]


def masters_in(folder: Path) -> list[str]:
    return sorted(path.name.split("_")[0] for path in (folder / "library" / "learned").glob("*.fits"))


def test_darks_and_flats_serve_the_next_light(make_learner: MakeLearner, camera: Camera) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 5)
    camera.teach(pupil, "flat", 5)
    camera.teach(pupil, "bias", 3)
    raw, _ = camera.take("light")
    choice = pupil.choose(raw)
    assert lines(choice) == ["dark 5 x 60 s", "flat 5 x 1 s"]
    assert choice.warnings == ()
    camera.teach(pupil, "dark", 2)
    again = pupil.choose(raw)
    assert lines(again) == ["dark 7 x 60 s", "flat 5 x 1 s"]
    assert again.key != choice.key


def test_the_outcome_tells_what_was_filed(make_learner: MakeLearner, camera: Camera) -> None:
    pupil = make_learner()
    raw, blob = camera.take("dark")
    filed = pupil.learn(raw, blob)
    assert (filed.word, filed.reason, filed.report.filed.group_frames) == ("filed", "dark", 1)
    assert filed.detail == f"frame 1 of {filed.report.filed.group}"
    assert pupil.learn(raw, blob).report.filed.group_frames == 1
    assert pupil.learn(*camera.take("dark")).report.filed.group_frames == 2


def test_a_flat_loses_the_bias_whichever_comes_first(make_learner: MakeLearner, camera: Camera) -> None:
    pupil = make_learner()
    camera.teach(pupil, "flat", 3)
    raw, _ = camera.take("light")
    before = pupil.choose(raw).masters.flat
    assert before is not None
    camera.teach(pupil, "bias", 3)
    after = pupil.choose(raw).masters.flat
    assert after is not None
    corner, centre = (slice(0, 20), slice(0, 20)), (slice(50, 70), slice(70, 90))
    falls = [1 - np.median(flat.pixels[corner]) / np.median(flat.pixels[centre]) for flat in (before, after)]
    offset = 500 / np.median(camera.take("flat")[0].pixels)
    assert falls[1] == pytest.approx(falls[0] / (1 - offset), rel=0.1)
    assert falls[1] > falls[0]


@pytest.mark.parametrize("label", ["Dark", "Bias", "Flat"])
def test_a_light_under_a_wrong_label_is_refused(make_learner: MakeLearner, camera: Camera, label: str) -> None:
    raw, blob = camera.take("light", label=label)
    assert raw.info.kind == label.lower()
    with pytest.raises(CalibrationError) as caught:
        make_learner().learn(raw, blob)
    assert caught.value.reason == f"not_a_{label.lower()}"


def test_what_has_passed_a_tone_curve_is_refused(make_learner: MakeLearner, camera: Camera) -> None:
    raw, blob = camera.take("dark")
    with pytest.raises(CalibrationError, match="not_linear"):
        make_learner().learn(replace(raw, info=replace(raw.info, linear=False)), blob)


def test_a_master_waits_for_frames_of_another_group(
    make_learner: MakeLearner, camera: Camera, tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 4)
    assert [group.partition("_")[0] for group in pupil.status()["due"]] == ["dark"]
    camera.teach(pupil, "flat", 1)
    wait_until(lambda: masters_in(tmp_path) == ["dark"] and not pupil.status()["building"], 60)
    assert [group.partition("_")[0] for group in pupil.status()["due"]] == ["flat"]


def test_a_master_waits_until_no_more_frames_come(
    make_learner: MakeLearner, camera: Camera, tmp_path: Path, clock: Clock, wait_until: Callable[..., None]
) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 3)
    clock.now_s += QUIET_S + 2 * EXPOSURE_S["dark"] - 1
    clock.n_looks = 0
    wait_until(lambda: clock.n_looks >= 2)
    assert masters_in(tmp_path) == []
    clock.now_s += 1
    wait_until(lambda: masters_in(tmp_path) == ["dark"], 60)


def test_what_a_power_cut_has_left_half_written_is_removed(make_learner: MakeLearner, tmp_path: Path) -> None:
    folder = tmp_path / "library" / "learned"
    folder.mkdir(parents=True)
    for name in (".old.fits.7.tmp", ".new.fits.8.tmp"):
        (folder / name).write_bytes(b"")
    os.utime(folder / ".old.fits.7.tmp", (0, 0))
    make_learner()
    assert [path.name for path in folder.iterdir()] == [".new.fits.8.tmp"]


def test_a_library_that_cannot_be_read_stops_nobody(
    make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: RawStore) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(RawStore, "groups", fail)
    assert make_learner().status() == {"building": "", "due": []}
    assert "Permission denied" in caplog.text


def test_too_few_frames_make_no_master(make_learner: MakeLearner, camera: Camera) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 2)
    assert lines(pupil.choose(camera.take("light")[0])) == []
    camera.teach(pupil, "dark", 1)
    assert lines(pupil.choose(camera.take("light")[0])) == ["dark 3 x 60 s"]


def test_the_last_frames_are_built_at_the_end(make_learner: MakeLearner, camera: Camera, tmp_path: Path) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 3)
    pupil.close()
    assert masters_in(tmp_path) == ["dark"]


def test_what_a_power_cut_left_undone_is_built_at_the_next_start(
    make_learner: MakeLearner, camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Learner, "_build", lambda *_: None)
    pupil = make_learner()
    camera.teach(pupil, "dark", 4)
    pupil.close()
    assert masters_in(tmp_path) == []
    monkeypatch.undo()
    assert lines(make_learner().choose(camera.take("light")[0])) == ["dark 4 x 60 s"]


def test_a_master_that_is_up_to_date_is_not_built_again(
    make_learner: MakeLearner, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 3)
    pupil.close()
    monkeypatch.setattr(learner, "load_master", lambda *_: pytest.fail("built again"))
    again = make_learner()
    assert lines(again.choose(camera.take("light")[0])) == ["dark 3 x 60 s"]
    assert again.status() == {"building": "", "due": []}


def test_a_master_that_was_deleted_is_built_again(make_learner: MakeLearner, camera: Camera, tmp_path: Path) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 3)
    pupil.close()
    (master,) = tmp_path.rglob("learned/*.fits")
    master.unlink()
    again = make_learner()
    assert lines(again.choose(camera.take("light")[0])) == ["dark 3 x 60 s"]
    assert master.is_file()


def test_a_few_frames_do_not_replace_many_that_are_gone(
    make_learner: MakeLearner, camera: Camera, tmp_path: Path
) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 8)
    raw, _ = camera.take("light")
    assert lines(pupil.choose(raw)) == ["dark 8 x 60 s"]
    for path in (tmp_path / "library" / "raw").glob("*/2*"):
        path.unlink()
    camera.teach(pupil, "dark", 3)
    assert lines(pupil.choose(raw)) == ["dark 8 x 60 s"]
    camera.teach(pupil, "dark", 1)
    assert lines(pupil.choose(raw)) == ["dark 4 x 60 s"]


def test_how_many_frames_are_kept_is_a_setting(make_learner: MakeLearner, camera: Camera) -> None:
    pupil = make_learner("calibrate.learn_frames=4")
    camera.teach(pupil, "dark", 6)
    assert lines(pupil.choose(camera.take("light")[0])) == ["dark 4 x 60 s"]


def test_how_much_room_they_take_is_a_setting(make_learner: MakeLearner, camera: Camera, tmp_path: Path) -> None:
    size = len(camera.take("dark")[1].data)
    pupil = make_learner(f"calibrate.learn_max_gb={3.5 * size / 1e9}")
    camera.teach(pupil, "dark", 3)
    pupil.choose(camera.take("light")[0])
    camera.teach(pupil, "bias", 3)
    kept = sorted(path.parent.name.split("_")[0] for path in (tmp_path / "library" / "raw").glob("*/2*"))
    assert kept == ["bias"] * 3
    assert lines(pupil.choose(camera.take("light")[0])) == ["dark 3 x 60 s"]


def test_it_is_off_where_the_settings_say_so(tmp_path: Path) -> None:
    for words in (["calibrate.learn=false", f"calibrate.library={tmp_path}"], ['calibrate.library=""']):
        config = load(Config, None, words)
        assert learner_of(config, library_of(config)) is None


class TestWaiting:
    """A light and a master that takes its time."""

    @pytest.fixture
    def gate(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        opened, build = threading.Event(), Learner._build

        def slow(self: Learner, *arguments: Any) -> None:
            opened.wait(60)
            build(self, *arguments)

        monkeypatch.setattr(Learner, "_build", slow)
        yield opened
        opened.set()

    def test_the_first_light_waits_no_longer_than_set_and_the_next_not_at_all(
        self, make_learner: MakeLearner, camera: Camera, gate: threading.Event, monkeypatch: pytest.MonkeyPatch,
        wait_until: Callable[..., None],
    ) -> None:  # fmt: skip
        pupil = make_learner("calibrate.learn_wait_s=0.1")
        camera.teach(pupil, "dark", 3)
        raw, _ = camera.take("light")
        choice = pupil.choose(raw)
        assert (lines(choice), choice.warnings) == ([], (learner.LATE,))
        monkeypatch.setattr(BuildQueue, "wait", lambda *_: pytest.fail("waits again"))
        assert lines(pupil.choose(raw)) == []
        monkeypatch.undo()
        gate.set()
        wait_until(lambda: pupil.status() == {"building": "", "due": []}, 60)
        assert lines(pupil.choose(raw)) == ["dark 3 x 60 s"]

    def test_the_end_does_not_wait_for_ever(
        self, make_learner: MakeLearner, camera: Camera, gate: threading.Event, tmp_path: Path
    ) -> None:
        pupil = make_learner("calibrate.learn_wait_s=0.1")
        camera.teach(pupil, "dark", 3)
        ended = threading.Thread(target=pupil.close)
        ended.start()
        ended.join(60)
        assert not ended.is_alive()
        assert masters_in(tmp_path) == []
        assert not gate.is_set()


def test_a_frame_that_breaks_on_the_disk_is_left_out(make_learner: MakeLearner, camera: Camera, tmp_path: Path) -> None:
    pupil = make_learner()
    camera.teach(pupil, "dark", 4)
    raw, _ = camera.take("light")
    pupil.choose(raw)
    (broken, *_) = sorted((tmp_path / "library" / "raw").glob("*/2*"))[1:]
    broken.write_bytes(b"broken")
    camera.teach(pupil, "dark", 1)
    assert lines(pupil.choose(raw)) == ["dark 4 x 60 s"]


def test_a_bug_in_one_group_spares_the_others(
    make_learner: MakeLearner, camera: Camera, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    build = Learner._build

    def flawed(self: Learner, group: str, *rest: Any) -> None:
        if group.startswith("bias"):
            raise ZeroDivisionError
        build(self, group, *rest)

    monkeypatch.setattr(Learner, "_build", flawed)
    pupil = make_learner()
    camera.teach(pupil, "bias", 3)
    camera.teach(pupil, "dark", 3)
    assert lines(pupil.choose(camera.take("light")[0])) == ["dark 3 x 60 s"]
    assert "a bug in indistack" in caplog.text
