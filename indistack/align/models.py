"""Transforms fitted to pairs of points: weighted, robust against wrong pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from indistack.values.frame import DoubleArray
from indistack.values.transform import Bend, Transform

COMPLEX = np.array([1.0, 1.0j])

TUKEY = 4.685
"""95 % efficiency for normal errors (Beaton and Tukey 1974)."""
RAYLEIGH_MEDIAN = 1.17741
"""Median length of a two-dimensional normal vector in units of its standard deviation per axis."""
WEIGHING_ROUNDS = 8
BETTER_SHARE, LEAST_BETTER = 0.3, 6
"""The best measured pairs tell what errors all have in common beyond the noise of the sky."""
LEAST_JITTER_PX = 0.04
"""Bright stars are hardly placed better than this, whatever the sky's noise: pixels sample them, air moves them."""
SETTLED_PX = 1e-4

PARAMETERS = {"similarity": 4, "affine": 6, "homography": 8, "quadratic": 12}
"""Free numbers of each model, the simplest first."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A transform and how well it is known.

    Attributes
    ----------
    transform : Transform
        The fit.
    model : str
        What was fitted.
    residual : array
        ``(n,)`` distance of each pair (px).
    weight : array
        ``(n,)`` weight of each pair in the fit; 0 where the pair was left out.
    """

    transform: Transform
    model: str
    residual: DoubleArray
    weight: DoubleArray

    @property
    def misfit(self) -> float:
        """Weighted sum of the squared residuals."""
        return float((self.weight * self.residual**2).sum())


@dataclass(frozen=True, slots=True)
class _Box:
    """Points brought near zero and one, so that all terms of a model are of one size."""

    centre: DoubleArray
    reach: float

    @staticmethod
    def of(points: DoubleArray) -> _Box:
        centre: DoubleArray = points.mean(axis=0)
        return _Box(centre, max(float(np.hypot(*(points - centre).T).max()), 1e-9))

    def inside(self, points: DoubleArray) -> DoubleArray:
        scaled: DoubleArray = (points - self.centre) / self.reach
        return scaled

    @property
    def matrix(self) -> DoubleArray:
        """From points in the box to the points themselves."""
        return np.array([[self.reach, 0, self.centre[0]], [0, self.reach, self.centre[1]], [0, 0, 1]])


def solve(source: DoubleArray, target: DoubleArray, weight: DoubleArray, model: str) -> Transform:
    """Weighted least squares by normal equations.

    A homography is solved in its linear form (Hartley and Zisserman 2003, section 4.1), which for maps so near to
    affine ones is the same.

    Parameters
    ----------
    source, target : array
        ``(n, 2)`` pairs, n at least half of the model's parameters.
    weight : array
        ``(n,)``.
    model : str
        One of `PARAMETERS`.
    """
    if model == "similarity":
        return _similarity(source, target, weight)
    box, aim = _Box.of(source), _Box.of(target)
    q = aim.inside(target)
    terms = _terms(box.inside(source), q, model)
    weighted = terms * weight
    flat = weighted.reshape(len(terms), -1)
    normal, right = flat @ terms.reshape(len(terms), -1).T, flat @ q.T.ravel()
    numbers = np.asarray(np.linalg.lstsq(normal, right, rcond=1e-13)[0], np.float64)
    matrix, bend = _assembled(numbers, model)
    matrix = aim.matrix @ matrix @ np.linalg.inv(box.matrix)
    if bend is None:
        return Transform(matrix / matrix[2, 2])
    centre_x, centre_y = box.centre.tolist()
    return Transform(matrix, bend=Bend((centre_x, centre_y), box.reach, aim.reach * bend))


def _similarity(source: DoubleArray, target: DoubleArray, weight: DoubleArray) -> Transform:
    """The same in closed form, ten times as fast: it is asked for often.

    With z a source and w a target point, both less their weighted means, the best factor is sum(conj(z) w) / sum |z|^2.
    """
    z, w = source @ COMPLEX, target @ COMPLEX
    total = weight.sum()
    z_mean, w_mean = (weight @ z) / total, (weight @ w) / total
    z, w = z - z_mean, w - w_mean
    factor = (weight @ (z.conj() * w)) / max(weight @ (z.real**2 + z.imag**2), 1e-30)
    shift = w_mean - factor * z_mean
    return Transform(
        np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0.0, 0.0, 1.0]])
    )


