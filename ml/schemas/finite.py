"""Bounds that every finite number keeps; pandera has no rule of its own against infinity."""

import numpy as np

LARGEST = float(np.finfo(np.float64).max)
LARGEST_SINGLE = float(np.finfo(np.float32).max)
