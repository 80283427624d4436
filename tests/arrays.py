"""Recorded arrays."""

from __future__ import annotations

import os

import numpy as np


def arrays_of(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Name -> array of an `.npz` file. It is closed again: one left to the garbage collector warns in another test."""
    with np.load(path) as file:
        return dict(file)
