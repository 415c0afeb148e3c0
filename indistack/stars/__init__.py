"""Finding and measuring the stars of a frame."""

from indistack.stars.finder import StarFinder, StarsSettings
from indistack.stars.plane import bin_into

__all__ = ["StarFinder", "StarsSettings", "bin_into"]
