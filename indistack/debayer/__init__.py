"""Ways to make colour from a CFA box."""

from indistack.debayer import bilinear, edge_aware, malvar, malvar_half, superpixel, superpixel4
from indistack.debayer.base import DEBAYERS, DebayerSettings
from indistack.settings import mount

__all__ = [
    "DEBAYERS",
    "DebayerSettings",
    "bilinear",
    "edge_aware",
    "malvar",
    "malvar_half",
    "superpixel",
    "superpixel4",
]

mount(DebayerSettings, DEBAYERS.tables())
