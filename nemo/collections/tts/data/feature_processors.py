"""What is done to a feature of a sample before it goes into a batch; a sample is changed in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nemo.core.archive.side_files import read_json
from nemo.core.archive.targets import buildable_from_archives
from nemo.utils.exceptions import ConfigError

MAKE_STATISTICS = "scripts/dataset_processing/tts/compute_feature_stats.py"


@buildable_from_archives
class FeatureProcessor(ABC):
    """Changes one feature of a sample.

    Args:
        field: its name.
    """

    def __init__(self, field: str) -> None:
        self.field = field

    def process(self, training_example: dict[str, Any]) -> None:
        """Changes the feature of a sample.

        Raises:
            ConfigError: the sample does not have it.
        """
        if self.field not in training_example:
            raise ConfigError(
                f"{type(self).__name__} is to change {self.field!r}, and samples have {', '.join(training_example)}. "
                "Add a featurizer for it, or mend the field."
            )
        training_example[self.field] = self.changed(training_example[self.field], training_example)

    @abstractmethod
    def changed(self, values: Tensor, training_example: dict[str, Any]) -> Tensor:
        """What takes the place of the feature."""


class FeatureScaler(FeatureProcessor):
    """Adds a number, then divides by another.

    Args:
        field: name of the feature.
        add_value: added first.
        div_value: divides the sum.
    """

    def __init__(self, field: str, add_value: float = 0.0, div_value: float = 1.0) -> None:
        super().__init__(field)
        if div_value == 0:
            raise ConfigError(f"div_value of {field} is 0. Expected another number.")
        self.add_value, self.div_value = add_value, div_value

    def changed(self, values: Tensor, training_example: dict[str, Any]) -> Tensor:
        """The scaled feature."""
        return (values + self.add_value) / self.div_value


class LogCompression(FeatureProcessor):
    """Takes logarithms.

    Args:
        field: name of the feature.
        log_zero_guard_type: add or clamp.
        log_zero_guard_value: what is added, or the least value.
    """

    def __init__(self, field: str, log_zero_guard_type: str = "add", log_zero_guard_value: float = 1.0) -> None:
        super().__init__(field)
        if log_zero_guard_type not in ("add", "clamp"):
            raise ConfigError(f"log_zero_guard_type is {log_zero_guard_type!r}. Expected add or clamp.")
        self.adds, self.guard = log_zero_guard_type == "add", log_zero_guard_value

    def changed(self, values: Tensor, training_example: dict[str, Any]) -> Tensor:
        """The logarithms."""
        return torch.log(values + self.guard if self.adds else values.clamp(min=self.guard))


class MeanVarianceNormalization(FeatureProcessor):
    """Distances from the mean of all voices, in standard deviations.

    Args:
        field: name of the feature.
        stats_path: JSON with `<field>_mean` and `<field>_std` below "default".
        mask_field: name of a mask; where it is False the feature becomes 0. None for none.
    """

    def __init__(self, field: str, stats_path: str, mask_field: str | None = "voiced_mask") -> None:
        super().__init__(field)
        self.mask_field = mask_field
        self.statistics = read_statistics(stats_path, field)
        self.stats_path = stats_path
        if "default" not in self.statistics and type(self) is MeanVarianceNormalization:
            raise ConfigError(f'{stats_path} has no "default". Make it with {MAKE_STATISTICS}.')

    def changed(self, values: Tensor, training_example: dict[str, Any]) -> Tensor:
        """The normalised feature."""
        mean, deviation = self.statistics_of(training_example)
        normalized = (values - mean) / deviation
        if self.mask_field is None:
            return normalized
        return normalized.masked_fill(~training_example[self.mask_field].bool(), 0.0)

    def statistics_of(self, training_example: dict[str, Any]) -> tuple[float, float]:
        """Mean and deviation for a sample."""
        return self.statistics["default"]


class MeanVarianceSpeakerNormalization(MeanVarianceNormalization):
    """Distances from the mean of the sample's voice, in standard deviations.

    Args:
        field: name of the feature.
        stats_path: JSON with `<field>_mean` and `<field>_std` for each speaker.
        speaker_field: key of the speaker's name in a sample.
        mask_field: see :class:`MeanVarianceNormalization`.
        fallback_to_default: take those of "default" for a voice that is not there.
    """

    def __init__(
        self,
        field: str,
        stats_path: str,
        speaker_field: str = "speaker",
        mask_field: str | None = "voiced_mask",
        fallback_to_default: bool = False,
    ) -> None:
        super().__init__(field, stats_path, mask_field)
        self.speaker_field, self.fallback_to_default = speaker_field, fallback_to_default

    def statistics_of(self, training_example: dict[str, Any]) -> tuple[float, float]:
        """Mean and deviation of the voice.

        Raises:
            ConfigError: the file does not have it.
        """
        speaker = str(training_example[self.speaker_field])
        known = self.statistics.get(speaker)
        if known is None and self.fallback_to_default:
            known = self.statistics.get("default")
        if known is None:
            raise ConfigError(
                f"{self.stats_path} has no statistics of the speaker {speaker!r}; it has "
                f"{', '.join(list(self.statistics)[:5])}. Make it again with {MAKE_STATISTICS}, or set "
                "fallback_to_default."
            )
        return known


def read_statistics(path: str, field: str) -> dict[str, tuple[float, float]]:
    """Mean and deviation of a feature, for each speaker and for "default".

    Raises:
        ConfigError: there is no such file, or an entry lacks a number.
    """
    if not Path(path).is_file():
        raise ConfigError(f"The statistics {path} do not exist. Make them with {MAKE_STATISTICS}, or mend the path.")
    found = {}
    for speaker, values in read_json(path).items():
        try:
            mean, deviation = float(values[f"{field}_mean"]), float(values[f"{field}_std"])
        except (TypeError, KeyError, ValueError):
            raise ConfigError(
                f"{path}: the entry {speaker!r} is {values!r}. Expected {field}_mean and {field}_std."
            ) from None
        if not deviation > 0:
            raise ConfigError(f"{path}: {field}_std of {speaker!r} is {deviation}. Expected a number above 0.")
        found[str(speaker)] = mean, deviation
    return found
