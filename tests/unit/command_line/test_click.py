"""Boxes that are marked in a window, on a display that nobody sees."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from indistack.cli import main
from indistack.command_line.clicked_boxes import _picture, clicked_boxes
from indistack.decode import DecodeSettings
from indistack.errors import SettingsError
from indistack.values.frame import FrameInfo, RawFrame

tkinter = pytest.importorskip("tkinter", reason="Python's tkinter is not installed")
from indistack.command_line.click_window import ClickWindow  # noqa: E402 - where tkinter is


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """The name of a display of our own."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    command = [server, "-displayfd", str(write), "-nolisten", "tcp", "-screen", "0", "800x600x24"]
    with subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()  # ends, too, when the server does
        try:
            if not number:
                pytest.skip("Xvfb does not start here")
            yield f":{number}"
        finally:
            process.terminate()


@pytest.fixture
def display(screen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen)


def frame(folder: Path) -> Path:
    """A frame twice as wide as any window here."""
    pixels = np.random.default_rng(1).integers(0, 60000, (600, 1000), np.uint16)
    cv2.imwrite(str(folder / "a.png"), pixels)
    return folder / "a.png"


def clicking(*events: tuple[str, int, int]) -> Callable[..., Any]:
    """A window that is clicked in as soon as it is there."""

    class Clicked(ClickWindow):
        def run(self) -> Any:
            self.canvas.update()
            self.canvas.focus_force()
            self.canvas.after(60_000, self.canvas.quit)
            for event, x, y in events:
                self.canvas.after_idle(lambda event=event, x=x, y=y: self.canvas.event_generate(event, x=x, y=y))
            return super().run()

    return Clicked


LEFT, RIGHT = "<Button-1>", "<Button-3>"


@pytest.mark.usefixtures("display")
def test_two_clicks_a_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    corners = [(LEFT, 100, 50), (LEFT, 20, 90), (LEFT, 300, 0), (RIGHT, 0, 0), (LEFT, 10, 20), (LEFT, 199, 149)]
    monkeypatch.setattr("indistack.command_line.click_window.ClickWindow", clicking(*corners))
    (tmp_path / "no.png").write_bytes(b"none")
    boxes = clicked_boxes([tmp_path / "no.png", frame(tmp_path)], DecodeSettings(), 0.5)
    np.testing.assert_allclose(boxes, [[181, 211, 121], [314, 255, 285]], atol=3)  # a pixel of the window is three
    said = capsys.readouterr().out
    assert f"--reference-box {','.join(f'{value:g}' for value in boxes[0])} --search-box " in said


@pytest.mark.usefixtures("display")
def test_a_window_that_is_closed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "indistack.command_line.click_window.ClickWindow", clicking((LEFT, 1, 1), (LEFT, 5, 5), ("<Escape>", 1, 1))
    )
    with pytest.raises(SettingsError, match="--click: the window was closed"):
        clicked_boxes([frame(tmp_path)], DecodeSettings(), None)


def test_without_a_display_it_is_told_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert main(["stack", str(frame(tmp_path)), "--click", "-a", str(tmp_path / "o.png")]) == 2
    said = capsys.readouterr().err
    assert "--click: no window can be shown" in said
    assert "--reference-box X,Y,R" in said
    assert main(["stack", str(frame(tmp_path)), "--click", "-n"]) == 2
    assert "alignment by none and by template" in capsys.readouterr().err


def test_marked_boxes_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def marked(*said: Any) -> list[list[float]]:
        asked.append(said)
        return [[90.0, 60.0, 20.0], [97.0, 60.0, 40.0]]

    monkeypatch.setattr("indistack.command_line.stacking.clicked_boxes", marked)
    y, x = np.mgrid[:120, :180]
    names = [str(tmp_path / f"{number}.png") for number in range(2)]
    for number, name in enumerate(names):
        disk = np.hypot(x - 90 - 3 * number, y - 60) < 12
        sub = np.where(disk, 20, 120) + np.random.default_rng(number).normal(0, 3, disk.shape)
        cv2.imwrite(name, sub.clip(0, 255).astype(np.uint8))
    table = tmp_path / "t.csv"
    words = ["--click", "-g", "0.5", "--shifts", str(table), "-a", str(tmp_path / "o.png")]
    assert main(["stack", *names, *words]) == 0
    assert asked[0][2] == 0.5
    assert float(table.read_text().splitlines()[-1].split(",")[1]) == pytest.approx(-3, abs=0.1)
    assert main(["stack", *names, "--click", "--reference-box", "1,1,1"]) == 2
    assert len(asked) == 1


def test_a_frame_is_shown_as_it_is_stored() -> None:
    pixels = np.zeros((40, 60, 3), np.uint16)
    pixels[:20] = 30_000
    raw = RawFrame(pixels, None, FrameInfo(bottom_up=True, orientation=6))
    dark, bright = (_picture(raw, 60, gamma) for gamma in (None, 0.5))
    assert dark.shape == (40, 60, 3)
    assert dark[:20].mean() > dark[20:].mean()
    assert bright.astype(int).sum() > dark.astype(int).sum()
