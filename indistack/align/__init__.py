"""The ways to align a sub on the reference; importing a module here is what makes it known."""

from indistack.align import asterism, none
from indistack.align.base import ALIGNERS, Aligner, AlignSettings

__all__ = ["ALIGNERS", "AlignSettings", "Aligner", "asterism", "none"]
