"""The ways to align a sub on the reference; importing a module here is what makes it known."""

from indistack.align import asterism, auto, centroid, disk, ecc, none, phase, template
from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.chain import chained
from indistack.align.faint import FaintSubs, Waiting
from indistack.align.join_stars import mapped
from indistack.align.reference import Known, ReferenceStars
from indistack.align.same_stars import require_same_stars
from indistack.settings import mount

__all__ = [
    "ALIGNERS", "AlignSettings", "Aligner", "FaintSubs", "Known", "ReferenceStars", "Waiting", "asterism", "auto",
    "centroid", "chained", "disk", "ecc", "mapped", "none", "phase", "require_same_stars",
    "template",
]  # fmt: skip

mount(AlignSettings, ALIGNERS.tables())
