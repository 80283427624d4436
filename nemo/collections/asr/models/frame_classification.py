"""Classification of every frame of a recording: voice activity at 10 to 20 ms.

audio [B, T] -> preprocessor -> encoder -> [B, H, S] -> decoder -> logits [B, S, V]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.models.asr_model import given_audio
from nemo.collections.asr.models.audio_classifier import LabelBatch
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.classification import EncDecClassificationModel, batch_counts
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.metrics.classification_accuracy import TopKClassificationAccuracy
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LogitsType, NeuralType
from nemo.utils.exceptions import ConfigError


class EncDecFrameClassificationModel(EncDecClassificationModel):
    """Gives each encoder frame one of V classes; a line of a manifest has ``"label": "0 0 1 1"``.

    The labels of a recording divide it evenly; they need not be as many as the encoder's frames.

    Args:
        cfg: an :class:`~nemo.collections.asr.models.audio_classifier.AudioClassifierConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    labels_frames = True

    def _build_outputs(self) -> None:
        if self.cfg.is_regression_task:
            raise ConfigError("model.is_regression_task is true, and frames have classes. Set it to false.")
        self._check_labels()
        decoder = self._decoder_config(len(self.labels), "hidden_size")
        self._replace_sections(decoder=decoder)
        self.decoder = self.from_config_dict(decoder)
        weight = self._class_weights()
        # archives hold the weights, whatever they are
        self.loss = CrossEntropyLoss(logits_ndim=3, weight=[1.0] * len(self.labels) if weight is None else weight)
        self._accuracy = TopKClassificationAccuracy(sync_on_compute=False)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits."""
        return {"outputs": NeuralType(("B", "T", "C"), LogitsType())}

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
    ) -> Tensor:
        """Computes logits from audio, or from features that are ready.

        Args:
            input_signal: [B, T] audio.
            input_signal_length: [B] samples.
            processed_signal: [B, D, F] features, instead of audio.
            processed_signal_length: [B] frames.

        Returns:
            [B, S, V].

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        return self._logits(input_signal, input_signal_length, processed_signal, processed_signal_length)[0]

    def forward_for_export(self, audio_signal: Tensor, length: Tensor) -> Tensor:
        """Features [B, D, F] and lengths [B] -> logits [B, S, V]; no preprocessor in the graph."""
        encoded, _ = self.encoder(audio_signal=audio_signal, length=length)
        return self.decoder(encoded.transpose(1, 2))

    def frame_logits(self, input_signal: Tensor, input_signal_length: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] of lengths [B] -> logits [B, S, V] and the encoder frames [B] that are no padding."""
        return self._logits(input_signal, input_signal_length, None, None)

    def outputs_of_batch(self, signals: Tensor, lengths: Tensor) -> Sequence[Tensor]:
        """The logits [S, V] of each of several signals [B, T] of `lengths` [B] samples, without padding."""
        logits, frames = self.frame_logits(signals, lengths)
        return [row[:count] for row, count in zip(logits, frames.tolist(), strict=True)]

    def _logits(self, *signals: Tensor | None) -> tuple[Tensor, Tensor]:
        encoded, lengths = self.encode(*signals)
        return self.decoder(encoded.transpose(1, 2)), lengths

    # ------------------------------------------------------------------------------------------------------ inference

    def transcribe(  # type: ignore[override]  # labels of frames
        self,
        audio: Any = None,
        batch_size: int = 4,
        logprobs: bool = False,
        *,
        paths2audio_files: Any = None,
        channel_selector: Any = None,
        augmentor: Any = None,
        num_workers: int = 0,
        verbose: bool = True,
    ) -> list[Any]:
        """For each recording the numbers of its frames' likeliest classes [S]; with `logprobs`, logits [S, V].

        The arguments are those of ``EncDecClassificationModel.transcribe``; `nemo.collections.asr.inference.vad` makes
        segments of speech of them. A recording that cannot be read is logged and has no frames.
        """
        from nemo.collections.asr.inference.classify import outputs_of_recordings

        rows = [
            torch.zeros(0, len(self.labels)) if isinstance(row, Exception) else row
            for row in outputs_of_recordings(
                self, given_audio(audio, paths2audio_files), batch_size, channel_selector, augmentor, verbose
            )
        ]
        return [row.numpy() if logprobs else row.argmax(dim=-1) for row in rows]

    def classify(self, audio: Any, batch_size: int = 4, **options: Any) -> list[Any]:
        """Not for frames.

        Raises:
            TypeError: always; `transcribe` gives the classes of frames.
        """
        raise TypeError(
            "EncDecFrameClassificationModel classifies frames, not recordings. Call transcribe(), or detect_speech of "
            "nemo.collections.asr.inference.vad."
        )

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: LabelBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate and the batch's accuracy."""
        loss, logits, labels = self._loss(batch)
        log = self._training_log(loss)
        self._accuracy.update(logits=logits.detach(), labels=labels)
        for k, accuracy in zip(self._accuracy.top_k, self._accuracy.compute(), strict=True):
            log[f"training_batch_accuracy_top_{k}"] = accuracy
        self._accuracy.reset()
        return {"loss": loss, "log": log}

    def _evaluate(self, batch: LabelBatch, prefix: str) -> dict[str, Tensor]:
        loss, logits, labels = self._loss(batch)
        return batch_counts(loss, logits, labels, self._accuracy, prefix)

    def _loss(self, batch: LabelBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Loss, and logits [N, V] with labels [N] of all frames that are no padding."""
        signal, signal_lengths, labels, label_lengths = batch
        logits, lengths = self.frame_logits(signal, signal_lengths)
        labels = labels_of_frames(labels, label_lengths, lengths, logits.shape[1])
        valid = torch.arange(logits.shape[1], device=lengths.device) < lengths[:, None]
        loss = self.loss(logits=logits, labels=labels, loss_mask=valid)
        return loss, logits[valid], labels[valid]

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this family."""
        return published_models("EncDecFrameClassificationModel")


def labels_of_frames(labels: Tensor, label_lengths: Tensor, lengths: Tensor, frames: int) -> Tensor:
    """The label of each frame, where a recording has another number of labels than of frames.

    A frame gets the largest label (speech, of background and speech) of the stretch that it covers.

    Args:
        labels: [B, L].
        label_lengths: [B] labels that are no padding, at least 1.
        lengths: [B] frames that are no padding.
        frames: S.

    Returns:
        [B, S]; 0 in padding.
    """
    index = torch.arange(frames, device=labels.device)
    per_frame = label_lengths[:, None] / lengths.clamp(min=1)[:, None]  # labels for one frame, [B, 1]
    first = torch.floor(index * per_frame + _ROUNDING).long()
    last = (torch.ceil((index + 1) * per_frame - _ROUNDING).long() - 1).maximum(first)
    result = torch.zeros(labels.shape[0], frames, dtype=labels.dtype, device=labels.device)
    most = (label_lengths[:, None] - 1).expand_as(first)
    for step in range(int((last - first).max()) + 1):
        result = result.maximum(labels.gather(1, (first + step).minimum(last).minimum(most)))
    return result.masked_fill(index >= lengths[:, None], 0)


_ROUNDING = 1e-4
"""Part of a label that is taken for an inexact quotient."""
