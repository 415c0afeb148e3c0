"""Transforms of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from indistack.values.transform import Bend, Transform

MATRIX = np.array([[0.999, -0.03, 12.0], [0.03, 0.999, -8.0], [0.0, 0.0, 1.0]])
AFFINE = Transform(MATRIX)
PROJECTIVE = Transform(MATRIX + np.array([[0, 0, 0], [0, 0, 0], [1e-5, -2e-5, 0]]))
BENT = Transform(MATRIX, bend=Bend((300.0, 250.0), 400.0, np.array([[3.0, -2.0, 1.0], [1.0, 2.0, -3.0]])))
WAYS = pytest.mark.parametrize("transform", [AFFINE, PROJECTIVE, BENT], ids=["affine", "projective", "bent"])
