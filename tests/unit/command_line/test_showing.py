"""Settings as people see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from indistack.cli import main
from indistack.command_line.arguments import default_config_path
from indistack.config import Config, to_toml
from indistack.settings import describe, load


def test_config_shows_every_setting_and_reads_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["stack.kappa_low=2", "branches.b.last=3", "align.centroid.star=[1.0, 2.0]", "calibrate.dark=['ä.fits']"]
    assert main(["config", *(word for each in words for word in ("--set", each))]) == 0
    shown = capsys.readouterr().out
    (tmp_path / "mine.toml").write_text(shown)
    assert load(Config, tmp_path / "mine.toml") == load(Config, default_config_path(), words)
    for table in describe(Config):
        assert f"[{table.name.replace('NAME', 'b')}]\n" in shown
        for setting in table.settings:
            assert f"{setting.name} = " in shown


def test_a_comment_is_a_setting_that_is_not_set(tmp_path: Path) -> None:
    text = to_toml(Config()).replace("# max_saturated", "max_saturated").replace("# star", "star")
    (tmp_path / "mine.toml").write_text(text)
    config = load(Config, tmp_path / "mine.toml")
    assert (config.quality.max_saturated, config.align.centroid.star) == (0.5, [1204.0, 877.5])
    assert "# [branches.NAME]" in text


@pytest.mark.parametrize("text", ['[stack]\njobs = 7\nkernel = "no"\n', "[stack\n"])
def test_doctor_and_config_work_with_a_broken_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "mine.toml").write_text(text)
    broken = ["--config", str(tmp_path / "mine.toml")]
    assert main(["config", *broken]) == 2
    shown = capsys.readouterr()
    assert 'kernel = "cubic"' in shown.out
    assert ("jobs = 7" in shown.out) == ("jobs" in text)
    assert "mine.toml, line " in shown.err
    assert main(["doctor", *broken, "--port", "1", "--output-dir", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith(f"BAD   settings: {tmp_path}/mine.toml, line ")
    assert "Python" in shown.out


def test_a_setting_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--explain", "limit", "--set", "drift.limit=9 px"]) == 0
    drift, centre = capsys.readouterr().out.split("\n\n")
    assert drift.startswith('drift.limit = "9 px"\n    Drift of the frame')
    assert 'Default: "25 %".' in drift
    assert "Wanted is a number above 0 with its unit" in drift
    assert centre.startswith("centre.limit")


def test_a_table_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--explain", "align"]) == 0
    shown = capsys.readouterr().out
    assert "[align]" in shown
    assert "[align.template]" in shown
    assert "align.template.min_score = 0.7" in shown
    assert max(map(len, shown.splitlines())) <= 80 or "operators" in shown


def test_a_name_that_is_none_is_told_with_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--explain", "stack.kapa_low"]) == 2
    assert "did you mean stack.kappa_low?" in capsys.readouterr().err
