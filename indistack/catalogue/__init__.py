"""Stars whose colours are known, and the names of what is on the sky: one file, made once, read without a network."""

from indistack.catalogue.contents import Catalogue, NamedPlaces, Stars
from indistack.catalogue.file import AUTO, around, catalogue_path, read, write
from indistack.catalogue.refine import refined
from indistack.catalogue.sky_field import KnownStars, SkyField

__all__ = [
    "AUTO", "Catalogue", "KnownStars", "NamedPlaces", "SkyField", "Stars", "around", "catalogue_path", "read",
    "refined", "write",
]  # fmt: skip
