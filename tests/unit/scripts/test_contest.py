"""The contest with stackers of which the answers are known."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import pytest
from comparison.contest import Row, format_rows, relative_weight, run_contest
from comparison.night import Night
from comparison.peers import Answer

from simulators.events import Satellite
from simulators.scenario import Scenario

pytestmark = pytest.mark.slow

SUB_S = 0.2
WAIT = f"import sys, time; time.sleep({SUB_S} * int(sys.argv[1]))"


@dataclass
class Fake:
    """Waits for each sub, and hands out the picture it was given."""

    name: str
    picture: np.ndarray
    program: str = WAIT
    reason: str = ""

    def missing(self):
        return self.reason

    def command(self, files, folder):
        return [sys.executable, "-S", "-c", self.program, str(len(files.subs))]

    def answer(self, folder):
        return Answer(self.picture, weights=[1.0, 1.0, 1.0, 0.25, 1.0], note="a note")


@pytest.fixture(scope="module")
def night():
    scenario = Scenario(width_px=480, height_px=360, cfa="mono", n_stars=60, mag_max=12.0, seed=7)
    return Night(scenario, 5, Satellite(sub=2), cloudy_sub=3)


@pytest.fixture(scope="module")
def rows(night):
    picture = night.without_satellite.ideal(signal_only=True)[None]
    stackers = [
        Fake("good", picture),
        Fake("absent", picture, reason="not installed"),
        Fake("failing", picture, "raise SystemExit('out of luck')"),
        Fake("cropping", picture[:, :-1]),
    ]
    return {row.name: row for row in run_contest(night, stackers, 1, lambda _: None)}


def test_every_stacker_has_a_row_beside_the_ideal(rows):
    assert list(rows) == ["ideal", "good", "absent", "failing", "cropping"]


def test_a_stacker_is_timed_judged_and_asked_for_its_weights(rows):
    good = rows["good"]
    assert good.cost.wall_s >= 5 * SUB_S
    assert good.judgement.residual_px < 0.05
    assert good.judgement.noise_ratio < 0.2
    assert good.cloudy_weight == 0.25
    assert good.note == "a note"


def test_what_a_sub_takes_is_told_from_what_a_start_takes(rows):
    cost = rows["good"].cost
    assert cost.sub_s == pytest.approx(SUB_S, rel=0.3)
    assert cost.start_s + 5 * cost.sub_s == pytest.approx(cost.wall_s)


@pytest.mark.parametrize(
    ("name", "note"),
    [("absent", "skipped: not installed"), ("failing", "failed: out of luck"), ("cropping", "failed: its picture is")],
)
def test_who_takes_no_part_says_why(rows, name, note):
    assert rows[name].cost is None
    assert rows[name].judgement is None
    assert rows[name].note.startswith(note)


def test_a_cloudy_subs_weight_is_told_beside_the_others():
    assert relative_weight([2.0, 4.0, 4.0, 1.0], 3) == 0.25


def test_the_table_has_a_column_for_every_number(rows):
    lines = format_rows([*rows.values(), Row("last")]).splitlines()
    # A name and eleven numbers, or what stands for none; then the note.
    assert lines[2].split()[0] == "good"
    assert "-" not in lines[2].split()[:12]
    assert lines[6].split() == ["last", *["-"] * 11]
