"""Normalisation of features over the valid frames of each utterance.

A mean and a standard deviation (unbiased, plus a small constant) are taken for each feature, or over all of them, or
come from the configuration. B batch, D features, F frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

DEVIATION_FLOOR = 1e-5
"""Added to every standard deviation, so that silence does not divide by zero."""

NO_NORMALIZATION = (None, "", "None", "none", "NA")
"""What published configs write where features stay as they are."""

Normalization = str | Mapping[str, Sequence[float]] | None


def check_normalization(kind: Normalization) -> None:
    """Refuses what is not a kind of normalisation.

    Raises:
        ConfigError: names the value and the kinds there are.
    """
    if isinstance(kind, Mapping):
        if {"fixed_mean", "fixed_std"} <= set(kind):
            return
        raise ConfigError(
            f"preprocessor.normalize is a mapping with the keys {sorted(kind)}; it needs fixed_mean and fixed_std, "
            "one number for each feature."
        )
    if kind in NO_NORMALIZATION or kind in ("per_feature", "all_features"):
        return
    raise ConfigError(
        f"preprocessor.normalize is {kind!r}; expected per_feature, all_features, null, or a mapping with fixed_mean "
        "and fixed_std."
    )


def normalize_utterance(features: Tensor, kind: Normalization) -> Tensor:
    """Normalises one utterance without padding, in place.

    Args:
        features: [D, F]; overwritten.
        kind: see :func:`check_normalization`.

    Returns:
        `features`. With a single frame the deviation counts as 0.
    """
    if isinstance(kind, Mapping):
        mean, deviation = _fixed(kind, features)
        return features.sub_(mean[:, None]).div_(deviation[:, None])
    if kind in NO_NORMALIZATION:
        return features
    rows = features if kind == "per_feature" else features.reshape(1, -1)
    mean = rows.mean(dim=1, keepdim=True)
    features.sub_(mean)
    rows = features if kind == "per_feature" else features.reshape(1, -1)
    deviation = torch.linalg.vector_norm(rows, dim=1, keepdim=True).div_(max(rows.shape[1] - 1, 1) ** 0.5)
    return features.div_(deviation.add_(DEVIATION_FLOOR))


def normalize_batch(features: Tensor, lengths: Tensor, kind: Normalization) -> Tensor:
    """Normalises a padded batch; equals :func:`normalize_utterance` on each row's valid frames.

    Args:
        features: [B, D, F].
        lengths: [B] valid frames.
        kind: see :func:`check_normalization`.

    Returns:
        [B, D, F]; what lies beyond the lengths has no meaning.
    """
    if isinstance(kind, Mapping):
        mean, deviation = _fixed(kind, features)
        return (features - mean[:, None]) / deviation[:, None]
    if kind in NO_NORMALIZATION:
        return features
    dims = (2,) if kind == "per_feature" else (1, 2)
    per_frame = 1 if kind == "per_feature" else features.shape[1]
    count = (lengths * per_frame).to(features.dtype)[:, None, None]
    is_padding = torch.arange(features.shape[2], device=features.device) >= lengths[:, None, None]
    mean = features.masked_fill(is_padding, 0).sum(dims, keepdim=True) / count.clamp(min=1)
    centred = (features - mean).masked_fill(is_padding, 0)
    variance = centred.square().sum(dims, keepdim=True) / (count - 1).clamp(min=1)
    return centred / (variance.sqrt() + DEVIATION_FLOOR)


def _fixed(kind: Mapping[str, Sequence[float]], features: Tensor) -> tuple[Tensor, Tensor]:
    mean = torch.as_tensor(list(kind["fixed_mean"]), dtype=features.dtype, device=features.device)
    deviation = torch.as_tensor(list(kind["fixed_std"]), dtype=features.dtype, device=features.device)
    if mean.shape != deviation.shape or mean.shape[0] != features.shape[-2]:
        raise ConfigError(
            f"preprocessor.normalize has {mean.numel()} fixed means and {deviation.numel()} fixed deviations; "
            f"expected {features.shape[-2]} of each, one for each feature."
        )
    return mean, deviation
