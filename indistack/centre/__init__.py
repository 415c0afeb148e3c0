"""Keeps the target in the middle, by small corrections of the mount."""

from indistack.centre.base import CentreSettings, Correction, Mover
from indistack.centre.keeper import Keeper
from indistack.centre.movers import EkosMover, IndiMover, mover_of

__all__ = ["CentreSettings", "Correction", "EkosMover", "IndiMover", "Keeper", "Mover", "mover_of"]
