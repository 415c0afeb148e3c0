"""Star lists of one field brought to one grid and joined, the list as a whole standing still."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from indistack.align.field import centroid_error_px
from indistack.align.model_choice import fit
from indistack.align.models import Fitted, place_errors
from indistack.align.neighbours import Neighbours, one_to_one
from indistack.values.frame import BoolArray, DoubleArray
from indistack.values.star_list import Scene, StarList
from indistack.values.transform import Transform

IntArray = npt.NDArray[np.intp]
GRID_PX, SIGMAS = 0.02, 3.0
"""How far the stack's stars may lie from those known before, as a whole: no farther than this or their own errors."""
LEAST_PAIRS, LEAST_SHARE = 5, 0.5
"""How many of the stars known before the stack must show, also as a share of the unsaturated."""
PAIR_FWHM = 0.5
"""Nearer than this (FWHM) two stars are one."""
APART_FWHM = 1.5
"""A star of the stack that is nearer to a known one is a part of it, or of a pair that was not resolved."""


def mapped(stars: StarList, transform: Transform) -> StarList:
    """Return stars at their places after a transform, their widths and longer axes changed with them.

    Parameters
    ----------
    stars : StarList
        In the px of the sub; unchanged.
    transform : Transform
        Sub -> reference.

    Returns
    -------
    StarList
        In the px of the reference, in the same order; fluxes are the same.
    """
    ends = stars.xy + np.column_stack([np.cos(stars.angle), np.sin(stars.angle)])
    places = transform.apply(stars.xy)
    dx, dy = (transform.apply(ends) - places).T
    angle = (np.arctan2(dy, dx) + np.pi / 2) % np.pi - np.pi / 2
    scale = abs(float(np.linalg.det(transform.matrix[:2, :2]))) ** 0.5
    return replace(
        stars, x=places[:, 0], y=places[:, 1], angle=angle, fwhm=scale * stars.fwhm, hfr=scale * stars.hfr
    )  # fmt: skip


def merged(known: StarList, found: StarList, grid: Scene) -> StarList | None:
    """Join the stars of a stack with those known before.

    The found ones are laid on the known ones by a similarity, so that the list as a whole never moves. A star of both
    takes the place that is known better; a star that was saturated once stays so; the rest of both is kept.

    Parameters
    ----------
    known, found : StarList
        In px of the reference and of the stack, ADU; unchanged.
    grid : Scene
        The reference: gives its size.

    Returns
    -------
    StarList or None
        Brightest first, in the px and ADU of `known`. None where the two do not show the same stars at the same
        places.
    """
    ours, theirs = _pairs(found, known)
    clear = ~(found.saturated[ours] | known.saturated[theirs])
    if clear.sum() < max(LEAST_PAIRS, LEAST_SHARE * (~known.saturated).sum()):
        return None
    error, known_error = (centroid_error_px(list_.flux, list_.fwhm, list_.noise_adu) for list_ in (found, known))
    sigma = np.hypot(error[ours], known_error[theirs])[clear]
    fitted = fit(found.xy[ours[clear]], known.xy[theirs[clear]], sigma, "similarity")
    if not _is_steady(fitted, found.xy[ours[clear]], grid):
        return None
    scale = float(np.median(known.flux[theirs[clear]] / found.flux[ours[clear]]))
    laid = _in_adu_of(known, mapped(found, fitted.transform), scale)
    better = error[ours] < known_error[theirs]
    laid = replace(laid, saturated=_with(laid.saturated, ours[better], known.saturated[theirs[better]]))
    new = np.concatenate([ours[better], np.flatnonzero(_is_apart(laid, known))])
    kept = np.delete(np.arange(len(known)), theirs[better])
    return _brightest_first(inside(_joined(laid.take(new), known.take(kept)), grid))


def _pairs(found: StarList, known: StarList) -> tuple[IntArray, IntArray]:
    """Which stars are the same: indices in the two lists."""
    radius = PAIR_FWHM * _usual_fwhm(known)
    i, j, _ = Neighbours(known.xy, radius).within(found.xy, radius)
    mutual = one_to_one(i, j)
    return i[mutual], j[mutual]


def _is_apart(found: StarList, known: StarList) -> BoolArray:
    """Tell which of the found stars lie near no known one."""
    radius = APART_FWHM * _usual_fwhm(known)
    i, _, _ = Neighbours(known.xy, radius).within(found.xy, radius)
    apart = np.ones(len(found), bool)
    apart[i] = False
    return apart


def _usual_fwhm(stars: StarList) -> float:
    return max(float(np.median(stars.fwhm)), 1.0) if len(stars) else 1.0


def _is_steady(fitted: Fitted, source: DoubleArray, grid: Scene) -> bool:
    """Tell whether a fit leaves the grid where it is: its centre and its corners."""
    right, bottom = grid.width - 1.0, grid.height - 1.0
    marks = np.array([[right / 2, bottom / 2], [0, 0], [right, 0], [0, bottom], [right, bottom]])
    moved = np.hypot(*(fitted.transform.apply(marks) - marks).T)
    limit = np.maximum(GRID_PX, SIGMAS * place_errors(fitted, source, marks))
    return bool((moved <= limit).all())


def _in_adu_of(known: StarList, found: StarList, scale: float) -> StarList:
    return replace(
        found, flux=scale * found.flux, noise_adu=scale * found.noise_adu, background_adu=known.background_adu
    )  # fmt: skip


def _with(flags: BoolArray, index: IntArray, also: BoolArray) -> BoolArray:
    """The flags, those of `index` also set where `also` is."""
    result = flags.copy()
    result[index] |= also
    return result


def _joined(one: StarList, other: StarList) -> StarList:
    """Both, with the sky of the first."""
    columns = [item.name for item in fields(StarList) if not item.name.endswith("_adu")]
    both: dict[str, Any] = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in columns}
    return replace(one, **both)


def _brightest_first(stars: StarList) -> StarList:
    return stars.take(np.argsort(-stars.flux, kind="stable"))


def inside(stars: StarList, grid: Scene) -> StarList:
    """Return those stars that lie in the frame.

    Parameters
    ----------
    stars : StarList
        In px of the frame; unchanged.
    grid : Scene
        The frame: gives its size.

    Returns
    -------
    StarList
        In the same order.
    """
    beyond = np.array([grid.width, grid.height]) - 0.5
    return stars.take(((stars.xy > -0.5) & (stars.xy < beyond)).all(axis=1))
