"""Star patterns: the default aligner."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from indistack.align.base import ALIGNERS, Aligner, AlignSettings
from indistack.align.field import StarField, field_of
from indistack.align.models import mirrored
from indistack.align.search import Proposals, from_triangles, shifted
from indistack.align.still import (
    SURELY_STILL_SHARE,
    corners_apart_px,
    nothing_moved,
    rests_between_pixels,
    stands_still,
)
from indistack.align.triangles import all_triangles, local_triangles
from indistack.align.verify import WIDEST_PX, GeometricMatch, Verifier
from indistack.errors import RegistrationError
from indistack.values.star_list import Scene
from indistack.values.transform import Transform

LOG10_CHANCE = -7.0
"""An accepted match arises by chance in one of ten million unrelated fields."""
CERTAIN_SHARE = 0.3
"""A match of less than this share of the stars is compared with what the other ways of looking find."""
NEARLY_ALL = 0.75
"""Share of the stars that are matched, above which it counts how near they lie to their partners."""
LEAST_EXTENT = 0.5
WORST_CORNER_PX = 1.0
"""A transform that is known worse than this at a corner is none."""

FEW_STARS = 150
FINALISTS, SAME_PX = 3, 3.0
LEAST_TRIED = 1000
GLOBAL_STARS = (22, 38)
LOCAL_STARS, LOCAL_NEIGHBOURS = 240, 8


@ALIGNERS.register("asterism")
class Asterism(Aligner):
    """Matches patterns of stars: any shift and rotation, a meridian flip, a small change of scale."""

    def __init__(self, settings: AlignSettings) -> None:
        self._settings = settings

    def register(self, sub: Scene, reference: Scene, guess: Transform | None) -> Transform:
        """Find the transform; see `Aligner`.

        Raises
        ------
        RegistrationError
            ``too_few_stars``: one of the two has fewer than `min_matched`. ``fixed_pattern``: only what stands still on
            the sensor agrees. ``no_match``: nothing agrees better than chance would.
        """
        ours, theirs = field_of(sub), field_of(reference)
        self._require_stars(ours, theirs)
        refusals = []
        for mirror in self._hands(guess):
            try:
                return self._aligned(ours, theirs, guess, mirror)
            except RegistrationError as refusal:
                refusals.append(refusal)
        raise refusals[0]

    def _hands(self, guess: Transform | None) -> list[bool]:
        """Which ways round to look at the sub, mirrored (True) or not: the way it was before first."""
        if self._settings.mirrored != "auto":
            return [self._settings.mirrored]
        before = guess is not None and _is_mirrored(guess)
        return [before, not before]

    def _aligned(self, sub: StarField, reference: StarField, guess: Transform | None, mirror: bool) -> Transform:
        known = guess is not None and _is_mirrored(guess) == mirror
        start = guess if guess is not None and known else Transform.identity()
        if not mirror:
            return self._best(sub, reference, start).transform
        best, closest = self._search(sub.mirrored(), reference, mirrored(start, sub.width) if known else start)
        if best is None:
            raise _no_match(closest, sub, reference)
        return mirrored(best.transform, sub.width)

    def _require_stars(self, sub: StarField, reference: StarField) -> None:
        least = min(len(sub), len(reference))
        if least < self._settings.min_matched:
            numbers = {"stars": len(sub), "reference_stars": len(reference), "limit": self._settings.min_matched}
            detail = f"{len(sub)} stars and {len(reference)} in the reference; {self._settings.min_matched} are needed"
            raise RegistrationError("too_few_stars", detail, numbers)

    def _best(self, sub: StarField, reference: StarField, start: Transform) -> GeometricMatch:
        """The match that the most stars agree on; one that moves beats one that stands still."""
        best, closest = self._search(sub, reference, start)
        if best is None:
            raise _no_match(closest, sub, reference)
        if not stands_still(best, sub):
            return best
        least = self._settings.min_matched
        on_stars = rests_between_pixels(best, sub, reference, least)
        if on_stars and best.share >= SURELY_STILL_SHARE:
            return best
        others = sub.without(best.sub), reference.without(best.reference)
        if min(map(len, others)) >= least:
            moving, _ = self._search(*others, start, moving=True)
            if moving is not None:
                return moving
        if on_stars or nothing_moved(best, sub, reference, start):
            return best
        raise _fixed_pattern(best, sub, reference)

    def _search(
        self, sub: StarField, reference: StarField, start: Transform, moving: bool = False
    ) -> tuple[GeometricMatch | None, GeometricMatch | None]:
        """The best match of the first stage that has a sure one, else of all; and the one that came closest.

        With `moving` none that stands still is good.
        """
        few, every = Verifier(sub.first(FEW_STARS), reference.first(2 * FEW_STARS)), Verifier(sub, reference)
        closest: GeometricMatch | None = None
        good: list[GeometricMatch] = []
        for proposals in _stages(sub, reference, start, self._settings.max_scale_change):
            found = self._verified(proposals, few, every)
            closest = min([m for m in (closest, *found) if m], key=lambda m: m.log10_chance, default=None)
            good += [m for m in found if self._accepts(m) and not (moving and stands_still(m, sub))]
            if any(match.share >= CERTAIN_SHARE for match in good):
                break
        return max(good, key=lambda m: (_is_certain(m, sub), -m.log10_chance), default=None), closest

    def _verified(self, proposals: Proposals, few: Verifier, every: Verifier) -> list[GeometricMatch]:
        """Verify on the bright stars first, the best of those on all."""
        tried = max(proposals.tried, LEAST_TRIED)
        rough = self._rough(proposals.transforms, few, tried)
        ranked = _distinct(rough, every.sub)[:FINALISTS]
        fine = [every.verify(m.transform, tried, max(3.0, 3 * m.rms_px), self._settings.model) for m in ranked]
        return [self._widened(m, every, tried) for m in fine if m is not None]

    def _rough(self, transforms: list[Transform], few: Verifier, tried: int) -> list[GeometricMatch]:
        """Matches of the bright stars: of all proposals, or of the first that is beyond doubt."""
        area = few.reference.width * few.reference.height
        radius_px = min(WIDEST_PX, max(4.0, math.sqrt(0.02 * area / len(few.reference))))
        matches = []
        for transform in transforms:
            match = few.verify(transform, tried, radius_px)
            if match is None:
                continue
            if self._accepts(match) and _is_certain(match, few.sub):
                return [match]
            matches.append(match)
        return matches

    def _widened(self, match: GeometricMatch, every: Verifier, tried: int) -> GeometricMatch:
        """The match, or a better one around it: a transform that is a little off matches the stars of one place."""
        if match.share >= CERTAIN_SHARE or not self._accepts(match):
            return match
        wider = every.verify(match.transform, tried, WIDEST_PX, self._settings.model)
        return match if wider is None else min(match, wider, key=lambda m: m.log10_chance)

    def _accepts(self, match: GeometricMatch) -> bool:
        scale = math.sqrt(abs(float(np.linalg.det(match.transform.matrix[:2, :2]))))
        return (
            len(match) >= self._settings.min_matched
            and match.rms_px <= self._settings.max_rms_px
            and abs(scale - 1) <= self._settings.max_scale_change
            and _log10_chance(match) <= LOG10_CHANCE
            and match.corner_px <= WORST_CORNER_PX
            and match.extent >= LEAST_EXTENT
        )


def _log10_chance(match: GeometricMatch) -> float:
    """The chance of a match: of five stars that all agree, how near they lie to each other is the better evidence."""
    return match.log10_chance_as_near if match.share >= NEARLY_ALL else match.log10_chance


def _fixed_pattern(still: GeometricMatch, sub: StarField, reference: StarField) -> RegistrationError:
    numbers = {"stars": len(sub), "reference_stars": len(reference), "matched": len(still)}
    detail = f"only {len(still)} points that stand still on the sensor agree, as hot pixels do"
    return RegistrationError("fixed_pattern", detail, numbers)


def _no_match(closest: GeometricMatch | None, sub: StarField, reference: StarField) -> RegistrationError:
    numbers: dict[str, float | int | str] = {"stars": len(sub), "reference_stars": len(reference)}
    if closest is not None:
        numbers |= {"matched": len(closest), "rms_px": closest.rms_px, "log10_chance": closest.log10_chance}
    return RegistrationError("no_match", "no pattern of stars agrees better than chance would", numbers)


def _stages(sub: StarField, reference: StarField, start: Transform, max_scale_change: float) -> Iterator[Proposals]:
    """Proposals, the cheapest first."""
    yield shifted(start, sub, reference)
    for count in GLOBAL_STARS:
        ours, theirs = sub.first(count), reference.first(count)
        shapes = all_triangles(ours.xy), all_triangles(theirs.xy)
        yield from_triangles(sub.first(LOCAL_STARS), reference.first(LOCAL_STARS), shapes, max_scale_change)
    ours, theirs = sub.first(LOCAL_STARS), reference.first(LOCAL_STARS)
    shapes = local_triangles(ours.xy, LOCAL_NEIGHBOURS), local_triangles(theirs.xy, LOCAL_NEIGHBOURS)
    yield from_triangles(ours, theirs, shapes, max_scale_change)


def _distinct(matches: list[GeometricMatch], sub: StarField) -> list[GeometricMatch]:
    """The matches, the least likely by chance first, without those that say the same as one before."""
    kept: list[GeometricMatch] = []
    for match in sorted(matches, key=lambda m: m.log10_chance):
        if all(corners_apart_px(match.transform, other.transform, sub) > SAME_PX for other in kept):
            kept.append(match)
    return kept


def _is_certain(match: GeometricMatch, sub: StarField) -> bool:
    return match.share >= CERTAIN_SHARE and not stands_still(match, sub)


def _is_mirrored(transform: Transform) -> bool:
    return bool(np.linalg.det(transform.matrix[:2, :2]) < 0)
