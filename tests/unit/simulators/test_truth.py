"""The truth file: what is written is what is read."""

from __future__ import annotations

import json
from pathlib import Path

from simulators.observatory import Observatory
from simulators.scenario import Scenario
from simulators.truth import append_truth, read_truth


def test_truth_survives_the_file(tmp_path: Path) -> None:
    observatory = Observatory(Scenario(width_px=64, height_px=48, rotation_deg_per_sub=1.0))
    written = [
        observatory.expose().truth,
        observatory.expose().truth.at_path("/tmp/a.fits"),
        observatory.expose("dark").truth,
    ]
    for truth in written:
        append_truth(tmp_path / "truth.jsonl", truth)
    assert read_truth(tmp_path / "truth.jsonl") == written


def test_a_line_is_plain_json(tmp_path: Path) -> None:
    observatory = Observatory(Scenario(width_px=64, height_px=48))
    append_truth(tmp_path / "truth.jsonl", observatory.expose().truth)
    line = json.loads((tmp_path / "truth.jsonl").read_text())
    assert line["transform"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert (line["frame"], line["kind"], line["events"], line["path"]) == (0, "light", [], "")
