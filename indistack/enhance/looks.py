"""Looks: lists of operators by name, for what is in the picture; each name may stand among operators."""

from __future__ import annotations

DEEP_SKY = ("background", "neutral", "colour_noise", "stretch")

LOOKS: dict[str, tuple[str, ...]] = {
    "deepsky": DEEP_SKY,
    "cluster": ("background", "neutral", "colour_noise", "stretch:sky=0.1,saturation=1.6"),
    "comet": DEEP_SKY,
    "wide": ("neutral", "colour_noise", "stretch:sky=0.1"),
    "halo": ("colour_noise", "stretch:sky=0.3,saturation=1"),
    "planet": ("body",),
    "moon": ("body",),
    "sun": ("body:white=0.85",),
}
"""What each look is made of, unless the settings say otherwise."""

AUTO = "auto"
"""The look that suits what is in the picture."""
