"""Looks: lists of operators by name, for what is in the picture; each name may stand among operators."""

from __future__ import annotations

DEEP_SKY = ("trim", "background", "neutral", "star_colour", "colour_noise", "stretch")

LOOKS: dict[str, tuple[str, ...]] = {
    "deepsky": DEEP_SKY,
    "cluster": ("trim", "background", "neutral", "star_colour", "colour_noise", "stretch:sky=0.1,saturation=1.6"),
    "comet": DEEP_SKY,
    "wide": ("trim", "neutral", "star_colour", "colour_noise", "stretch:sky=0.1"),
    "halo": ("percentile:0.5,99.9", "usm:40,2"),
    "planet": ("body",),
    "moon": ("body",),
    "sun": ("body:white=0.85",),
}
"""What each look is made of, unless the settings say otherwise."""

WHOLE_RANGE = "percentile:0,100"
"""Black is the least value, white the greatest."""

AUTO, SUITING = "auto", ("deepsky", "planet", "moon")
"""The look that suits what is in the picture: one of these."""


def look_of(name: str, white_balance: tuple[float, float, float] | None = None) -> list[str]:
    """Return the operators of a look; none where there is no such look.

    Parameters
    ----------
    name : str
        Of the look.
    white_balance : tuple of 3 floats, optional
        Where the camera knows what is white, the stars are not asked.
    """
    words = list(LOOKS.get(name, ()))
    if white_balance is None or not words:
        return words
    sky_only = ["neutral:stars=false" if word == "neutral" else word for word in words]
    return ["white_balance:" + ",".join(f"{gain:g}" for gain in white_balance), *sky_only]
