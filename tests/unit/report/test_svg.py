"""Charts as SVG."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from indistack.report.svg import Axis, Bar, Series, chart, number_axis, same_scale, span, strip, time_axis


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.0, 100.0], ["0", "20", "40", "60", "80", "100"]),
        ([0.0, 0.5], ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ([-30.0, 30.0], ["-20", "0", "20"]),
        ([np.nan, 7.0, 7.0], ["6.6", "6.8", "7.0", "7.2", "7.4"]),
    ],
)
def test_ticks_are_round(values: list[float], labels: list[str]) -> None:
    assert [label for _, label in number_axis(np.array(values)).ticks] == labels


def test_nothing_finite_has_an_axis_too() -> None:
    axis = number_axis(np.array([np.nan, np.inf]))
    assert axis.low < 0 < 1 < axis.high


def test_times_are_round_and_go_over_midnight() -> None:
    axis = time_axis(datetime(2024, 8, 10, 23, 50, tzinfo=UTC), np.array([0.0, 3000.0]))
    assert [label for _, label in axis.ticks] == ["23:50", "00:00", "00:10", "00:20", "00:30", "00:40"]
    assert [second for second, _ in axis.ticks][:2] == [0, 600]


def test_a_pixel_is_as_long_on_both_axes() -> None:
    x, y = same_scale(number_axis(np.array([0.0, 10.0])), number_axis(np.array([0.0, 200.0])))
    assert (x.high - x.low) / 350 == pytest.approx((y.high - y.low) / 174)


def test_a_chart_draws_points_where_they_belong() -> None:
    x = y = Axis(0.0, 10.0)
    values = np.array([0.0, 10.0, np.nan, 5.0, 11.0])
    drawn = chart("a < b", x, y, [Series(values, values), Series(values, values, "b", "line")])
    paths = [path.get("d") for path in ElementTree.fromstring(drawn).iter("path")]
    assert paths == ["M52.0 184.0h0M402.0 10.0h0M227.0 97.0h0", "M52.0 184.0L402.0 10.0M227.0 97.0"]
    turned = chart("", x, y, [Series(values[:1], values[:1])], y_down=True)
    assert "M52.0 10.0h0" in turned


def test_a_strip_has_bars_in_their_time_and_a_scale() -> None:
    axis = Axis(0.0, 100.0, ((50.0, "23:50"),), "UTC")
    drawn = strip(axis, [Bar(0.0, 60.0, "accepted", "a < b"), Bar(80.0, 80.1, "r1", "clouds")])
    tree = ElementTree.fromstring(f"<div>{drawn}</div>")
    bars = [(bar.get("class"), bar.get("x"), bar.get("width")) for bar in tree.iter("rect")]
    assert bars == [("accepted", "0.0", "600.0"), ("r1", "799.0", "3.0")]
    assert [title.text for title in tree.iter("title")] == ["a < b", "clouds"]
    (tick,) = tree.iter("span")
    assert (tick.get("style"), tick.text, next(tree.iter("em")).text) == ("left:50.00%", "23:50", "UTC")


def test_subs_are_named_by_their_numbers() -> None:
    assert [span([7, 8, 11], 2, 2), span([7, 8, 11], 1, 3)] == ["8", "7 to 11"]


@pytest.mark.parametrize(
    ("last_s", "labels"),
    [
        (17.0, ["23:50:00", "23:50:05", "23:50:10", "23:50:15"]),
        (180.0, ["23:50:00", "23:50:30", "23:51:00", "23:51:30", "23:52:00", "23:52:30", "23:53:00"]),
        (5 * 86400.0, ["11 Aug", "12 Aug", "13 Aug", "14 Aug", "15 Aug"]),
    ],
)
def test_a_short_night_has_seconds_and_a_season_days(last_s: float, labels: list[str]) -> None:
    axis = time_axis(datetime(2024, 8, 10, 23, 50, tzinfo=UTC), np.array([0.0, last_s]))
    assert [label for _, label in axis.ticks] == labels
    assert axis.low < 0 < last_s < axis.high


@pytest.mark.parametrize(("n", "size"), [(8, "dots many few a"), (200, "dots many a"), (2000, "dots a")])
def test_few_points_are_large(n: int, size: str) -> None:
    axis, values = Axis(-1.0, 2.0), np.linspace(0, 1, n)
    assert f'class="{size}"' in chart("", axis, axis, [Series(values, values)])


def test_all_points_of_a_chart_are_as_large() -> None:
    axis, values = Axis(-1.0, 2.0), np.linspace(0, 1, 200)
    few = np.where(values < 0.1, values, np.nan)
    drawn = chart("", axis, axis, [Series(values, values), Series(values, few, "dimmed")])
    assert 'class="dots many a"' in drawn
    assert 'class="dots many dimmed"' in drawn


def test_what_an_axis_shows_is_told() -> None:
    assert ">UTC</text>" in chart("", Axis(0.0, 1.0, name="UTC"), Axis(0.0, 1.0), [])
