"""Pictures and sounds of the first validation batch go to every logger that takes them (TensorBoard, W&B)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.tts.logging.pictures import curves, heat_map, stacked

logger = logging.getLogger(__name__)

SHOWN = 3
"""Recordings of an epoch that are shown."""


def is_shown(model: Any, batch_idx: int, dataloader_idx: int = 0) -> bool:
    """Whether this batch is one to look at: the first of the first loader, on the first process, in training."""
    trainer = model._trainer
    return (
        batch_idx == 0
        and dataloader_idx == 0
        and trainer is not None
        and trainer.is_global_zero
        and not trainer.sanity_checking
        and any(_takes(each, "image") or _takes(each, "audio") for each in trainer.loggers)
    )


def show(
    model: Any,
    images: Mapping[str, np.ndarray] | None = None,
    audio: Mapping[str, np.ndarray] | None = None,
    sample_rate: int = 22050,
) -> None:
    """Gives pictures and sounds to the loggers of a model's trainer.

    Args:
        model: attached to a trainer.
        images: name -> [H, W, 3] uint8.
        audio: name -> [T].
        sample_rate: Hz of the audio.
    """
    step = model.trainer.global_step
    for each in model.trainer.loggers:
        for name, picture in (images or {}).items():
            if hasattr(each, "log_image"):
                each.log_image(name, [picture], step=step)
            elif _takes(each, "image"):
                each.experiment.add_image(name, picture, step, dataformats="HWC")
        for name, samples in (audio or {}).items():
            clipped = np.clip(samples, -1.0, 1.0)
            if hasattr(each, "log_audio"):
                each.log_audio(name, [clipped], step=step, sample_rate=[sample_rate])
            elif _takes(each, "audio"):
                each.experiment.add_audio(name, torch.from_numpy(clipped)[None], step, sample_rate=sample_rate)


def spectrograms(target: Tensor, predicted: Tensor, lengths: Tensor, prefix: str = "val_mel") -> dict[str, np.ndarray]:
    """Recorded spectrograms above predicted ones, in one scale.

    Args:
        target: [B, D, F].
        predicted: [B, D, F'].
        lengths: [B] frames of the recorded ones.
        prefix: of the pictures' names.
    """
    found = {}
    for row in range(min(SHOWN, len(target))):
        frames = int(lengths[row])
        recorded, ours = numbers(target[row, :, :frames]), numbers(predicted[row, :, :frames])
        low, high = float(recorded.min()), float(recorded.max())
        found[f"{prefix}_{row}"] = stacked([heat_map(recorded, low, high), heat_map(ours, low, high)])
    return found


def alignments(weights: Mapping[str, Tensor | None], tokens: Tensor, frames: Tensor) -> dict[str, np.ndarray]:
    """Which token belongs to which frame: tokens upwards, frames to the right.

    Args:
        weights: name -> [B, F, U]; None leaves it out.
        tokens: [B] lengths of texts.
        frames: [B] lengths of spectrograms.
    """
    found = {}
    for name, each in weights.items():
        for row in range(0 if each is None else min(SHOWN, len(tokens))):
            assert each is not None  # the range is empty else
            found[f"{name}_{row}"] = heat_map(numbers(each[row, : int(frames[row]), : int(tokens[row])]).T, 0.0, 1.0)
    return found


def lines(
    name: str, values: Mapping[str, Tensor], lengths: Tensor, low: float | None = None, high: float | None = None
) -> dict[str, np.ndarray]:
    """Curves of each recording in one picture: the first in white, the second in orange.

    Args:
        name: of the pictures.
        values: [B, F] each.
        lengths: [B] of them.
        low: value at the lower edge.
        high: at the upper edge.
    """
    return {
        f"{name}_{row}": curves([numbers(each[row, : int(lengths[row])]) for each in values.values()], low, high)
        for row in range(min(SHOWN, len(lengths)))
    }


def speech(batch: Mapping[str, Tensor], mels: Tensor, mel_lens: Tensor, spoken: Any) -> dict[str, np.ndarray]:
    """Spectrograms, alignments and pitch of a few recordings, recorded and predicted.

    Args:
        batch: has `text_lens` [B].
        mels: [B, D, F] of the recordings.
        mel_lens: [B].
        spoken: what was computed, a :class:`~nemo.collections.tts.modules.fastpitch.Speech`.
    """
    found = {
        name: None if each is None else each[:, 0]
        for name, each in (("val_soft_alignment", spoken.attn_soft), ("val_hard_alignment", spoken.attn_hard))
    }
    pictures = spectrograms(mels, spoken.spect, mel_lens) | alignments(found, batch["text_lens"], mel_lens)
    if spoken.pitch is not None:
        pitches = {"recorded": spoken.pitch, "predicted": spoken.pitch_predicted}
        pictures |= lines("val_pitch", pitches, batch["text_lens"])
    return pictures


def sounds(name: str, audio: Tensor, lengths: Tensor) -> dict[str, np.ndarray]:
    """The audio [B, T] of a few recordings, by name."""
    return {f"{name}_{row}": numbers(audio[row, : int(lengths[row])]) for row in range(min(SHOWN, len(audio)))}


def numbers(values: Tensor) -> np.ndarray:
    """A tensor as an array of single precision on the CPU."""
    return values.detach().float().cpu().numpy()


def _takes(each: Any, kind: str) -> bool:
    return hasattr(each, f"log_{kind}") or hasattr(each.experiment, f"add_{kind}")
