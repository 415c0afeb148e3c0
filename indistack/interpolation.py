"""A sub's pixels on the canvas by interpolation: debayered, brought to the reference's ADU, warped."""

from __future__ import annotations

import math

import cv2
import numpy as np

from indistack.canvas import Canvas, Placed
