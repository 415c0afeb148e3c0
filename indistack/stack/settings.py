"""The settings of a stack and of the further stacks that are made from the same subs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from indistack.picture.palette import PALETTE
from indistack.settings import Wanted
from indistack.stack.base import METHODS, MethodSettings

Palette = Annotated[
    str,
    Field(pattern=PALETTE),
    Wanted('"auto", "none", or the letters of three filters among R, G, B, H, O, S, an L before them or not', '"SHO"'),
]

Operators = Annotated[list[str], Wanted("a list of operators, as in picture.operators", '["neutral", "stf"]')]

Follow = Literal["stars", "comet", "camera"]

AUTO = "auto"
"""In place of a method: one is chosen when a stack begins."""


class BranchSettings(MethodSettings):
    """One stack of several that are made from the same subs."""

    method: Annotated[str, METHODS.choice()] = "mean"
    """Name of the stacking method."""
    follow: Literal["auto", "stars", "comet", "camera"] = "auto"
    """What stands still in the picture; ``camera``: subs are not moved at all; ``auto``: the comet for the method of
    that name, else the stars."""
    weight: Literal["noise", "quality", "equal"] | None = None
    """What a sub counts; by default as in `quality.weight`."""
    last: int = Field(default=0, ge=0)
    """Only so many newest subs; 0 = all."""
    every: int = Field(default=1, ge=1)
    """Take every so many-th sub only."""
    operators: Operators | None = None
    """How its picture is made; by default as in `picture.operators`."""

    @property
    def followed(self) -> Follow:
        """What stands still."""
        if self.follow == "auto":
            return "comet" if self.method == "comet" else "stars"
        return self.follow

    @model_validator(mode="after")
    def _can_forget(self) -> Self:
        if self.last and self.method != AUTO and not METHODS.get(self.method).can_remove:
            raise ValueError(f"last = {self.last}: {self.method} cannot take a sub out again")
        return self


class StackSettings(BranchSettings):
    """How subs are combined."""

    method: Annotated[str, METHODS.choice(AUTO)] = AUTO
    """Name of the stacking method. ``auto``: `sigma_clip`, which leaves satellites and cosmic rays out, where memory
    and time allow it at full resolution; else `mean`, and so it is with `drizzle`, with `last`, and where the camera
    stands still in the picture. Chosen when a stack begins, and kept as long as it lives; status and ledger tell."""
    palette: Palette = "auto"
    """Several filters: which of them make red, green and blue of the picture ``stack``, as ``RGB``, ``SHO``, ``HOO``;
    with an L before them, as ``LRGB``, luminance has a filter of its own. ``auto``: the first of LRGB, RGB, SHO and HOO
    that the filters allow. ``none``: the filter with the longest exposure, grey; so it is too where one is lacking."""
    jobs: int = Field(default=0, ge=0, le=64)
    """Threads; 0 = one per core."""
    nice: int = Field(default=5, ge=0, le=19)
    """Live: how far `run` and `watch` step back behind other programs, such as Ekos, as the command nice does."""
    max_memory_mb: float = Field(default=0, ge=0)
    """Memory that the program and its helpers may take; where full resolution needs more, the stack is made at half of
    it, at a quarter, then without further stacks. 0 = what the machine has."""
    keep_up: bool = True
    """Live: where subs come faster than they can be stacked, over several of them, let further stacks (`branches`) take
    every 2nd, 4th ... sub only, and begin the next stack at half the resolution; with time to spare, back again."""
    canvas: Literal["reference", "grow"] = "reference"
    """``grow``: the stack's grid grows where subs reach beyond the reference, as memory allows: a mosaic."""
    kernel: Literal["linear", "cubic", "lanczos"] = "cubic"
    """How a sub's pixels are interpolated."""
    drizzle: Literal[0, 1, 2] = 0
    """Drop each photosite on the stack's grid, without interpolation, at that scale; 0 = off."""
