"""Lets every matcher register the same pairs, and counts the right answers, the wrong ones and none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from comparison.matchers import Matcher, Matrix
from comparison.pairs import HEIGHT_PX, WIDTH_PX, Pair, make_pair
from comparison.table import format_table, number

# Six stars in both fields are what a matcher must be content with.
ENOUGH_STARS = 6
# A transform that is further off than this in a corner spoils a stack.
WRONG_PX = 1.0
CORNERS = np.array([[0, 0], [WIDTH_PX - 1, 0], [0, HEIGHT_PX - 1], [WIDTH_PX - 1, HEIGHT_PX - 1]], float)


@dataclass(frozen=True, slots=True)
class Try:
    """What a matcher made of one pair.

    Attributes
    ----------
    shared : int or None
        Stars in both fields; None for different fields.
    error_px : float or None
        At the worst corner; infinite where there was nothing to match; None without an answer.
    """

    shared: int | None
    error_px: float | None
    ms: float


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table: counts of pairs, errors of the right answers at the worst corner, time of all pairs.

    Attributes
    ----------
    pairs, right, none, wrong : int
        Of one field with at least `ENOUGH_STARS` in both; the last three sum up to the first.
    hard, hard_right, hard_wrong : int
        Of one field with fewer.
    unrelated, unrelated_wrong : int
        Pairs of different fields, and answers given to them.
    """

    name: str
    pairs: int = 0
    right: int = 0
    none: int = 0
    wrong: int = 0
    hard: int = 0
    hard_right: int = 0
    hard_wrong: int = 0
    unrelated: int = 0
    unrelated_wrong: int = 0
    error_median_px: float | None = None
    error_95_px: float | None = None
    ms_median: float | None = None
    ms_95: float | None = None
    note: str = ""


def compare_matchers(matchers: Sequence[Matcher], n_pairs: int) -> list[Score]:
    """Return a score for each matcher; those that are missing say so in it."""
    tries: dict[str, list[Try]] = {matcher.name: [] for matcher in matchers}
    present = [matcher for matcher in matchers if not matcher.missing()]
    for index in range(n_pairs):
        pair = make_pair(index)
        for matcher in present:
            tries[matcher.name].append(try_pair(matcher, pair))
    return [
        Score(matcher.name, note=f"skipped: {matcher.missing()}")
        if matcher.missing()
        else score(matcher.name, tries[matcher.name])
        for matcher in matchers
    ]


def try_pair(matcher: Matcher, pair: Pair) -> Try:
    """Let a matcher register one pair."""
    reference, sub = (exposure.pixels.astype(np.float32) for exposure in (pair.reference, pair.sub))
    matcher.set_reference(reference)
    begin_s = time.perf_counter()
    found = matcher.match(sub)
    ms = 1e3 * (time.perf_counter() - begin_s)
    shared = None if pair.truth is None else pair.shared
    return Try(shared, None if found is None else _corner_error(found, pair.truth), ms)


def _corner_error(found: Matrix, truth: Matrix | None) -> float:
    if truth is None:
        return float("inf")
    return float(np.hypot(*(_apply(found, CORNERS) - _apply(truth, CORNERS)).T).max())


def _apply(matrix: Matrix, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, w = matrix @ np.column_stack([xy, np.ones(len(xy))]).T
    return np.column_stack([x / w, y / w])


def score(name: str, tries: Sequence[Try]) -> Score:
    """Count one matcher's tries."""
    fair = [one for one in tries if one.shared is not None and one.shared >= ENOUGH_STARS]
    hard = [one for one in tries if one.shared is not None and one.shared < ENOUGH_STARS]
    unrelated = [one for one in tries if one.shared is None]
    errors = [one.error_px for one in fair if one.error_px is not None and one.error_px <= WRONG_PX]
    return Score(
        name,
        pairs=len(fair),
        right=len(errors),
        none=sum(one.error_px is None for one in fair),
        wrong=_wrong(fair),
        hard=len(hard),
        hard_right=sum(one.error_px is not None for one in hard) - _wrong(hard),
        hard_wrong=_wrong(hard),
        unrelated=len(unrelated),
        unrelated_wrong=_wrong(unrelated),
        error_median_px=_percentile(errors, 50),
        error_95_px=_percentile(errors, 95),
        ms_median=_percentile([one.ms for one in tries], 50),
        ms_95=_percentile([one.ms for one in tries], 95),
    )


def _wrong(tries: Sequence[Try]) -> int:
    return sum(one.error_px is not None and one.error_px > WRONG_PX for one in tries)


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


HEADS = (
    "",
    "pairs",
    "right",
    "none",
    "WRONG",
    "hard",
    "right",
    "WRONG",
    "unrelated",
    "WRONG",
    "px 50 %",
    "px 95 %",
    "ms 50 %",
    "ms 95 %",
    "",
)
LEGEND = f"""pairs: one field twice, {ENOUGH_STARS} stars or more in both; hard: fewer; unrelated: two fields.
WRONG: an answer more than {WRONG_PX:g} px off in a corner, or any answer to unrelated fields.
px: the right answers' error at the worst corner."""


def format_scores(scores: Sequence[Score]) -> str:
    """Return the comparison as a table with its legend."""
    return format_table(HEADS, [_cells(one) for one in scores]) + "\n" + LEGEND


def _cells(one: Score) -> list[str]:
    counts = (
        one.pairs,
        one.right,
        one.none,
        one.wrong,
        one.hard,
        one.hard_right,
        one.hard_wrong,
        one.unrelated,
        one.unrelated_wrong,
    )
    measures = ((one.error_median_px, 3), (one.error_95_px, 3), (one.ms_median, 1), (one.ms_95, 1))
    return [one.name, *map(str, counts), *(number(value, digits) for value, digits in measures), one.note]
