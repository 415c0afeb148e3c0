"""The ways to align a sub on the reference; importing a module here is what makes it known."""

from indistack.align import asterism, auto, centroid, disk, ecc, none, phase, template
from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.chain import chained

__all__ = [
    "ALIGNERS", "AlignSettings", "Aligner", "asterism", "auto", "centroid", "chained", "disk", "ecc", "none", "phase",
    "template",
]  # fmt: skip
