"""Does a master fit a frame: what forbids it, and what is only worth a warning."""

from __future__ import annotations

from indistack.calibrate.base import Master
from indistack.errors import CalibrationError
from indistack.frame import CfaPattern, FrameInfo, PixelArray, RawFrame

EXPOSURE_TOLERANCE = 0.02
TEMPERATURE_TOLERANCE_C = 2.0


def require_same_geometry(kind: str, frame: RawFrame, first: RawFrame) -> None:
    """Raise `master_mismatch` when two calibration frames cannot be combined."""
    _require(kind, frame.pixels, first.pixels, frame.cfa, first.cfa, frame.info, first.info)


def require_fit(master: Master, raw: RawFrame) -> None:
    """Raise `master_mismatch` when the master is of another size, CFA or binning than the frame."""
    _require(f"master {master.kind}", master.pixels, raw.pixels, master.cfa, raw.cfa, master.info, raw.info)


def _require(
    name: str, mine: PixelArray, other: PixelArray, my_cfa: CfaPattern | None, cfa: CfaPattern | None,
    my_info: FrameInfo, info: FrameInfo,
) -> None:  # fmt: skip
    if mine.shape != other.shape:
        raise CalibrationError(
            "master_mismatch",
            f"{name} is {_size(mine)}, the frame {_size(other)}",
            {"master_size": _size(mine), "frame_size": _size(other)},
        )
    if my_cfa is not None and cfa is not None and my_cfa != cfa:
        raise CalibrationError(
            "master_mismatch",
            f"{name} has the CFA {my_cfa}, the frame {cfa}",
            {"master_cfa": my_cfa, "frame_cfa": cfa},
        )
    if my_info.binning != info.binning:
        binnings = ["x".join(map(str, side.binning)) for side in (my_info, info)]
        raise CalibrationError(
            "master_mismatch",
            f"{name} is binned {binnings[0]}, the frame {binnings[1]}",
            {"master_binning": binnings[0], "frame_binning": binnings[1]},
        )


def _size(pixels: PixelArray) -> str:
    return " x ".join(str(side) for side in (pixels.shape[1], pixels.shape[0], *pixels.shape[2:]))


def doubts(master: Master, info: FrameInfo) -> list[str]:
    """Return what differs between a master and a frame and makes the result worse, but not wrong."""
    found = []
    for name, mine, other in (
        ("gain", master.info.gain_setting, info.gain_setting),
        ("offset", master.info.offset_setting, info.offset_setting),
    ):
        if mine is not None and other is not None and mine != other:
            found.append(f"{master.kind} has {name} {mine:g}, the frame {other:g}")
    if master.kind == "dark" and master.info.temperature_c is not None and info.temperature_c is not None:
        apart = abs(master.info.temperature_c - info.temperature_c)
        if apart > TEMPERATURE_TOLERANCE_C:
            found.append(f"dark is {apart:.1f} C away from the frame's temperature")
    if master.kind == "flat" and master.info.filter_name.lower() != info.filter_name.lower():
        found.append(f"flat has the filter {master.info.filter_name!r}, the frame {info.filter_name!r}")
    return found


def exposure_ratio(dark: Master, info: FrameInfo) -> float:
    """Return the frame's exposure over the dark's; 1 where unknown or within tolerance."""
    mine, other = dark.info.exposure_s, info.exposure_s
    if not mine or other is None or abs(other / mine - 1.0) <= EXPOSURE_TOLERANCE:
        return 1.0
    return other / mine
