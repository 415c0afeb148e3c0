"""Finds calibration files, loads masters or builds them from raw frames, and writes a master as FITS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from indistack import __version__
from indistack.calibrate.base import CalibrateSettings, Master, Masters
from indistack.calibrate.combine import combine
from indistack.errors import SettingsError
from indistack.fits_header import BLOCK, StackFacts, header_bytes, index, number, output_cards
from indistack.frame import FloatArray, Kind, RawFrame
from indistack.tiles import Workers

Decode = Callable[[Path], RawFrame]
Progress = Callable[[str, int, int], None]
"""Called with the kind, the frames done and the frames to do."""


def load_masters(
    settings: CalibrateSettings, decode: Decode, workers: Workers, progress: Progress | None = None
) -> Masters:
    """Load or build everything that the settings name.

    Parameters
    ----------
    decode : callable
        Path -> `RawFrame`; raises `DecodeError`.

    Raises
    ------
    SettingsError
        A name matches no file.
    FrameError
        A file cannot be decoded, or the files of one kind do not fit together.
    """
    files = {kind: expand(f"calibrate.{kind}", names) for kind, names in _named(settings)}
    masters: dict[Kind, Master] = {}
    for kind in ("bias", "darkflat", "dark"):
        if files[kind]:
            masters[kind] = load_master(kind, files[kind], decode, workers, settings.reject_sigma, None, progress)
    if files["flat"]:
        base = masters.get("darkflat") or masters.get("bias")
        masters["flat"] = load_master("flat", files["flat"], decode, workers, settings.reject_sigma, base, progress)
    return Masters(masters.get("dark"), masters.get("flat"), masters.get("bias"))


def _named(settings: CalibrateSettings) -> tuple[tuple[Kind, list[str]], ...]:
    return (
        ("dark", settings.dark), ("flat", settings.flat), ("bias", settings.bias), ("darkflat", settings.darkflat),
    )  # fmt: skip


def expand(setting: str, names: Iterable[str]) -> list[Path]:
    """Return the files that paths, folders and globs mean, in order of their names.

    Raises
    ------
    SettingsError
        One fault for every name that matches nothing.
    """
    found: list[Path] = []
    faults = []
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            matches = sorted(item for item in path.iterdir() if item.is_file() and not item.name.startswith("."))
        else:
            matches = [path] if path.is_file() else sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        if not matches:
            faults.append(f"{setting}: no file matches {name!r}")
        found += matches
    if faults:
        raise SettingsError(faults)
    return found


def load_master(
    kind: Kind,
    files: Sequence[Path],
    decode: Decode,
    workers: Workers,
    reject_sigma: float = 3.0,
    base: Master | None = None,
    progress: Progress | None = None,
) -> Master:
    """Load one master file, or combine raw frames.

    A single file that is a master already (float pixels, or a count of combined frames above one) is taken as it is,
    so a master flat must be free of its bias. Raw flats lose `base` (dark-flat or bias), or else the level that the
    camera is known to record without light.
    """
    first = decode(files[0])
    combined = _combined(first)
    if len(files) == 1 and (combined > 1 or first.pixels.dtype.kind == "f"):
        pixels = np.array(first.pixels, np.float32)
        return Master(pixels, kind, first.cfa, first.info, combined, files[0].name)

    def frames() -> Iterable[RawFrame]:
        for done, path in enumerate(files):
            frame = first if done == 0 else decode(path)
            if progress is not None:
                progress(kind, done + 1, len(files))
            yield frame

    subtract: FloatArray | float = 0.0
    if kind == "flat":
        subtract = first.info.black_adu if base is None else base.pixels
    source = files[0].name if len(files) == 1 else f"{files[0].name} ... {files[-1].name}"
    return combine(kind, frames(), len(files), source, workers, reject_sigma, subtract)


def _combined(frame: RawFrame) -> int:
    table = index(frame.info.header)
    counts = (number(table.get(keyword)) for keyword in ("NCOMBINE", "STACKCNT", "NFRAMES"))
    return max(1, *(int(count) for count in counts if count is not None), 1)


def master_file(master: Master) -> bytes:
    """Return a master as the bytes of a float32 FITS file, with count, kind and the facts of its first frame."""
    info = replace(master.info, header=tuple(card for card in master.info.header if card[0] not in _REWRITTEN))
    facts = StackFacts(master.info.exposure_s or 0.0, master.n_frames, "mean", __version__, master.info.date_obs)
    untrue = ("LIVETIME", "TOTALEXP", "SUBEXP", "" if master.info.exposure_s is not None else "EXPTIME")
    cards = [
        ("IMAGETYP", f"Master {master.kind.title()}", "kind of master"),
        *(card for card in output_cards(info, facts) if card[0] not in untrue),
        ("HISTORY", f"from {master.source}", ""),
    ]
    if master.cfa is not None:
        cards.insert(1, ("BAYERPAT", master.cfa, "colours at the first stored row and column"))
    planes = np.moveaxis(master.pixels, -1, 0) if master.pixels.ndim == 3 else master.pixels
    data = planes.astype(">f4").tobytes()
    return header_bytes(cards, -32, planes.shape) + data + bytes(-len(data) % BLOCK)


_REWRITTEN = ("FRAME", "IMAGETYP", "ROWORDER")
"""ROWORDER goes because BAYERPAT is then read from the first stored row, as it is written here."""
