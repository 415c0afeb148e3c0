"""Which model the pairs of points demand: the simplest that explains them."""

from __future__ import annotations

import math

import numpy as np

from indistack.align.models import PARAMETERS, Fitted, robust_fit, solve
from indistack.values.frame import DoubleArray

STARS_PER_PARAMETER = 2
"""A model needs this many pairs for each of its numbers: four measured coordinates."""
DEMANDED_PX = 0.1
"""A richer model that moves no star by more than this is not worth its name."""
RELUCTANCE = 30.0
"""A richer model must be better by this, twice the logarithm of the odds against it beforehand: where stars are few,
subs whose model changes by chance would jitter."""


def supported(model: str, pairs: int) -> str:
    """The richest model, up to `model`, for which there are pairs enough; at least a similarity."""
    names = list(PARAMETERS)
    richest = names[: names.index(model) + 1] if model != "homography" else ["similarity", "affine", "homography"]
    enough = [name for name in richest if pairs >= STARS_PER_PARAMETER * PARAMETERS[name]]
    return enough[-1] if enough else "similarity"


def fit(source: DoubleArray, target: DoubleArray, sigma: DoubleArray, model: str) -> Fitted:
    """Fit the model that was asked for, or a simpler one where the pairs do not support it.

    ``"auto"`` is a similarity, unless there are twice as many pairs as a richer model needs, it moves some star by
    more than `DEMANDED_PX`, and it explains the pairs clearly better than its further numbers alone would: by
    Schwarz's criterion (1978), ``2 n ln(misfit) + k ln(2 n)`` for k numbers and n pairs, all models fitted to the
    same pairs with the same weights, and by `RELUCTANCE`.

    Parameters
    ----------
    source, target : array
        ``(n, 2)`` float64, px: each pair's place in the sub and in the reference; finite.
    sigma : array
        ``(n,)`` float64, px an axis, what is known of their errors.
    model : str
        ``similarity``, ``affine``, ``homography``, ``quadratic`` or ``auto``.

    Returns
    -------
    Fitted
        With the weight that each pair got.
    """
    if model != "auto":
        return robust_fit(source, target, sigma, supported(model, len(source)))
    simple = robust_fit(source, target, sigma, "similarity")
    richest = supported("quadratic", len(source) // 2)
    if richest == "similarity":
        return simple
    rich = robust_fit(source, target, sigma, richest)
    apart = rich.transform.apply(source) - simple.transform.apply(source)
    if np.hypot(*apart[rich.weight > 0].T).max(initial=0.0) <= DEMANDED_PX:
        return simple
    best = _best_model(source, target, rich)
    return {simple.model: simple, rich.model: rich}.get(best) or robust_fit(source, target, sigma, best)


def _best_model(source: DoubleArray, target: DoubleArray, rich: Fitted) -> str:
    used = rich.weight > 0
    measured = 2 * int(used.sum())

    def criterion(model: str) -> float:
        mapped = solve(source[used], target[used], rich.weight[used], model).apply(source[used])
        misfit = (rich.weight[used] * ((mapped - target[used]) ** 2).sum(axis=1)).sum()
        odds = 0.0 if model == "similarity" else RELUCTANCE
        return measured * math.log(max(misfit, 1e-12)) + PARAMETERS[model] * math.log(measured) + odds

    allowed = [name for name in PARAMETERS if PARAMETERS[name] <= PARAMETERS[rich.model]]
    return min(allowed, key=criterion)
