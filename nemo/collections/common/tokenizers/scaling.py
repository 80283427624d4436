"""Scalings of numbers to a range in which steps of equal size matter equally; each can be undone."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from nemo.utils.exceptions import ConfigError

_QUANTILES = 1000
_GOLDEN = (5**0.5 - 1) / 2


class Scaling(Protocol):
    """A monotonous function and its inverse, on arrays [N]."""

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Scaled values."""

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """The values that were scaled."""

    def state(self) -> dict[str, Any]:
        """What the scaling consists of, as JSON."""


class QuantileScaling:
    """To the share of the data that is smaller, in [0, 1].

    Args:
        quantiles: equally distant quantiles of the data, ascending.
    """

    def __init__(self, quantiles: list[float]) -> None:
        self._quantiles = np.asarray(quantiles, dtype=np.float64)
        self._shares = np.linspace(0.0, 1.0, len(self._quantiles))

    @classmethod
    def of(cls, values: np.ndarray) -> QuantileScaling:
        """The scaling of data."""
        return cls(np.quantile(values, np.linspace(0.0, 1.0, min(_QUANTILES, len(values)))).tolist())

    def forward(self, values: np.ndarray) -> np.ndarray:
        """The share of the data below; the middle of its range where the data repeats a value."""
        rising = np.interp(values, self._quantiles, self._shares)
        falling = np.interp(-values, -self._quantiles[::-1], -self._shares[::-1])
        return 0.5 * (rising - falling)

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """The quantile."""
        return np.interp(scaled, self._shares, self._quantiles)

    def state(self) -> dict[str, Any]:
        """The quantiles."""
        return {"quantiles": self._quantiles.tolist()}


class YeoJohnsonScaling:
    """The power that makes the data most like a normal distribution (Yeo and Johnson, 2000), then mean 0, variance 1.

    Args:
        power: lambda of the paper.
        mean: of the data after the power.
        deviation: its standard deviation.
    """

    def __init__(self, power: float, mean: float, deviation: float) -> None:
        self.power, self.mean, self.deviation = power, mean, deviation

    @classmethod
    def of(cls, values: np.ndarray) -> YeoJohnsonScaling:
        """The scaling of data: the power of the greatest likelihood, by golden section search."""
        jacobian = np.sum(np.sign(values) * np.log1p(np.abs(values)))

        def loss(power: float) -> float:
            variance = np.var(_yeo_johnson(values, power))
            return float(0.5 * len(values) * np.log(max(variance, 1e-300)) - (power - 1.0) * jacobian)

        low, high = -5.0, 5.0
        while high - low > 1e-9:
            step = _GOLDEN * (high - low)
            if loss(high - step) < loss(low + step):
                high = low + step
            else:
                low = high - step
        power = (low + high) / 2
        powered = _yeo_johnson(values, power)
        return cls(power, float(powered.mean()), float(powered.std()) or 1.0)

    def forward(self, values: np.ndarray) -> np.ndarray:
        """The power, shifted and scaled."""
        return (_yeo_johnson(values, self.power) - self.mean) / self.deviation

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """The values before."""
        powered = np.asarray(scaled, dtype=np.float64) * self.deviation + self.mean
        with np.errstate(invalid="ignore", divide="ignore"):
            if abs(self.power) < 1e-12:
                positive = np.expm1(powered)
            else:
                positive = (powered * self.power + 1.0) ** (1.0 / self.power) - 1.0
            if abs(self.power - 2.0) < 1e-12:
                negative = -np.expm1(-powered)
            else:
                negative = 1.0 - (1.0 - (2.0 - self.power) * powered) ** (1.0 / (2.0 - self.power))
        return np.where(powered >= 0, positive, negative)

    def state(self) -> dict[str, Any]:
        """Power, mean and deviation."""
        return {"power": self.power, "mean": self.mean, "deviation": self.deviation}


class RobustScaling:
    """Distance from the median, in interquartile ranges.

    Args:
        center: the median.
        scale: the interquartile range.
    """

    def __init__(self, center: float, scale: float) -> None:
        self.center, self.scale = center, scale

    @classmethod
    def of(cls, values: np.ndarray) -> RobustScaling:
        """The scaling of data."""
        low, center, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
        return cls(center, (high - low) or 1.0)

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Distances from the median."""
        return (values - self.center) / self.scale

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """The values before."""
        return scaled * self.scale + self.center

    def state(self) -> dict[str, Any]:
        """Median and range."""
        return {"center": self.center, "scale": self.scale}


class NoScaling:
    """Values as they are."""

    @classmethod
    def of(cls, values: np.ndarray) -> NoScaling:
        """The same for all data."""
        return cls()

    def forward(self, values: np.ndarray) -> np.ndarray:
        """The values."""
        return values

    def inverse(self, scaled: np.ndarray) -> np.ndarray:
        """The values."""
        return scaled

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}


SCALINGS: dict[str, Any] = {
    "quantile": QuantileScaling,
    "yeo-johnson": YeoJohnsonScaling,
    "robust": RobustScaling,
    "identity": NoScaling,
}


def scaling_kind(name: str) -> Any:
    """The class of a scaling."""
    if name not in SCALINGS:
        raise ConfigError(f"transform is {name!r}. Expected one of {', '.join(SCALINGS)}; set it to one of these.")
    return SCALINGS[name]


def _yeo_johnson(values: np.ndarray, power: float) -> np.ndarray:
    result = np.empty_like(values, dtype=np.float64)
    positive = values >= 0
    up, down = values[positive], -values[~positive]
    result[positive] = np.log1p(up) if abs(power) < 1e-12 else ((up + 1.0) ** power - 1.0) / power
    other = 2.0 - power
    result[~positive] = -np.log1p(down) if abs(other) < 1e-12 else -((down + 1.0) ** other - 1.0) / other
    return result
