"""Operators on pictures, in the order that the settings give."""

from indistack.enhance import background, body, colour_noise, neutral, stf, stretch, trim, white_balance
from indistack.enhance.base import OPERATORS, Operator, PictureSettings, operator_of
from indistack.enhance.facts import PictureFacts
from indistack.enhance.memory import LookMemory
from indistack.enhance.render import render

__all__ = [
    "OPERATORS",
    "LookMemory",
    "Operator",
    "PictureFacts",
    "PictureSettings",
    "background",
    "body",
    "colour_noise",
    "neutral",
    "operator_of",
    "render",
    "stf",
    "stretch",
    "trim",
    "white_balance",
]
