"""The demonstration, as a new user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import pytest
from astropy.io import fits

from indistack.command_line import demo
from indistack.config import Config
from indistack.errors import IndistackError
from indistack.sources import Source

needs_indiserver = pytest.mark.skipif(
    shutil.which("indiserver") is None, reason="indiserver is not installed (Debian package indi-bin)"
)


@needs_indiserver
def test_the_demo_makes_its_pictures_and_ends(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "indistack", "demo", "--subs", "4", "--output-dir", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if " stacked " in line]
    assert len(lines) == 4
    assert "stars" in lines[0]
    assert done.stdout.splitlines()[-2:] == [str(tmp_path / "out" / name) for name in ("stack.fits", "stack.png")]
    assert fits.getheader(tmp_path / "out" / "stack.fits")["NCOMBINE"] == 4
    picture = cv2.imread(str(tmp_path / "out" / "stack.png"))
    assert 30 < picture.mean() < 150
    assert json.loads((tmp_path / "out" / "status.json").read_text())["state"] == "stopped"


@needs_indiserver
def test_two_demos_find_room_on_one_machine(tmp_path: Path) -> None:
    with contextlib.ExitStack() as both:
        servers = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            servers.append(both.enter_context(demo._indiserver(tmp_path / name)))
        assert all(server.is_alive for server in servers)


@needs_indiserver
@pytest.mark.parametrize("life", ["", "sleep 1; "], ids=["at once", "later"])
def test_the_demo_ends_with_the_words_of_a_driver_that_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, life: str
) -> None:
    python = tmp_path / "a place" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\n{life}echo "no sky today" >&2\nexit 3\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))  # the driver is to run with our own
    arrived: list[object] = []

    def agent(_: Config, source: Source, __: Path) -> None:
        source.run(arrived.append, threading.Event())

    with pytest.raises(IndistackError, match=r"\nno sky today$"):
        demo.run(Config(), tmp_path / "out", agent)
    assert not arrived


@needs_indiserver
def test_no_server_and_no_camera_outlive_a_demo_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "indistack", "demo", "--listen", "off", "--output-dir", str(tmp_path / "out")]
    temporary = tmp_path / ("a folder whose path is longer than the system takes for a socket " * 2)
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        try:
            assert running.stdout is not None
            assert any(" stacked " in line for line in running.stdout)
            assert begun_below(tmp_path)
        finally:
            running.kill()
    deadline_s = time.monotonic() + 60
    while begun_below(tmp_path):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def begun_below(folder: Path) -> list[str]:
    """Processes whose arguments or environment name the folder, the demo itself left out."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"demo" not in command.split(b"\0") and str(folder).encode() in (process / "environ").read_bytes():
                found.append(command.decode(errors="replace"))
    return found
