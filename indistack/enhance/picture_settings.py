"""Settings of pictures: which operators, how large, how they change."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from indistack.enhance.base import OPERATORS, operator_of
from indistack.enhance.looks import AUTO, LOOKS
from indistack.errors import SettingsError
from indistack.settings import Settings, Wanted


def _known(word: str) -> str:
    name = word.partition(":")[0].strip()
    if word in (AUTO, *LOOKS):
        return word
    if name not in OPERATORS:
        known = [*OPERATORS, AUTO, *LOOKS]
        meant = "".join(f"did you mean {close}? " for close in get_close_matches(name, known, 1))
        raise ValueError(f"{name!r} is unknown; {meant}choose one of {', '.join(known)}")
    try:
        operator_of(word)
    except SettingsError as error:
        raise ValueError(f"{word!r}: {error}") from None
    return word


OperatorWord = Annotated[str, AfterValidator(_known)]
"""See `operator_of`."""


def _is_look(name: str) -> str:
    if name not in LOOKS:
        raise ValueError(f"unknown; choose one of {', '.join(LOOKS)}")
    return name


LookName = Annotated[str, AfterValidator(_is_look)]


class PictureSettings(Settings):
    """How the stack becomes a picture."""

    operators: list[OperatorWord] = Field(default=[AUTO])
    """Applied in this order; arguments follow the name: ``"stf:0.2"``, ``"stf:target=0.2"``. A look stands for its
    operators: deepsky, cluster, comet, wide, halo, planet, moon, sun; auto for the look that suits what is seen."""

    sub_operators: Annotated[list[str], Wanted("a list of operators", '["br:2"]')] = Field(default=[])
    """Applied to every sub, in this order, before it is stacked; it is aligned as it was before that."""

    looks: Annotated[
        dict[LookName, list[OperatorWord]],
        Wanted("looks, each a list of operators", '{deepsky = ["background", "neutral", "stretch:0.1"]}'),
    ] = Field(default_factory=dict)
    """Looks of your own in place of those there are."""

    crop_coverage: float | None = Field(default=0.5, gt=0, le=1)
    """Shown is the largest rectangle that this share of the most subs covers. The FITS file is whole."""

    max_side_px: int = Field(default=3000, ge=0)
    """Larger stacks are shown binned by whole numbers; 0 = full size always."""

    png_bits: Literal[8, 16] = 8
    """Of a channel in PNG files: 16 for those who go on with the picture in another program. JPEG and WebP have 8, TIFF
    has 16."""

    easing: float = Field(default=0.5, gt=0, le=1)
    """Share of a change in background, white point or stretch that each publication takes on, so that a live picture
    does not flicker; 1 = all at once."""

    sky: float | None = Field(default=None, gt=0, lt=1)
    """Brightness of the sky after ``stretch``, on 0..1; not set: as the look has it."""

    black: float | None = Field(default=None, gt=0, le=100)
    """Black lies that many standard deviations of the noise below the sky for ``stretch``: fewer give more contrast
    to what is faint; not set: as the look has it."""

    white: float | None = Field(default=None, gt=0, le=1)
    """Share of the pixels that are not brighter than white for ``stretch``; not set: as the look has it."""

    saturation: float | None = Field(default=None, ge=0, le=4)
    """Of the colours after ``stretch``: 1 leaves them, 0 makes the picture grey; not set: as the look has it."""

    annotate: bool = False
    """Target, subs, exposure and date stand on the picture, and beside a WCS a scale, the directions of the sky, and
    the names that the catalogue has."""

    catalogue: str = "auto"
    """Stars whose colours tell what is white, and names for `annotate`: the file that `indistack catalogue` makes;
    "auto" = ~/.local/share/indistack/catalogue.npz, where it is there; "" = none."""

    @model_validator(mode="after")
    def _are_for_subs(self) -> Self:
        for word in self.sub_operators:
            name = _known(word).partition(":")[0].strip()
            if name in (AUTO, *LOOKS) or OPERATORS.get(name).moves:
                said = f"{name} makes, or turns, the picture of a stack; name it in operators"
                raise ValueError(f"sub_operators: {said}")
        return self

    def wished(self, word: str) -> str:
        """Return a word of a look with what these settings say of its operator."""
        name, _, given = word.partition(":")
        if name.strip() != "stretch":
            return word
        wishes = {
            "sky": self.sky,
            "black_sigma": self.black,
            "white_quantile": self.white,
            "saturation": self.saturation,
        }
        said = [f"{key}={value}" for key, value in wishes.items() if value is not None]
        return ":".join(filter(None, (name, ",".join(filter(None, (given, *said))))))
