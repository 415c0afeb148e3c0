"""What every aligner promises, its settings, and the table of aligners."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from indistack.registry import Registry
from indistack.settings import Settings
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

ALIGNERS: Registry[Aligner] = Registry("align.method")


class AlignSettings(Settings):
    """How subs are aligned on the reference."""

    method: Annotated[str, ALIGNERS.choice()] = "auto"
    """Name of the aligner. ``auto`` looks at the reference: stars, a limb, a lone planet, or other detail."""
    against: Literal["reference", "previous"] = "reference"
    """What each sub is compared with. ``previous``, for scenes that change slowly: the sub stacked before it, and the
    transforms are chained; their small errors add up, as the square root of the number of subs at best."""
    reference: Literal["first", "best"] = "first"
    """Whose stars the others are compared with, at first. The stack's grid is always that of its first sub. ``first``:
    that one's, unless one of the next is twice as sharp (stars per square of their width); ``best``: the sharpest's."""
    reference_subs: int = Field(default=5, ge=1, le=100)
    """Among how many subs."""
    grow_reference: bool = True
    """Look for stars in the stack of these subs, of 4 times as many, and so on, and compare with those as well: faint
    fields become easier as the stack deepens."""
    faint_subs: int = Field(default=5, ge=0, le=20)
    """So many subs that show too few stars are tried together, along every steady drift that the stars may have had;
    from then on each new one together with those before it. 0 or 1: none."""
    model: Literal["auto", "similarity", "affine", "homography", "quadratic"] = "auto"
    """What the transform of ``asterism`` may do. ``similarity``: shift, rotate and scale; ``affine`` (12 stars): shear;
    ``homography`` (16): perspective; ``quadratic`` (24): a wide lens's distortion. With fewer stars a simpler one is
    taken. ``auto``: a similarity, unless the residuals demand more, by more than 0.1 px, of twice as many stars."""
    mirrored: bool | Literal["auto"] = False
    """Whether subs lie mirrored to the reference, as through other optics; ``auto`` tries both."""
    min_matched: int = Field(default=6, ge=4, le=1000)
    """Fewer stars in common are no match."""
    max_rms_px: float = Field(default=1.5, gt=0, le=20)
    """A larger rms of the matched stars is no match."""
    max_scale_change: float = Field(default=0.03, ge=0, lt=0.5)
    """How far the scale of a sub may lie from the reference's, as a share of it."""


class Aligner(Protocol):
    """Finds the transform from a sub to the reference.

    Deterministic: the same two scenes and guess give the same bits.

    Attributes
    ----------
    needs_luminance : bool
        It works on the picture: its scenes must come with their luminance.
    needs_stars : bool
        It works on stars: a sub that shows too few, or misshapen ones, is not worth aligning. Where it does not, such
        a sub may be a good one of another kind of scene.
    reason : str
        Why it is this one.
    """

    needs_luminance: ClassVar[bool] = False
    needs_stars: ClassVar[bool] = True

    reason: str = "chosen in the settings"

    def __init__(self, settings: AlignSettings) -> None: ...

    def for_reference(self, reference: Scene) -> Aligner:  # noqa: ARG002
        """Return the aligner that this reference is for: this one, unless it is one that chooses.

        Parameters
        ----------
        reference : Scene
            What later subs are aligned to.

        Returns
        -------
        Aligner
            May be this one.

        Raises
        ------
        RegistrationError
            Nothing can be aligned on this reference.
        """
        return self

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the transform.

        Parameters
        ----------
        sub, reference : Scene
            What is known of the two frames.
        guess : Transform or None
            Where to look first, such as the transform of the sub before; it is never trusted.

        Returns
        -------
        Transform
            Sub (x, y) -> reference (x, y), with the stars that agree and their rms.

        Raises
        ------
        RegistrationError
            There is none that could be stood for; the reason is a stable word.
        """
        ...
