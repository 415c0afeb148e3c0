"""A folder of masters: the best for each light, and new ones from the calibration frames that arrive."""

from indistack.calibrate.library.catalogue import RAW, CatalogueEntry, Reader
from indistack.calibrate.library.choice import LIGHT_KINDS, Library, NamedFirst
from indistack.calibrate.library.learner import Learner
from indistack.calibrate.library.raw_store import raw_room

__all__ = ["LIGHT_KINDS", "RAW", "CatalogueEntry", "Learner", "Library", "NamedFirst", "Reader", "raw_room"]
