"""Joins finished stacks of one target: of several nights, or of several telescopes."""

from indistack.merge.join import merge
from indistack.merge.pictures import Picture, read_picture

__all__ = ["Picture", "merge", "read_picture"]
