"""Star patterns: the default aligner."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from indistack.align.base import ALIGNERS, AlignSettings
from indistack.align.field import Field, IntArray, field_of
from indistack.align.models import apply
from indistack.align.search import Proposals, from_triangles, shifted
from indistack.align.triangles import all_triangles, local_triangles
from indistack.align.verify import WIDEST_PX, Match, Verifier
from indistack.errors import RegistrationError
from indistack.frame import DoubleArray, Scene, Transform

LOG10_CHANCE = -7.0
"""An accepted match arises by chance in one of ten million unrelated fields."""
CERTAIN_SHARE = 0.3
"""A match of less than this share of the stars is compared with what the other ways of looking find."""
LEAST_EXTENT = 0.5
WORST_CORNER_PX = 1.0
"""A transform that is known worse than this at a corner is none."""
STILL_PX = 0.7
"""Nearer to the identity than this at all corners, a match may rest on hot pixels that stand still."""
STILL_SHARE = 0.4
"""Share of all stars that must agree before a field is believed to have stood still."""
SURELY_STILL_SHARE = 0.7
BRIGHT_SHARE, MISSED_SHARE = 0.75, 0.01
HOT_PIXEL_FWHM_PX = 1.5
"""Nothing that is wider is a single pixel."""
POINT_LIKE = 0.8
"""Narrower than this, in units of the others, points that stand still are no stars."""

FEW_STARS = 150
FINALISTS, SAME_PX = 3, 3.0
GLOBAL_STARS = (22, 38)
LOCAL_STARS, LOCAL_NEIGHBOURS = 240, 8


@ALIGNERS.register("asterism")
class Asterism:
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
        start = np.eye(3) if guess is None else np.asarray(guess.matrix, np.float64)
        best = self._best(ours, theirs, start)
        return Transform(best.matrix, len(best), best.rms_px)

    def _require_stars(self, sub: Field, reference: Field) -> None:
        least = min(len(sub), len(reference))
        if least < self._settings.min_matched:
            numbers = {"stars": len(sub), "reference_stars": len(reference), "limit": self._settings.min_matched}
            detail = f"{len(sub)} stars and {len(reference)} in the reference; {self._settings.min_matched} are needed"
            raise RegistrationError("too_few_stars", detail, numbers)

    def _best(self, sub: Field, reference: Field, start: DoubleArray) -> Match:
        """The match that the most stars agree on; one that moves beats one that stands still."""
        best, closest = self._search(sub, reference, start)
        if best is None:
            raise _no_match(closest, sub, reference)
        if not _stands_still(best, sub):
            return best
        on_stars = _rests_on_stars(best, sub, reference, self._settings.min_matched)
        if on_stars and best.share >= SURELY_STILL_SHARE:
            return best
        others = sub.without(best.sub), reference.without(best.reference)
        if min(map(len, others)) >= self._settings.min_matched:
            moving, _ = self._search(*others, start)
            if moving is not None and not _stands_still(moving, sub):
                return moving
        if on_stars:
            return best
        raise _fixed_pattern(best, sub, reference)

    def _search(self, sub: Field, reference: Field, start: DoubleArray) -> tuple[Match | None, Match | None]:
        """The best match of the first stage that has a sure one, else of all; and the one that came closest."""
        few, every = Verifier(sub.first(FEW_STARS), reference.first(2 * FEW_STARS)), Verifier(sub, reference)
        closest: Match | None = None
        good: list[Match] = []
        for proposals in _stages(sub, reference, start, self._settings.max_scale_change):
            found = self._verified(proposals, few, every)
            closest = min([m for m in (closest, *found) if m], key=lambda m: m.log10_chance, default=None)
            good += [match for match in found if self._accepts(match)]
            if any(match.share >= CERTAIN_SHARE for match in good):
                break
        return max(
            good, key=lambda m: (m.share >= CERTAIN_SHARE and not _stands_still(m, sub), -m.log10_chance), default=None
        ), closest

    def _verified(self, proposals: Proposals, few: Verifier, every: Verifier) -> list[Match]:
        """Verify on the bright stars first, the best of those on all."""
        tried = max(proposals.tried, 1000)
        radius = min(
            WIDEST_PX, max(4.0, math.sqrt(0.02 * every.reference.width * every.reference.height / len(few.reference)))
        )
        rough = [few.verify(matrix, tried, radius) for matrix in proposals.matrices]
        ranked = _distinct([m for m in rough if m is not None], every.sub)[:FINALISTS]
        fine = [every.verify(m.matrix, tried, max(3.0, 3 * m.rms_px), self._settings.model) for m in ranked]
        return [self._widened(m, every, tried) for m in fine if m is not None]

    def _widened(self, match: Match, every: Verifier, tried: int) -> Match:
        """The match, or a better one around it: a transform that is a little off matches the stars of one place."""
        if match.share >= CERTAIN_SHARE or not self._accepts(match):
            return match
        wider = every.verify(match.matrix, tried, WIDEST_PX, self._settings.model)
        return match if wider is None else min(match, wider, key=lambda m: m.log10_chance)

    def _accepts(self, match: Match) -> bool:
        scale = math.sqrt(abs(float(np.linalg.det(match.matrix[:2, :2]))))
        return (
            len(match) >= self._settings.min_matched
            and match.rms_px <= self._settings.max_rms_px
            and abs(scale - 1) <= self._settings.max_scale_change
            and match.log10_chance <= LOG10_CHANCE
            and match.corner_px <= WORST_CORNER_PX
            and match.extent >= LEAST_EXTENT
        )


def _fixed_pattern(still: Match, sub: Field, reference: Field) -> RegistrationError:
    numbers = {"stars": len(sub), "reference_stars": len(reference), "matched": len(still)}
    detail = f"only {len(still)} points that stand still on the sensor agree, as hot pixels do"
    return RegistrationError("fixed_pattern", detail, numbers)


def _no_match(closest: Match | None, sub: Field, reference: Field) -> RegistrationError:
    numbers: dict[str, float | int | str] = {"stars": len(sub), "reference_stars": len(reference)}
    if closest is not None:
        numbers |= {"matched": len(closest), "rms_px": closest.rms_px, "log10_chance": closest.log10_chance}
    return RegistrationError("no_match", "no pattern of stars agrees better than chance would", numbers)


def _stages(sub: Field, reference: Field, start: DoubleArray, max_scale_change: float) -> Iterator[Proposals]:
    """Proposals, the cheapest first."""
    yield shifted(start, sub, reference)
    for count in GLOBAL_STARS:
        ours, theirs = sub.first(count), reference.first(count)
        shapes = all_triangles(ours.xy), all_triangles(theirs.xy)
        yield from_triangles(sub.first(LOCAL_STARS), reference.first(LOCAL_STARS), shapes, max_scale_change)
    ours, theirs = sub.first(LOCAL_STARS), reference.first(LOCAL_STARS)
    shapes = local_triangles(ours.xy, LOCAL_NEIGHBOURS), local_triangles(theirs.xy, LOCAL_NEIGHBOURS)
    yield from_triangles(ours, theirs, shapes, max_scale_change)


def _distinct(matches: list[Match], sub: Field) -> list[Match]:
    """The matches, the least likely by chance first, without those that say the same as one before."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: m.log10_chance):
        if all(_corners_apart_px(match.matrix, other.matrix, sub) > SAME_PX for other in kept):
            kept.append(match)
    return kept


