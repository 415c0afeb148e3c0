"""How likely it is that two unrelated star fields agree as well as they do."""

from __future__ import annotations

import math

LN10 = math.log(10)


def log10_tail(count: int, trials: int, probability: float) -> float:
    """Decimal logarithm of the chance of at least `count` successes in `trials`, each with `probability`.

    Chernoff's bound, ``exp(-n KL(count / n || p))``: never below the true value, and within a factor of about
    ``sqrt(2 pi n)`` of it.
    """
    if count <= 0 or trials <= 0:
        return 0.0
    share = min(count / trials, 1.0)
    p = min(max(probability, 1e-12), 1 - 1e-12)
    if share <= p:
        return 0.0
    divergence = share * math.log(share / p)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - p))
    return -trials * divergence / LN10
