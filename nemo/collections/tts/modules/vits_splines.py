"""Monotonic rational-quadratic splines with straight lines outside (Durkan et al., 2019, Neural Spline Flows)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SMALLEST = 1e-3
"""Least width and height of a bin, and least slope at a knot."""


def spline(
    x: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor, bound: float, *, inverse: bool
) -> tuple[Tensor, Tensor]:
    """Maps every element by its own spline from [-bound, bound] to itself; outside it is the identity.

    Args:
        x: any shape.
        widths: [..., K] of bins, before their softmax.
        heights: [..., K], the same.
        slopes: [..., K - 1] at the inner knots, before their softplus; the outer ones are 1.
        bound: where the identity begins.
        inverse: the inverse map.

    Returns:
        The mapped values and the logarithms of the slopes there, both of the shape of `x`.
    """
    edge = math.log(math.expm1(1 - SMALLEST))  # the softplus of it is a slope of 1
    slopes = F.softplus(F.pad(slopes, (1, 1), value=edge)) + SMALLEST
    knots_x, knots_y = _knots(widths, bound), _knots(heights, bound)
    inside = (x >= -bound) & (x <= bound)
    value = x.clamp(-bound, bound)[..., None]
    edges = (knots_y if inverse else knots_x)[..., 1:-1]
    index = (edges <= value).sum(dim=-1, keepdim=True)  # as searchsorted would find it, which ONNX lacks

    def at(values: Tensor) -> Tensor:
        return values.gather(-1, index)[..., 0]

    left, width = at(knots_x[..., :-1]), at(_sizes(knots_x))
    low, height = at(knots_y[..., :-1]), at(_sizes(knots_y))
    first, last = at(slopes[..., :-1]), at(slopes[..., 1:])
    mean = height / width
    bend = first + last - 2 * mean
    if inverse:
        above = value[..., 0] - low
        a = above * bend + height * (mean - first)
        b = height * first - above * bend
        c = -mean * above
        place = 2 * c / (-b - torch.sqrt((b * b - 4 * a * c).clamp(min=0)))
        mapped = place * width + left
    else:
        place = (value[..., 0] - left) / width
        mixed = place * (1 - place)
        mapped = low + height * (mean * place * place + first * mixed) / (mean + bend * mixed)
    mixed = place * (1 - place)
    rise = mean * mean * (last * place * place + 2 * mean * mixed + first * (1 - place) ** 2)
    log_slope = rise.log() - 2 * (mean + bend * mixed).log()
    log_slope = -log_slope if inverse else log_slope
    return torch.where(inside, mapped, x), torch.where(inside, log_slope, torch.zeros_like(x))


def _sizes(knots: Tensor) -> Tensor:
    """[..., K + 1] -> [..., K] of the bins between."""
    return knots[..., 1:] - knots[..., :-1]


def _knots(sizes: Tensor, bound: float) -> Tensor:
    """[..., K] -> [..., K + 1] from -bound to bound."""
    shares = SMALLEST + (1 - SMALLEST * sizes.shape[-1]) * sizes.softmax(dim=-1)
    inner = shares.cumsum(dim=-1)[..., :-1] * 2 * bound - bound
    return F.pad(F.pad(inner, (1, 0), value=-bound), (0, 1), value=bound)
