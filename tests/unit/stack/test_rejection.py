"""Which pixels are outliers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

