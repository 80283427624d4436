"""File -> augmented samples, as a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nemo.collections.common.audio.io import AudioSource, ChannelSelector, load_audio
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.audio.trim import Reference

if TYPE_CHECKING:
    from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor


class WaveformFeaturizer:
    """Reads recordings at one sample rate and augments them.

    Args:
        sample_rate: of what is returned, in Hz.
        int_values: not used; samples are the same whether they are read as integers or not.
        augmentor: changes each recording; None for none.
    """

    def __init__(
        self, sample_rate: int = 16000, int_values: bool = False, augmentor: AudioAugmentor | None = None
    ) -> None:
        self.sample_rate = sample_rate
        self.int_values = int_values
        self.augmentor = augmentor

    @classmethod
    def from_config(
        cls, input_config: dict[str, Any], perturbation_configs: list[dict[str, Any]] | None = None
    ) -> WaveformFeaturizer:
        """Builds one from ``{"sample_rate": ..., "int_values": ...}`` and a list of perturbations."""
        from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor

        augmentor = None if perturbation_configs is None else AudioAugmentor.from_config(perturbation_configs)
        return cls(input_config.get("sample_rate", 16000), input_config.get("int_values", False), augmentor)

    def max_augmentation_length(self, length: float) -> float:
        """The longest that a recording of this length can become."""
        return length if self.augmentor is None else self.augmentor.max_augmentation_length(length)

    def process(
        self,
        file_path: AudioSource | list[str],
        offset: float = 0,
        duration: float = 0,
        trim: bool = False,
        trim_ref: Reference = np.max,
        trim_top_db: float = 60.0,
        trim_frame_length: int = 2048,
        trim_hop_length: int = 512,
        orig_sr: int | None = None,
        channel_selector: ChannelSelector = None,
        normalize_db: float | None = None,
    ) -> torch.Tensor:
        """Samples of a recording, [T] or [T, C]; the arguments are those of :meth:`AudioSegment.from_file`.

        Raises:
            AudioFileError: the file cannot be read; names it.
        """
        plain = self.augmentor is None and not trim and normalize_db is None
        if plain and not isinstance(file_path, list):
            return torch.from_numpy(load_audio(file_path, self.sample_rate, offset, duration, channel_selector))
        segment = AudioSegment.from_file(
            file_path,
            target_sr=self.sample_rate,
            offset=offset,
            duration=duration,
            trim=trim,
            trim_ref=trim_ref,
            trim_top_db=trim_top_db,
            trim_frame_length=trim_frame_length,
            trim_hop_length=trim_hop_length,
            orig_sr=orig_sr,
            channel_selector=channel_selector,
            normalize_db=normalize_db,
        )
        return self.process_segment(segment)

    def process_segment(self, audio_segment: AudioSegment) -> torch.Tensor:
        """Augments audio in place; returns its samples."""
        if self.augmentor is not None:
            self.augmentor.perturb(audio_segment)
        return torch.from_numpy(np.ascontiguousarray(audio_segment._samples, dtype=np.float32))
