"""A folder of masters: the best for each light, and new ones from the calibration frames that arrive."""

from indistack.calibrate.library.catalogue import CatalogueEntry, Reader
from indistack.calibrate.library.choice import LIGHT_KINDS, Library, NamedFirst
from indistack.calibrate.library.learner import Learner

__all__ = ["LIGHT_KINDS", "CatalogueEntry", "Learner", "Library", "NamedFirst", "Reader"]
