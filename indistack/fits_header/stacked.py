"""Is this file a stack already, of this program or another?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from indistack.errors import FrameError
from indistack.fits_header.values import index, number
from indistack.values.frame import CardValue, RawFrame

COUNTS = re.compile(r"STACKCNT|NCOMBINE|(?:LIGH|LUM|RED|GRN|BLU|RGB)_?CNT|LIGH_CNT|NSUBS|NUMFRAME")
"""How many subs are in it: Siril, Seestar, libindi; PixInsight, DeepSkyStacker, IRAF; ASTAP."""

TOTALS = ("TOTALEXP", "LIVETIME")
MORE_THAN_ONE = 1.5
"""Total over single exposure: a driver may round, two subs make 2."""


def frames_within(table: Mapping[str, CardValue]) -> int:
    """Return how many frames a header says are stacked in its file; 1 where it says nothing of the kind."""
    counts = [number(value) or 0.0 for keyword, value in table.items() if COUNTS.fullmatch(keyword)]
    exposure_s = number(table.get("EXPTIME")) or number(table.get("EXPOSURE")) or 0.0
    total_s = max((number(table.get(keyword)) or 0.0 for keyword in TOTALS), default=0.0)
    by_time = total_s / exposure_s if exposure_s > 0 and total_s > MORE_THAN_ONE * exposure_s else 1.0
    return max(1, *(round(count) for count in (*counts, by_time) if count < 1e6))


def require_single(raw: RawFrame) -> None:
    """Refuse a file that is a stack already: it would outweigh all subs, and holds some of them.

    Parameters
    ----------
    raw : RawFrame
        Only its header counts.

    Raises
    ------
    FrameError
        ``a_stack``.
    """
    count = frames_within(index(raw.info.header))
    if count > 1:
        raise FrameError("a_stack", f"the header says that {count} frames are stacked in it", {"frames": count})
