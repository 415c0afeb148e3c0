"""From a stack to a picture: bin, crop, apply the operators, turn the right way up, round to 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from indistack.catalogue import SkyField, refined
from indistack.enhance.base import OPERATORS, MeasuringOperator, Operator, SkyOperator, operator_of
from indistack.enhance.clipped import whiten
from indistack.enhance.facts import PLAIN, PictureFacts
from indistack.enhance.looks import AUTO, SUITING, look_of
from indistack.enhance.memory import LookMemory
from indistack.enhance.picture_settings import PictureSettings
from indistack.enhance.places import binned_places, places_in
from indistack.enhance.scene import scene_of
from indistack.enhance.spare import leave, spare_pictures
from indistack.enhance.star_places import star_places
from indistack.enhance.strips import each_strip
from indistack.picture.clipped import enlarged
from indistack.picture.integration import Preview
from indistack.picture.linear import LinearPicture, binning_for
from indistack.values.frame import FloatArray, PixelArray


@spare_pictures()
def render(
    stack: LinearPicture,
    settings: PictureSettings,
    facts: PictureFacts = PLAIN,
    memory: LookMemory | None = None,
    fine: bool = False,
) -> Preview:
    """Make a picture of a stack.

    Parameters
    ----------
    stack : LinearPicture
        Pixels that are not covered become black and enter no statistic.
    settings : PictureSettings
        Operators and size.
    facts : PictureFacts
        What else is known of it.
    memory : LookMemory, optional
        Of the pictures before, where this is one of a live picture that grows; it is changed.
    fine : bool
        With 16 bits, too.

    Returns
    -------
    Preview
        Grey or RGB.
    """
    factor = binning_for(stack.shape, settings.max_side_px)
    stored = stack.binned(factor)
    picture = _as_seen(stored, facts)
    sky = facts.sky and _moved(facts.sky.moved(binned_places(factor)), partial(_part, facts=facts), stored)
    clipped = None
    if facts.clipped is not None and picture.ndim == 3 and not facts.false_colours:
        clipped = _as_seen(enlarged(facts.clipped, stored.shape), facts)
    if memory is not None:
        memory.see(picture)
    sky = sky and _true_place(sky, picture, memory)
    for place, word in enumerate(words_for(settings, picture, facts, memory)):
        operator = operator_of(settings.wished(word))
        if facts.false_colours and operator.balances_colour:
            continue
        if isinstance(operator, SkyOperator):
            operator.sky = sky
        make = _made_by(place, operator, picture, memory)
        if sky is not None and operator.moves:
            sky = _moved(sky, make, picture)
        before, picture = picture, make(picture)
        leave(before, picture)
        if clipped is not None and operator.moves:
            clipped = make(clipped)
        elif clipped is not None and operator.whitens:
            whiten(picture, clipped)
    return Preview(rounded(picture, np.uint8), rounded(picture, np.uint16) if fine else None, sky)


def words_for(
    settings: PictureSettings, picture: FloatArray, facts: PictureFacts = PLAIN, memory: LookMemory | None = None
) -> list[str]:
    """Return the operators that make a picture, looks taken apart.

    Parameters
    ----------
    settings : PictureSettings
        What is wanted.
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32, linear; looked at where the look is to suit it.
    facts : PictureFacts
        What else is known of it.
    memory : LookMemory, optional
        A look that was taken before is kept for a while.
    """
    words: list[str] = []
    for word in settings.operators:
        look = _auto_look(picture, facts.body, memory) if word == AUTO else word
        words += settings.looks.get(look) or look_of(look, facts.white_balance) or [word]
    return words


def _auto_look(picture: FloatArray, body: bool, memory: LookMemory | None) -> str:
    """Return the look that suits a picture; that of the pictures before it, where these were much like it."""
    if memory is None:
        return scene_of(picture, body)
    return memory.kept_look or memory.look(scene_of(picture, body))


def most_works_in(settings: PictureSettings, operators: Sequence[str] | None = None) -> int:
    """Return how many pictures of the size the hungriest operator takes; see `Operator`.

    Parameters
    ----------
    settings : PictureSettings
        Operators, and what looks are made of.
    operators : sequence of str, optional
        Those of one stack, instead.
    """
    words = settings.operators if operators is None else operators
    looks = [look for word in words for look in (SUITING if word == AUTO else [word])]
    steps = [step for look in looks for step in settings.looks.get(look) or look_of(look) or [look]]
    return max((OPERATORS.get(step.partition(":")[0].strip()).works_in for step in steps), default=0)


def rounded(picture: FloatArray, dtype: type[np.uint8 | np.uint16]) -> PixelArray:
    """Round a picture to 8 or 16 bits.

    Parameters
    ----------
    picture : array
        ``(h, w)`` or ``(h, w, 3)`` float32, 0 to 1; beyond that it is clipped, NaN becomes 0; unchanged.
    dtype : type
        uint8 or uint16.

    Returns
    -------
    array
        Of the same shape, new.
    """
    result = np.empty(picture.shape, dtype)
    full, depth = np.iinfo(dtype).max, cv2.CV_8U if dtype is np.uint8 else cv2.CV_16U

    def round_rows(rows: slice) -> None:
        result[rows] = cv2.addWeighted(picture[rows], full, picture[rows], 0, 0, dtype=depth)

    each_strip(round_rows, picture)
    return result


def _made_by(
    place: int, operator: Operator, picture: FloatArray, memory: LookMemory | None
) -> Callable[[FloatArray], FloatArray]:
    """Return what makes the next picture of one, by what is found in it or was found before."""
    if not isinstance(operator, MeasuringOperator):
        return operator
    found = operator.measure(picture) if memory is None else memory.measured(place, operator, picture)
    return partial(operator.applied, measures=found)


def _true_place(sky: SkyField, picture: FloatArray, memory: LookMemory | None) -> SkyField:
    """Return where a picture is by its stars, where the catalogue has them; headers tell it roughly."""
    if len(sky.catalogue.stars) == 0:
        return sky

    def find() -> SkyField:
        return refined(sky, star_places(picture), picture.shape)

    return find() if memory is None else memory.located(sky, picture.shape, find)


def _moved(sky: SkyField, make: Callable[[FloatArray], FloatArray], picture: FloatArray) -> SkyField | None:
    """Return where the pixels of what is made of a picture are on the sky; None where that cannot be told."""
    matrix = places_in(make, picture.shape)
    return None if matrix is None else sky.moved(matrix)


def _as_seen(stored: FloatArray, facts: PictureFacts) -> FloatArray:
    return np.ascontiguousarray(_part(stored, facts), np.float32)


def _part(stored: FloatArray, facts: PictureFacts) -> FloatArray:
    """Return the part of a picture that is shown, the right way up, a view."""
    part = facts.shown.of(stored)
    return _upright(part[::-1] if facts.bottom_up else part, facts.orientation)


def _upright(picture: PixelArray, orientation: int) -> PixelArray:
    """Turn and mirror a picture so that its EXIF orientation becomes 1."""
    if orientation >= 5:
        picture = picture.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return picture[::-1] if orientation in (3, 4, 7, 8) else picture
