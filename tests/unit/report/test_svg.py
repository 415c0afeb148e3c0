"""Charts as SVG."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

import numpy as np
import pytest

from indistack.report.svg import Axis, Series, chart, number_axis, same_scale, strip, time_axis


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


def test_a_strip_has_a_bar_for_each_run() -> None:
    drawn = strip(
        [(1, 3, "accepted", ""), (4, 4, "clouds", "a < b")], {"accepted": "accepted", "clouds": "r1"}, [7, 8, 9, 11]
    )
    bars = list(ElementTree.fromstring(drawn).iter("rect"))
    assert [(bar.get("class"), bar.get("x"), bar.get("width")) for bar in bars] == [
        ("accepted", "0", "3"),
        ("r1", "3", "1"),
    ]
