"""Operators on pictures, in the order that the settings give."""

from indistack.enhance import background, body, colour_noise, neutral, stf, stretch
from indistack.enhance.base import OPERATORS, Operator, PictureSettings, operator_of
from indistack.enhance.render import render

__all__ = [
    "OPERATORS",
    "Operator",
    "PictureSettings",
    "background",
    "body",
    "colour_noise",
    "neutral",
    "operator_of",
    "render",
    "stf",
    "stretch",
]
