"""Mean and standard deviation of features, of each voice and of all, as normalisation reads them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from nemo.utils.atomic import atomic_write

DEFAULT = "default"
"""The entry of all voices together."""


class FeatureStatistics:
    """Sums of features, by voice; unbiased deviations.

    Args:
        names: features that are counted.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._sums: dict[str, dict[str, Tensor]] = {}
        self.least: dict[str, float] = dict.fromkeys(self.names, math.inf)
        self.greatest: dict[str, float] = dict.fromkeys(self.names, -math.inf)

    def add(self, features: Mapping[str, Tensor], speaker: object = None, mask: Tensor | None = None) -> None:
        """Counts the features of a recording.

        Args:
            features: name -> [F] or [D, F].
            speaker: the voice; None for none.
            mask: [F], True where values count; None: all do.
        """
        for name in self.names:
            values = features[name].double()
            values = values if mask is None else values[..., mask.bool()]
            if values.numel():
                self.least[name] = min(self.least[name], float(values.min()))
                self.greatest[name] = max(self.greatest[name], float(values.max()))
            sums = torch.stack(
                [torch.tensor(float(values.numel()), dtype=torch.float64), values.sum(), values.square().sum()]
            )
            for key in {DEFAULT, DEFAULT if speaker is None else str(speaker)}:
                known = self._sums.setdefault(key, {})
                known[name] = known[name] + sums if name in known else sums

    def result(self) -> dict[str, dict[str, float]]:
        """`<feature>_mean` and `<feature>_std` of "default" and of each voice."""
        found: dict[str, dict[str, float]] = {}
        for key, features in self._sums.items():
            found[key] = {}
            for name, sums in features.items():
                count, total, squares = sums.tolist()
                mean = total / max(count, 1.0)
                variance = max(squares - count * mean**2, 0.0) / max(count - 1, 1.0)
                found[key] |= {f"{name}_mean": mean, f"{name}_std": math.sqrt(variance)}
        return found

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes :meth:`result` as JSON."""
        with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            json.dump(self.result(), file, indent=2)
            file.write("\n")
