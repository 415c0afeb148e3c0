"""A library's folder for tests, filled with masters of 6 x 8 pixels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indistack.calibrate import CalibrateSettings, Library, Master, MasterChoice, Reader, write_master
from indistack.config import Config
from indistack.decode import decode
from indistack.decode.glance import glance
from indistack.fits_header import frame_info
from indistack.sources import read_blob
from indistack.sources.base import is_frame_name
from indistack.values.frame import FrameInfo, Kind, RawFrame

DATE = datetime(2024, 8, 10, 21, tzinfo=UTC)
CARDS: dict[str, Any] = {
    "INSTRUME": "Cam", "EXPTIME": 60.0, "GAIN": 100, "OFFSET": 30, "CCD-TEMP": -10.0, "FILTER": "L",
    "DATE-OBS": DATE.isoformat(),
}  # fmt: skip


def info_of(kind: str, **changes: Any) -> FrameInfo:
    cards = {"IMAGETYP": kind, **CARDS, **{key.replace("_", "-"): value for key, value in changes.items()}}
    return frame_info(tuple((key, value, "") for key, value in cards.items() if value is not None))


def light(level: int = 1000, **changes: Any) -> RawFrame:
    return RawFrame(np.full((6, 8), level, np.uint16), "RGGB", info_of("Light", **changes))


class Place:
    """A library's folder, and how often its files were read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looks: list[str] = []
        self.reads: list[str] = []

    def put(self, name: str, kind: Kind, level: float = 100.0, n_frames: int = 10, **changes: Any) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((6, 8), level, np.float32)
        with path.open("wb") as file:
            write_master(file, Master(pixels, kind, "RGGB", info_of(kind, **changes), n_frames, "test"))
        return path

    @property
    def reader(self) -> Reader:
        settings = Config().decode

        def read(path: Path) -> RawFrame:
            self.reads.append(path.name)
            return decode(read_blob(path, "test"), settings)

        def look(path: Path) -> RawFrame:
            self.looks.append(path.name)
            return glance(path, settings) or read(path)

        return Reader(read, look, is_frame_name, "1")

    def library(self, kinds: Any = ("dark", "flat", "bias"), has_bias: bool = False, **settings: Any) -> Library:
        return Library(self.folder, CalibrateSettings(**settings), self.reader, kinds, has_bias)


def names(choice: MasterChoice) -> dict[str, str]:
    return {master.kind: master.source for master in choice.masters.present()}
