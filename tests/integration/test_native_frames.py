"""Frames in a driver's native format (.bin): nothing but pixels, and the driver's properties say what they are."""

from __future__ import annotations

import queue
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indistack.decode import DecodeSettings, decode
from indistack.sources.indi import IndiSettings, IndiSource
from indistack.values.blob import Blob
from indistack.values.frame import RawFrame

pytestmark = pytest.mark.skipif(shutil.which("indi_simulator_ccd") is None, reason="needs indi-bin")

CMOS = Path(__file__).resolve().parents[2] / "simulators" / "bin" / "indistack_sim_cmos"
SCENARIO = "width_px = 320\nheight_px = 240\nn_stars = 40\n"


class Camera:
    """A client's hand on one camera, and an `IndiSource` that listens to it."""

    def __init__(self, port: int, device: str) -> None:
        self._device = device
        self._link = socket.create_connection(("127.0.0.1", port))
        self._said = bytearray()
        self._blobs: queue.Queue[Blob] = queue.Queue()
        self._stop = threading.Event()
        self.source = IndiSource(IndiSettings(port=port, device=device))
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self.source.run, args=(self._blobs.put, self._stop), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._link.sendall(b"<getProperties version='1.7'/>")

    def _read(self) -> None:
        while data := self._link.recv(1 << 16):
            self._said += data

    def has(self, name: str) -> bool:
        return f'name="{name}"'.encode() in self._said

    def put(self, kind: str, name: str, **elements: object) -> None:
        ones = "".join(f"<one{kind} name='{key}'>{value}</one{kind}>" for key, value in elements.items())
        vector = f"<new{kind}Vector device='{self._device}' name='{name}'>{ones}</new{kind}Vector>"
        self._link.sendall(vector.encode())

    def choose(self, name: str, on: str, *off: str) -> None:
        self.put("Switch", name, **{on: "On"}, **dict.fromkeys(off, "Off"))

    def take(self, exposure_s: float) -> tuple[Blob, RawFrame]:
        """Return the first frame that the source delivers; it may subscribe after the first exposures."""
        for _ in range(20):
            self.put("Number", "CCD_EXPOSURE", CCD_EXPOSURE_VALUE=exposure_s)
            try:
                blob = self._blobs.get(timeout=exposure_s + 2)
            except queue.Empty:
                continue
            return blob, decode(blob, DecodeSettings())
        raise AssertionError("no frame")

    def close(self) -> None:
        self._stop.set()
        self._threads[1].join(60)
        self._link.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(60)
        self._link.close()


@pytest.fixture
def camera(
    indiserver: Callable[..., Any], wait_until: Callable[..., None], tmp_path: Path
) -> Iterator[Callable[..., Camera]]:
    cameras: list[Camera] = []

    def open_camera(driver: str | Path, device: str) -> Camera:
        (tmp_path / "sky.toml").write_text(SCENARIO)
        environment = {"INDISTACK_SIM_SCENARIO": str(tmp_path / "sky.toml"), "INDISTACK_SIM_PYTHON": sys.executable}
        cameras.append(Camera(indiserver(driver, **environment).port, device))
        found = cameras[-1]
        wait_until(lambda: found.has("CONNECTION"), what="the driver")
        if driver == "indi_simulator_ccd":
            wait_until(lambda: found.has("SIMULATOR_SETTINGS"), what="its settings")
            found.put("Number", "SIMULATOR_SETTINGS", SIM_XRES=640, SIM_YRES=520)
        found.choose("CONNECTION", "CONNECT", "DISCONNECT")
        wait_until(lambda: found.has("CCD_EXPOSURE"), what="the connected camera")
        wait_until(lambda: bool(found.source.status().device), what="the source's choice")
        found.choose("CCD_TRANSFER_FORMAT", "FORMAT_NATIVE", "FORMAT_FITS")
        return found

    yield open_camera
    for each in cameras:
        each.close()


def test_of_the_stock_simulator(camera: Callable[..., Camera]) -> None:
    ccd = camera("indi_simulator_ccd", "CCD Simulator")
    ccd.choose("CCD_FRAME_TYPE", "FRAME_DARK", "FRAME_LIGHT")
    ccd.put("Number", "CCD_BINNING", HOR_BIN=2, VER_BIN=2)
    blob, frame = ccd.take(0.1)
    assert blob.suffix == ".bin"
    assert frame.pixels.shape == (260, 320)
    assert frame.pixels.dtype == np.uint16
    info = frame.info
    assert (info.kind, info.binning, info.camera) == ("dark", (2, 2), "CCD Simulator")
    assert info.exposure_s == pytest.approx(0.1, abs=0.01)


def test_of_a_colour_camera(camera: Callable[..., Camera]) -> None:
    cmos = camera(CMOS, "Indistack CMOS")
    cmos.put("Number", "CCD_GAIN", GAIN=77)
    blob, frame = cmos.take(1.5)
    assert blob.suffix == ".bin"
    assert (frame.pixels.shape, frame.cfa, frame.info.kind) == ((240, 320), "RGGB", "light")
    assert frame.info.exposure_s == pytest.approx(1.5, abs=0.05)  # not what was left of it at the end
    assert (frame.info.gain_setting, frame.info.temperature_c) == (77, pytest.approx(-10, abs=30))
    cmos.choose("CCD_TRANSFER_FORMAT", "FORMAT_FITS", "FORMAT_NATIVE")
    other = cmos.take(1.5)[1]
    assert other.info.scale_arcsec_px == pytest.approx(frame.info.scale_arcsec_px, rel=0.01)
    assert other.pixels.shape == frame.pixels.shape
