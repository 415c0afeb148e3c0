"""What an operator promises, and the slot's registry."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from indistack.catalogue import SkyField
from indistack.enhance.looks import AUTO, LOOKS, WHOLE_RANGE
from indistack.errors import SettingsError
from indistack.numerics.statistics import robust_sigmas
from indistack.picture.linear import StackPicture, grid_of
from indistack.registry import Registry
from indistack.settings import Settings, validate, words_to_values
from indistack.values.frame import FloatArray


class Operator(Protocol):
    """One step from linear ADU to a picture for people.

    One with arguments has a `settings` class of its own, whose fields are the arguments in their order, and is made
    with an instance of it: ``"asinh:3"``.

    Attributes
    ----------
    balances_colour : bool
        It decides which colours are white: left out where colours stand for something else.
    whitens : bool
        After it the colours are right, but for what was clipped.
    reshapes : bool
        Its result may have another shape, and be a view.
    moves : bool
        What is seen lies elsewhere in its result.
    shows : bool
        Its result is a picture of 0 to 1.
    works_in : int
        So many pictures of the size it takes while it works, its result among them.
    """

    balances_colour: ClassVar[bool] = False
    whitens: ClassVar[bool] = False
    reshapes: ClassVar[bool] = False
    moves: ClassVar[bool] = False
    shows: ClassVar[bool] = False
    works_in: ClassVar[int] = 2

    def __call__(self, picture: FloatArray) -> FloatArray:
        """``(h, w)`` or ``(h, w, 3)`` float32 -> the same shape, a new array; NaN stays NaN and enters no statistic."""


class SkyOperator(Operator):
    """An operator that goes by where the picture is on the sky, as far as that is known.

    Attributes
    ----------
    sky : SkyField or None
        Where the picture is that it gets next, and what is known there; to be set before.
    """

    sky: SkyField | None = None


Measures = tuple[FloatArray, ...]
"""What an operator found in a picture and goes by; no measures: it leaves the picture as it is."""


class MeasuringOperator(Operator):
    """An operator that goes by what it finds in the picture, so that a live picture can be eased from one to the next.

    Attributes
    ----------
    eased : tuple of bool
        Of each of the measures, whether it moves by a part of a change at a time; the others follow at once.
    """

    eased: ClassVar[tuple[bool, ...]]

    def __call__(self, picture: FloatArray) -> FloatArray:
        """See `Operator`."""
        return self.applied(picture, self.measure(picture))

    def applied(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """Return what the operator makes of a picture; see `Operator`.

        Parameters
        ----------
        picture : array
            ``(h, w)`` or ``(h, w, 3)`` float32; NaN is not covered; unchanged.
        measures : Measures
            What to go by: those of this picture or of earlier ones.

        Returns
        -------
        array
            New, float32, NaN where the picture is.
        """
        return self.apply(picture, measures) if measures else picture.copy()

    @abstractmethod
    def measure(self, picture: FloatArray) -> Measures:
        """Look at a picture ``(h, w)`` or ``(h, w, 3)``, float32; NaN is not covered; unchanged."""

    @abstractmethod
    def apply(self, picture: FloatArray, measures: Measures) -> FloatArray:
        """Make the new picture, where there are measures; see `applied`.

        Parameters
        ----------
        picture : array
            ``(h, w)`` or ``(h, w, 3)`` float32; NaN is not covered; unchanged.
        measures : Measures
            What to go by, not empty.

        Returns
        -------
        array
            New, float32, NaN where the picture is.
        """


OPERATORS: Registry[Operator] = Registry("picture.operators")


def operator_of(word: str) -> Operator:
    """Return the operator that a word of the settings means.

    Parameters
    ----------
    word : str
        Its name; then, after a colon, its arguments, separated by commas: values in the order of its settings, or
        ``key=value``. Values are read as TOML where that is possible.

    Raises
    ------
    SettingsError
        No such operator, or arguments that are none of its.
    """
    name, _, text = word.partition(":")
    kind = OPERATORS.get(name.strip())
    given = [part.strip() for part in text.split(",")] if text.strip() else []
    own: type[Settings] | None = getattr(kind, "settings", None)
    if own is None:
        if given:
            raise SettingsError([f"{word!r}: {name} takes no arguments"])
        return kind()
    fields = list(own.model_fields)
    if len(given) > len(fields):
        raise SettingsError([f"{word!r}: {name} takes at most {len(fields)} arguments: {', '.join(fields)}"])
    pairs = [part if "=" in part else f"{field}={part}" for field, part in zip(fields, given, strict=False)]
    return kind(validate(own, words_to_values(pairs)))  # type: ignore[call-arg]


def shown_by(words: Sequence[str]) -> list[str]:
    """Return operators that make a picture: those that are given, and where none of them does so, its whole range.

    Parameters
    ----------
    words : sequence of str
        Operators and looks; see `operator_of`.
    """
    named = (word.partition(":")[0].strip() for word in words)
    done = any(name in (AUTO, *LOOKS) or (name in OPERATORS and OPERATORS.get(name).shows) for name in named)
    return list(words) if done else [*words, WHOLE_RANGE]


def channels_of(picture: FloatArray) -> FloatArray:
    """``(h, w)`` or ``(h, w, c)`` -> view ``(h, w, c)``."""
    return picture if picture.ndim == 3 else picture[..., np.newaxis]


def sample(picture: FloatArray) -> npt.NDArray[Any]:
    """``(n, c)`` pixels on a regular grid over the picture, without those that are not finite."""
    planes = channels_of(picture)
    points = grid_of(StackPicture(planes)).reshape(-1, planes.shape[2])
    return points[np.isfinite(points).all(axis=1)]


def median_and_sigma(values: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Median and MADN of each column of ``(n, c)`` values; zeros where there are none."""
    if len(values) == 0:
        return np.zeros(values.shape[1], np.float32), np.zeros(values.shape[1], np.float32)
    median = np.median(values, axis=0)
    sigma = robust_sigmas(values, median)
    return median.astype(np.float32), sigma.astype(np.float32)
