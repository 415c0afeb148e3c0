"""Finished stacks as they come in: of this program or another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from indistack.decode import DecodeSettings, decode
from indistack.errors import FrameError
from indistack.fits_header import frames_within, index, number
from indistack.picture.clipped import CELL_PX, enlarged
from indistack.sources import read_blob
from indistack.values.frame import BoolArray, CalibratedFrame, Card, FloatArray, RawFrame

DEVICE = "stacks"

EXPOSURES = ("TOTALEXP", "LIVETIME", "EXPTIME", "EXPOSURE")
COUNTS = ("NCOMBINE", "STACKCNT", "NSTACK", "NIMAGES", "NFRAMES")
"""What programs call the summed exposure (s) and the number of subs, the most trusted first."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished stack.

    Attributes
    ----------
    path : Path
        Its file.
    frame : CalibratedFrame
        Mono or RGB, float32 ADU; bad where it is not a number.
    weight : array or None
        ``(height, width)`` float32, 1 in the middle of its range, 0 where there is nothing; None where the file has no
        such map.
    clipped : array or None
        ``(height, width)`` float32, share of its subs that was clipped at each pixel; None where it does not say.
    n_subs : int
        Subs that it was made from; 1 where the header does not say.
    exposure_s : float
        Their summed exposure; 0 where the header does not say.
    """

    path: Path
    frame: CalibratedFrame
    weight: FloatArray | None
    clipped: FloatArray | None
    n_subs: int
    exposure_s: float

    @property
    def end(self) -> datetime | None:
        """End of its last sub; where the header does not say, as if they had been taken without a pause."""
        told = index(self.frame.info.header).get("DATE-END")
        with suppress(ValueError):
            return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
        begin = self.frame.info.date_obs
        return None if begin is None else begin + timedelta(seconds=self.exposure_s)

    def binned(self, factor: int) -> Picture:
        """Return it with pixels of so many by so many; what is left over at the right and lower edges is lost."""
        frame = self.frame
        height, width = frame.height // factor, frame.width // factor
        whole = slice(0, factor * height), slice(0, factor * width)

        def made_smaller(plane: FloatArray) -> FloatArray:
            return np.asarray(cv2.resize(plane[whole], (width, height), interpolation=cv2.INTER_AREA), np.float32)

        pixels = made_smaller(frame.pixels)
        weight, clipped = (None if one is None else made_smaller(one) for one in (self.weight, self.clipped))
        bad = None
        if frame.bad is not None:
            bad = np.asarray(frame.bad[whole].reshape(height, factor, width, factor).any(axis=(1, 3)))
        return replace(self, frame=replace(frame, pixels=pixels, bad=bad), weight=weight, clipped=clipped)


def read_picture(path: Path) -> Picture:
    """Read a stack: a file, or the only one of a session's folder.

    Raises
    ------
    FrameError
        The file is no finished, linear picture; the detail names it. Further reasons: ``no_stack`` and
        ``several_stacks`` of a folder, ``mosaic``, ``not_linear``, ``a_sub``.
    """
    file = _only_stack(path) if path.is_dir() else path
    try:
        raw = decode(read_blob(file, DEVICE), DecodeSettings())
    except FrameError as error:
        raise FrameError(error.reason, f"{file}: {error.detail}", error.numbers) from error
    if raw.cfa is not None:
        raise FrameError("mosaic", f"{file}: a raw mosaic of colours ({raw.cfa}), not a finished picture")
    if not raw.info.linear:
        raise FrameError("not_linear", f"{file}: its values have passed a tone curve, and cannot be averaged")
    if _is_sub(raw):
        raise FrameError("a_sub", f"{file}: a raw sub, not a finished picture; indistack stack makes one of subs")
    header = raw.info.header
    n_subs, exposure_s = max(1, int(_number(header, COUNTS) or 1)), _number(header, EXPOSURES) or 0.0
    return Picture(file, _as_frame(raw), _weight_map(file, raw), _clipped_map(file, raw), n_subs, exposure_s)


def _is_sub(raw: RawFrame) -> bool:
    """Whether this is one light frame as a camera gave it: whole numbers, one exposure, and no word of a stack."""
    header = raw.info.header
    said = raw.info.kind == "light" and ("IMAGETYP" in index(header) or raw.info.exposure_s is not None)
    told = frames_within(index(header)) > 1 or _number(header, COUNTS) is not None
    return said and not told and raw.channels == 1 and raw.pixels.dtype.kind in "iu"


def _only_stack(folder: Path) -> Path:
    found = sorted(folder.glob("stack*.fits"))
    if (folder / "stack.fits") in found:
        return folder / "stack.fits"
    if len(found) == 1:
        return found[0]
    if not found:
        raise FrameError("no_stack", f"{folder}: there is no stack*.fits in it")
    raise FrameError("several_stacks", f"{folder}: which of {', '.join(each.name for each in found)} is meant?")


def _as_frame(raw: RawFrame) -> CalibratedFrame:
    pixels = raw.pixels.astype(np.float32)
    bad: BoolArray = np.asarray(~np.isfinite(np.atleast_3d(pixels)).all(axis=2))
    pixels[bad] = np.median(pixels[~bad], axis=0)
    sub_s = _number(raw.info.header, ("SUBEXP",))
    return CalibratedFrame(pixels, None, 0.0, 1.0, bad if bad.any() else None, replace(raw.info, exposure_s=sub_s))


def _weight_map(path: Path, raw: RawFrame) -> FloatArray | None:
    """The extension WEIGHT, else COVERAGE, which may be binned; its median is made 1."""
    stored = _extension(path, "WEIGHT", "COVERAGE")
    if stored is None:
        return None
    planes = np.asarray(stored, np.float32).reshape(-1, *stored.shape[-2:])
    weight = _unbinned(np.nan_to_num(planes.mean(axis=0), nan=0.0), (raw.height, raw.width))
    if weight is None:
        return None
    usual = float(np.median(weight[weight > 0])) if (weight > 0).any() else 0.0
    return np.asarray(weight / usual, np.float32) if usual > 0 else None


def _clipped_map(path: Path, raw: RawFrame) -> FloatArray | None:
    """The extension CLIPPED, whose cells are those of a stack of this program, at each pixel."""
    stored = _extension(path, "CLIPPED")
    size = raw.height, raw.width
    if stored is None or stored.shape != tuple(-(-side // CELL_PX) for side in size):
        return None
    share = np.clip(np.nan_to_num(np.asarray(stored, np.float32)), 0, 1)
    return enlarged(np.ascontiguousarray(share), size)


def _extension(path: Path, *names: str) -> npt.NDArray[Any] | None:
    """The first of a file's extensions that there is, with two dimensions at least."""
    from astropy.io import fits  # slow to import, 25 MB, and most sessions never need it

    try:
        with fits.open(path, memmap=False) as file:
            places = {unit.name: number for number, unit in enumerate(file)}
            place = next((places[name] for name in names if name in places), None)
            stored: npt.NDArray[Any] | None = None if place is None else file[place].data
    except (OSError, ValueError, TypeError):  # not a FITS file, but a picture of another kind
        return None
    return None if stored is None or stored.ndim < 2 else stored


def _unbinned(weight: FloatArray, size: tuple[int, int]) -> FloatArray | None:
    """Bring a map to a picture's size (height, width), of which it may show blocks; None where it is no such map."""
    factor = max(1, max(size) // max(1, *weight.shape))
    if weight.shape != tuple(max(1, side // factor) for side in size):
        return None
    if factor == 1:
        return weight
    height, width = (factor * side for side in weight.shape)
    whole = np.asarray(cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return np.pad(whole, ((0, size[0] - height), (0, size[1] - width)), mode="edge")


def _number(header: tuple[Card, ...], keywords: tuple[str, ...]) -> float | None:
    """First number that is told, above 0."""
    told = index(header)
    values = (number(told.get(keyword)) for keyword in keywords)
    return next((value for value in values if value is not None and value > 0), None)
