"""What a stack method promises, and the registry of the slot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from indistack.errors import StackError
from indistack.picture.integration import Integration
from indistack.raster.tiles import Cube, Tile
from indistack.registry import Registry
from indistack.settings import Settings

S = TypeVar("S", bound=np.generic)

Light = Literal["kept", "summed", "lost"]
"""What a method makes of the light of the subs, see `StackMethod`."""

Planes = Mapping[str, npt.NDArray[Any]]
"""Arrays of a stack's state by name, each ``(height, width)`` or ``(height, width, channels)``, writable."""


class MethodSettings(Settings):
    """How the values of one pixel are combined; each method reads what concerns it."""

    kappa_low: float = Field(default=3.0, gt=0)
    """``sigma_clip``: values further below the pixel's mean than that many standard deviations never enter."""
    kappa_high: float = Field(default=3.0, gt=0)
    """The same above."""
    winsorize: bool = False
    """``sigma_clip``: such values are moved to the limit and count, instead of never entering."""
    opening: int = Field(default=5, ge=3, le=25)
    """Methods that reject: so many first subs are kept and combined robustly; later ones are compared with them."""
    by: Literal["luminance", "channel"] = "luminance"
    """``minimum``, ``maximum``, ``trails``: take all colours of the sub whose mean of the colours is the least or the
    greatest, or each colour from its own sub."""
    ground_line: float = Field(default=1.0, ge=0, le=1)
    """``trails``: rows from that share of the height on are ground, counted from the first row as it is stored."""
    ground_mask: Path | None = Field(default=None, strict=False)
    """``trails``: a picture of the stack's proportions that is bright where the ground is; instead of the line."""
    fade: float = Field(default=1.0, ge=0, le=1)
    """``trails``: what stays of a trail's light over the sky with every further sub. 0.95 makes it a comet's tail that
    ends at the star's last place; 1 keeps all."""
    ground_scale: float = Field(default=1.0, gt=0)
    """``trails``: the ground is shown so much brighter."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Size and kind of a stack.

    Attributes
    ----------
    height, width : int
        Of the grid (px).
    channels : int
        1 or 3.
    full_scale_adu : float
        The value that counts as 1 where a method is defined for values of 0 to 1.
    own_weights : bool
        Every channel has a weight of its own (drizzle): tiles may come with weights ``(h, w, channels)``.
    """

    height: int
    width: int
    channels: int = 1
    full_scale_adu: float = 65535.0
    own_weights: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the pixels."""
        return (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)


@dataclass(slots=True)
class Tally:
    """What has been counted: subs, and their summed exposure."""

    n_subs: int = 0
    exposure_s: float = 0.0


class StackMethod(Protocol):
    """State of one stack, updated one tile of one sub at a time.

    `update` and `combine` are called from several threads with boxes that never overlap within one sub; `count` once
    after each sub. Reading changes nothing. The whole state is `planes`, `tally`, and what was given at the beginning:
    who copies these into a new stack of the same extent continues it.

    Attributes
    ----------
    opening : int
        So many first subs are given again with each further one, all at once, to `combine`; only then `update` is
        called. 0: there is nothing to combine.
    can_remove : bool
        `remove` takes a sub out again.
    approximates : bool
        What `update` makes is near what it is meant to be, and only `combine` makes it exactly.
    takes_own_weights : bool
        Every channel may have a weight of its own (drizzle).
    light : str
        What becomes of the light of one sub with further ones: "kept" as in a mean, "summed", or "lost" where what is
        left says nothing of a signal.
    ordered : str
        Why the order of the subs matters, "" where it does not.
    tally : Tally
        Subs and exposure so far.
    """

    opening: int
    can_remove: ClassVar[bool] = False
    approximates: ClassVar[bool] = False
    takes_own_weights: ClassVar[bool] = False
    light: ClassVar[Light] = "kept"
    ordered: str = ""
    tally: Tally

    def __init__(self, extent: Extent, settings: MethodSettings) -> None:
        """Begin an empty stack."""

    def update(self, tile: Tile) -> int:
        """Take one tile of a sub; values that are not finite never enter. Return how many pixels were rejected.

        Parameters
        ----------
        tile : Tile
            ``(h, w)`` or ``(h, w, 3)`` float32, ADU, with its weight; unchanged. NaN and inf never enter.

        Returns
        -------
        int
            Pixels that were rejected.
        """

    def combine(self, cube: Cube) -> npt.NDArray[np.intp]:
        """Set a box anew from all subs at once; return how many pixels of each sub were rejected, ``(n,)``.

        Parameters
        ----------
        cube : Cube
            ``(n, h, w)`` or ``(n, h, w, 3)`` float32, ADU, of all subs; scratch, may be changed.

        Returns
        -------
        array
            ``(n,)`` intp, pixels of each sub that were rejected.
        """

    def remove(self, tile: Tile) -> None:
        """Take out one tile of a sub that was added with the same pixels and weight.

        Parameters
        ----------
        tile : Tile
            With the same pixels and weight as when it was added.
        """

    def count(self, exposure_s: float, subs: int = 1) -> None:
        """One sub is complete, or (-1) has been removed."""

    def merge(self, other: Self) -> None:
        """Add another stack's state; afterwards this is the stack of both.

        Raises
        ------
        StackError
            Another shape, or a method that cannot be merged; this stack is left as it was.
        """

    def planes(self) -> Planes:
        """Return the state itself, not copies."""

    def integration(self) -> Integration:
        """Return read-only views of the state, without copies where that is possible.

        Returns
        -------
        Integration
            ``(h, w)`` or ``(h, w, 3)`` float32, ADU; pixels that no sub covers have weight 0.
        """


def require_same_shape(mine: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Raise `StackError` when two stacks cannot be merged."""
    if mine != other:
        raise StackError(f"cannot merge a stack of shape {other} into one of shape {mine}")


def read_only(array: npt.NDArray[S]) -> npt.NDArray[S]:
    """Return a view of the array that cannot be written through; no copy."""
    view = array.view()
    view.flags.writeable = False
    return view


METHODS: Registry[StackMethod] = Registry("stack.method")