def _terms(p: DoubleArray, q: DoubleArray, model: str) -> DoubleArray:
    """What each of a model's numbers adds to the mapped x and y of each point: ``(numbers, 2, n)``."""
    u, v = p.T
    one, none = np.ones_like(u), np.zeros_like(u)
    if model == "similarity":
        return np.array([[u, v], [-v, u], [one, none], [none, one]])
    own = [u, v, one, *([u * u, u * v, v * v] if model == "quadratic" else [])]
    terms = [[term, none] for term in own] + [[none, term] for term in own]
    if model == "homography":
        terms += [[-u * q[:, 0], -u * q[:, 1]], [-v * q[:, 0], -v * q[:, 1]]]
    return np.array(terms)


def _assembled(numbers: DoubleArray, model: str) -> tuple[DoubleArray, DoubleArray | None]:
    """The matrix and the second-degree coefficients that a model's numbers mean."""
    matrix = np.eye(3)
    if model == "homography":
        matrix[:2], matrix[2, :2] = numbers[:6].reshape(2, 3), numbers[6:]
        return matrix, None
    rows = numbers.reshape(2, -1)
    matrix[:2] = rows[:, :3]
    return matrix, rows[:, 3:] if model == "quadratic" else None


def robust_fit(source: DoubleArray, target: DoubleArray, sigma: DoubleArray, model: str) -> Fitted:
    """Fit by iteratively reweighted least squares with Tukey's biweight.

    Parameters
    ----------
    source, target : array
        ``(n, 2)`` pairs.
    sigma : array
        ``(n,)`` centroid error of each pair (px); what the residuals show beyond it is shared by all (seeing).
    model : str
        One of `PARAMETERS`.
    """
    weight = 1 / (sigma**2 + 0.1**2)
    enough = min(max(math.ceil(BETTER_SHARE * len(sigma)), LEAST_BETTER), len(sigma))
    better = sigma <= np.sort(sigma)[enough - 1]
    known2 = _middle(sigma[better]) ** 2
    transform = solve(source, target, weight, model)
    mapped = transform.apply(source)
    for _ in range(WEIGHING_ROUNDS):
        residual = np.hypot(*(mapped - target).T)
        jitter2 = (_middle(residual[better]) / RAYLEIGH_MEDIAN) ** 2 - known2
        spread2 = sigma**2 + max(jitter2, LEAST_JITTER_PX**2)
        distance = residual / np.sqrt(spread2)
        scale = max(_middle(distance) / RAYLEIGH_MEDIAN, 0.5)
        weight = np.clip(1 - (distance / (TUKEY * scale)) ** 2, 0, None) ** 2 / spread2
        transform = solve(source, target, weight, model)
        before, mapped = mapped, transform.apply(source)
        if np.abs(mapped - before).max() < SETTLED_PX:
            break
    return Fitted(transform, model, np.hypot(*(mapped - target).T), weight)


def _middle(values: DoubleArray) -> float:
    """The upper median of at least one value: `numpy.median` looks around for longer than a round of the fit takes."""
    return float(np.sort(values)[len(values) // 2])


def place_errors(fitted: Fitted, source: DoubleArray, places: DoubleArray) -> DoubleArray:
    """Standard deviation of where `places` are mapped to (px, length of the error in both axes), ``(m,)``.

    From the covariance of the fit, ``s^2 (A' W A)^-1`` with ``s^2`` the misfit per degree of freedom.
    """
    used = fitted.weight > 0
    free = 2 * int(used.sum()) - PARAMETERS[fitted.model]
    if free < 1:
        return np.full(len(places), np.inf)
    box = _Box.of(source)
    aim = _Box(fitted.transform.apply(box.centre[np.newaxis])[0], box.reach)

    def terms(points: DoubleArray) -> DoubleArray:
        return _terms(box.inside(points), aim.inside(fitted.transform.apply(points)), fitted.model)

    design = terms(source[used])
    normal = (design * fitted.weight[used]).reshape(len(design), -1) @ design.reshape(len(design), -1).T
    spread2 = max(fitted.misfit / free, 1e-6) * np.linalg.pinv(normal, rcond=1e-13)
    at = terms(places)
    variance: DoubleArray = np.einsum("kan,kl,lan->n", at, spread2, at)
    return np.sqrt(variance)


def mirrored(transform: Transform, width: int) -> Transform:
    """The same map for a sub that lies mirrored, x -> width - 1 - x."""
    flip = np.array([[-1.0, 0.0, width - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    bend = transform.bend
    if bend is not None:
        centre_px = width - 1 - bend.centre_px[0], bend.centre_px[1]
        bend = Bend(centre_px, bend.reach_px, bend.coefficients * [1.0, -1.0, 1.0])
    return replace(transform, matrix=transform.matrix @ flip, bend=bend)
