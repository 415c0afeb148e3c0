"""Operators on pictures, in the order that the settings give."""

from indistack.enhance import (
    background,
    blur,
    body,
    colour_noise,
    difference,
    emboss,
    gamma,
    neutral,
    polygrad,
    rgb_sub,
    stf,
    stretch,
    stretch_halostack,
    trim,
    usm,
    white_balance,
)
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
    "blur",
    "body",
    "colour_noise",
    "difference",
    "emboss",
    "gamma",
    "neutral",
    "operator_of",
    "polygrad",
    "render",
    "rgb_sub",
    "stf",
    "stretch",
    "stretch_halostack",
    "trim",
    "usm",
    "white_balance",
]
