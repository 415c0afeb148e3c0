"""Which colour the first stored pixel has."""

from __future__ import annotations

import re
from collections.abc import Mapping

from indistack.decode.base import BayerSetting
from indistack.errors import DecodeError
from indistack.fits_header import READ, camera_key, number, text_fact
from indistack.values.frame import CardValue, CfaPattern
from indistack.values.mosaic import PATTERNS, shifted

_MONO = ("", "NONE", "MONO", "MONOCHROME", "TRUE", "FALSE", "RGB", "0", "1")


def cfa_of(table: Mapping[str, CardValue], height: int, bayer: BayerSetting) -> CfaPattern | None:
    """Return the pattern at stored row 0, column 0; None for mono.

    BAYERPAT is the pattern at the top left of the picture, moved by XBAYROFF and YBAYROFF (or BAYOFFX, BAYOFFY). Where
    ROWORDER says BOTTOM-UP the first stored row is the picture's last one, so RGGB of an even height begins with GBRG.

    Raises
    ------
    DecodeError
        `unsupported`: a mosaic that is not one of the four Bayer patterns.
    """
    if bayer != "auto":
        return None if bayer == "none" else bayer
    for keyword in READ["cfa"]:
        said = re.sub(r"[^A-Z0-9]", "", str(table.get(keyword, "")).upper())
        if said in PATTERNS:
            x, y = (_offset(table, axis) for axis in ("cfa_x", "cfa_y"))
            bottom_up = text_fact(table, "row_order").upper().startswith("BOT")
            return shifted(said, x, y + (height - 1 if bottom_up else 0))
        if said not in _MONO and len(said) >= 4:
            raise _no_bayer(said, keyword, text_fact(table, "camera"))
    return None


def _offset(table: Mapping[str, CardValue], axis: str) -> int:
    said = (number(table.get(keyword)) for keyword in READ[axis])
    return int(next((offset for offset in said if offset is not None), 0))


def _no_bayer(said: str, keyword: str, camera: str) -> DecodeError:
    """Say what is no Bayer pattern, and what helps."""
    setting = f'decode.bayer_of."{camera}"' if camera_key(camera) else "decode.bayer"
    detail = f"{said!r} ({keyword}) is no Bayer pattern; set {setting} to {', '.join(PATTERNS[:-1])} or {PATTERNS[-1]}"
    return DecodeError("unsupported", detail, {"cfa": said})
