"""How ways to align are understood from what was typed."""

from __future__ import annotations

import pytest

from indistack.command_line.arguments import make_parser
from indistack.command_line.stacking import _alignment
from indistack.errors import SettingsError


def alignment(*words: str) -> dict[str, object]:
    return _alignment(make_parser().parse_args(["stack", "a.png", *words]))


def test_boxes_are_told_by_their_middle_and_half_their_side() -> None:
    table = alignment("--reference-box", "100,80,10", "--search-box", "100,80,30", "-t", "0.81")
    assert table == {
        "method": "template",
        "template": {"box": [90, 70, 20, 20], "search_box": [70, 50, 60, 60], "min_score": pytest.approx(0.9)},
    }


def test_what_is_said_tells_the_way() -> None:
    assert alignment() == {}
    assert alignment("-n") == {"method": "none"}
    assert alignment("--align", "centroid", "--star", "12,30.5", "--search", "40") == {
        "method": "centroid", "centroid": {"star": [12.0, 30.5], "search_px": 40.0}
    }  # fmt: skip


@pytest.mark.parametrize("words", [["-n", "-t", "0.5"], ["--star", "1,2", "--align", "disk"], ["-n", "--align", "ecc"]])
def test_two_ways_at_once_are_refused(words: list[str]) -> None:
    with pytest.raises(SettingsError, match="alignment by"):
        alignment(*words)


def test_a_search_box_that_holds_no_more_than_what_is_searched_for_is_refused() -> None:
    with pytest.raises(SettingsError, match="--search-box: is to be larger"):
        alignment("--reference-box", "100,80,30", "--search-box", "100,80,30")


@pytest.mark.parametrize(
    "words",
    [
        ["--star", "1"],
        ["--reference-box", "a,b,c"],
        ["--reference-box", "1,2,0"],
        ["--search-box", "1,2,-3"],
        ["-t", "1"],
        ["-l", "loud"],
        ["-g", "nan"],
        ["--best", "0"],
        ["--every", "0"],
    ],
)
def test_words_that_are_no_numbers_are_named(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        alignment(*words)
    assert ended.value.code == 2
    assert words[1] in capsys.readouterr().err
