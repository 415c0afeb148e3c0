"""The stackers that are compared."""

from __future__ import annotations

from comparison.peers.base import Answer, Peer
from comparison.peers.indistack import Indistack
from comparison.peers.seiza import Seiza
from comparison.peers.siril import Siril

__all__ = ["UNSCRIPTED", "Answer", "Peer", "known_peers"]

# The same work as a weighted mean here.
SEIZA_MEAN = {"demosaic": "bilinear", "rejection": "none", "weighting": "inverse-noise-variance"}
# In the table so that their absence is explained.
UNSCRIPTED = {"ASTAP": "stacks only in its window: its command line solves and measures, -stack opens a page to click"}


def known_peers(is_colour: bool) -> list[Peer]:
    """Return the rows of the table, ours first; seiza with its own defaults, and as a plain weighted mean."""
    return [
        Indistack("mean"),
        Indistack("sigma_clip"),
        Seiza("seiza"),
        Seiza("seiza mean", SEIZA_MEAN),
        Siril("Siril rejection", "rej 3 3 -norm=addscale", is_colour),
        Siril("Siril mean", "mean none -nonorm", is_colour),
    ]
