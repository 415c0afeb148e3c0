"""Finding and measuring the stars of a frame."""

from indistack.stars.finder import StarFinder, StarsSettings

__all__ = ["StarFinder", "StarsSettings"]
