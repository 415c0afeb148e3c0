"""What a person sees of a night."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from indistack.command_line.night_view import NightView, closing_lines, status_line
from indistack.store.entries import decided
from indistack.values.outcome import Refused

NOW = datetime(2024, 8, 10, 21, 14, 3, tzinfo=UTC)

STATUS: dict[str, Any] = {
    "state": "running",
    "n_subs": 18,
    "exposure_s": 180.0,
    "stacks": {"stack": {"snr_gain": 4.13}, "trails": {}},
    "refusals": {"too_few_stars": 2, "clouds": 1},
    "session": "20240810-211403_M27_001",
    "waits_for": "a frame from Camera",
}


def view_on(terminal: bool) -> tuple[NightView, io.StringIO]:
    screen = io.StringIO()
    return NightView(Console(file=screen, force_terminal=terminal, width=80, highlight=False)), screen


def test_the_status_tells_subs_exposure_snr_and_what_is_waited_for() -> None:
    assert status_line(STATUS) == "18 subs stacked  3 min  SNR x4.1  waiting: a frame from Camera"
    assert status_line({"n_subs": 1, "exposure_s": 0.0, "stacks": {"stack": {"snr_gain": 1.0}}}) == "1 sub stacked"


def test_at_the_end_it_is_told_what_there_is_where_and_how_to_go_on(tmp_path: Path) -> None:
    for name in ("stack.png", "stack.jpg", "stack.fits", "trails.fits"):
        (tmp_path / name).touch()
    assert list(closing_lines(STATUS, tmp_path, "indistack run")) == [
        "18 subs stacked, 3 min, SNR x4.1; left out: 2 too few stars, 1 clouds",
        f"picture  {tmp_path}/stack.png, linear in stack.fits",
        f"linear   {tmp_path}/trails.fits",
        f"session  {tmp_path}/sessions/20240810-211403_M27_001",
        "go on    indistack run",
        "         within the night it adds to this stack; --new begins another",
    ]


@pytest.mark.parametrize(
    ("there", "told"),
    [(["stack.jpg"], ["picture  {}/stack.jpg"]), (["stack.webp"], ["picture  {}/stack.webp"]), ([], [])],
)
def test_no_file_is_told_of_that_is_not_there(tmp_path: Path, there: list[str], told: list[str]) -> None:
    for name in there:
        (tmp_path / name).touch()
    lines = closing_lines({**STATUS, "stacks": {"stack": {}}}, tmp_path, "indistack run")
    assert [line for line in lines if line.startswith(("picture", "linear"))] == [one.format(tmp_path) for one in told]


def test_at_the_end_of_a_night_without_a_sub_it_is_told_what_was_missing() -> None:
    view, screen = view_on(terminal=False)
    view.status({"n_subs": 0, "waits_for": "a camera"})
    view.status({"n_subs": 0, "waits_for": ""})
    view.close(Path("out"), "indistack run")
    assert screen.getvalue() == "no sub is in the stack; waited for: a camera\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_only_a_terminal_gets_the_status(terminal: bool) -> None:
    view, screen = view_on(terminal)
    with view:
        view.status(STATUS)
    assert ("waiting: a frame" in screen.getvalue()) == terminal


def test_a_line_is_no_longer_than_the_screen() -> None:
    view, screen = view_on(terminal=False)
    view.sub(decided(1, Refused("clouds", detail="word " * 40), NOW))
    (line,) = screen.getvalue().splitlines()
    assert len(line) == 80
    assert line.endswith("…")


def test_what_is_logged_meanwhile_stands_above_the_status_and_afterwards_where_it_did() -> None:
    view, screen = view_on(terminal=True)
    before = logging.root.handlers[:]
    with view:
        logging.getLogger("indistack.x").warning("the disk is full")
    assert "the disk is full" in screen.getvalue()
    assert logging.root.handlers == before


def test_a_log_that_is_no_screen_goes_on_meanwhile() -> None:
    view, _ = view_on(terminal=True)
    kept = list[str]()

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    logging.root.addHandler(handler := Kept())
    try:
        with view:
            logging.getLogger("indistack.x").warning("the disk is full")
    finally:
        logging.root.removeHandler(handler)
    assert kept == ["the disk is full"]
