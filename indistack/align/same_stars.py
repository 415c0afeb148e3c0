"""Whether the bright stars of a sub are those of the reference, all over the picture and not in a part of it."""

from __future__ import annotations

import numpy as np

from indistack.align.neighbours import Neighbours
from indistack.errors import RegistrationError
from indistack.values.frame import DoubleArray
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

BRIGHTEST, LEAST_STARS = 30, 12
"""So many of each are looked for in the other; of fewer than the least nothing is said."""

REACH_PX = 5.0
"""As far as distortion and tracking may put a star."""

CERTAIN, FAINT_SHARE = 3.0, 0.2
"""Only stars that many times brighter than so many of the other's are looked for there: fainter ones come and go."""

MOST_MISSING = 0.25
"""Share of the brightest, both ways: a cloud takes stars away, defects add some; a picture that is torn apart, moved in
part or twice exposed has them elsewhere."""


def require_same_stars(sub: Scene, reference: Scene, transform: Transform) -> None:
    """Refuse a sub of which a part only lies where it should.

    Parameters
    ----------
    sub, reference : Scene
        Their stars, brightest first.
    transform : Transform
        Sub -> reference.

    Raises
    ------
    RegistrationError
        ``no_match``: of the brightest stars of either too many are missing in the other.
    """
    if min(len(sub.stars), len(reference.stars)) < LEAST_STARS:
        return
    there, back = transform.apply(sub.stars.xy), transform.back(reference.stars.xy)
    brighter = _brighter(there, sub, reference)
    strange, n_strange = _without_partner(there[sub.stars.flux > brighter * _certain(reference)], reference)
    lacking, n_lacking = _without_partner(back[reference.stars.flux * brighter > _certain(sub)], sub)
    if min(n_strange, n_lacking) < LEAST_STARS:
        return
    if min(strange / n_strange, lacking / n_lacking) > MOST_MISSING:
        detail = (
            f"{strange} of its {n_strange} brightest stars are none of the reference, and {lacking} of the reference's"
            f" {n_lacking} are missing: parts of it lie elsewhere"
        )
        raise RegistrationError("no_match", detail, {"strange": strange, "lacking": lacking})


def _brighter(there: DoubleArray, sub: Scene, reference: Scene) -> float:
    """Return how many times brighter the sub's stars are than the reference's."""
    index, neighbour, _ = Neighbours(reference.stars.xy, REACH_PX).within(there, REACH_PX)
    return float(np.median(sub.stars.flux[index] / reference.stars.flux[neighbour])) if len(index) else 1.0


def _certain(scene: Scene) -> float:
    """Return the flux (ADU) above which a star is certainly among those that were found."""
    return CERTAIN * float(np.quantile(scene.stars.flux, FAINT_SHARE))


def _without_partner(xy: DoubleArray, other: Scene) -> tuple[int, int]:
    """Count the brightest points within the other frame, and those of them that are near none of its stars."""
    inside = ((xy >= 0) & (xy <= (other.width - 1, other.height - 1))).all(axis=1)
    bright = xy[inside][:BRIGHTEST]
    met, _, _ = Neighbours(other.stars.xy, REACH_PX).within(bright, REACH_PX)
    return len(bright) - len(np.unique(met)), len(bright)