def _corners_apart_px(one: DoubleArray, other: DoubleArray, sub: Field) -> float:
    corners = sub.corners()
    return float(np.abs(apply(one, corners) - apply(other, corners)).max())


def _stands_still(match: Match, sub: Field) -> bool:
    return _corners_apart_px(match.matrix, np.eye(3), sub) < STILL_PX


def _rests_on_stars(match: Match, sub: Field, reference: Field, least: int) -> bool:
    """Tell whether a match that stands still rests on stars.

    Hot pixels lie on pixel centres and stars anywhere, but those of some simulators lie there too: then they must be
    wider than a pixel, and hardly a bright star may lie elsewhere in either frame. Where only some of the points stand
    still, those that move must not be the wider ones.
    """
    free = ~(sub.centred[match.sub] & reference.centred[match.reference])
    width = np.median(sub.fwhm[match.sub])
    if 2 * free.sum() < len(match):
        whole = _misses_no_bright(match.sub, sub) and _misses_no_bright(match.reference, reference)
        return bool(width >= HOT_PIXEL_FWHM_PX and whole)
    others = min((~sub.centred).sum(), (~reference.centred).sum())
    if free.sum() < max(least, STILL_SHARE * others):
        return False
    moving = np.delete(sub.fwhm, match.sub)
    return bool(match.share >= SURELY_STILL_SHARE or len(moving) < least or width >= POINT_LIKE * np.median(moving))


def _misses_no_bright(matched: IntArray, field: Field) -> bool:
    """Tell whether next to none of the brighter points off the pixel centres is missing among those matched."""
    missing = ~field.centred
    missing[matched] = False
    bright = math.ceil(BRIGHT_SHARE * len(field))
    return bool(missing[:bright].sum() <= max(1, MISSED_SHARE * bright))
