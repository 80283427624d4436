"""Regression of one number for a recording, such as a speaker's age or a quality.

audio [B, T] -> preprocessor -> encoder -> [B, H, S] -> decoder, which pools over time -> values [B]
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.models.asr_model import given_audio
from nemo.collections.asr.models.audio_classifier import AudioClassifier, LabelBatch
from nemo.collections.common.losses.mse_loss import MSELoss
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import NeuralType, RegressionValuesType
from nemo.utils.exceptions import ConfigError


class EncDecRegressionModel(AudioClassifier):
    """Gives each recording a number, `label` in manifests.

    Args:
        cfg: an :class:`~nemo.collections.asr.models.audio_classifier.AudioClassifierConfig`, DictConfig or dict, with
            `is_regression_task: true`.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def _build_outputs(self) -> None:
        if not self.cfg.is_regression_task:
            raise ConfigError(
                "model.is_regression_task is false, and EncDecRegressionModel gives numbers. Set it to true, or use "
                "EncDecClassificationModel."
            )
        decoder = self._decoder_config(1, "feat_in")
        self._replace_sections(decoder=decoder)
        self.decoder = self.from_config_dict(decoder)
        self.loss = MSELoss()

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """The numbers."""
        return {"preds": NeuralType(tuple("B"), RegressionValuesType())}

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
    ) -> Tensor:
        """Computes the numbers [B] from audio [B, T], or from features [B, D, F] that are ready.

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        encoded, _ = self.encode(input_signal, input_signal_length, processed_signal, processed_signal_length)
        values: Tensor = self.decoder(encoder_output=encoded)
        return values.squeeze(-1)

    def forward_for_export(self, audio_signal: Tensor, length: Tensor) -> Tensor:
        """Features [B, D, F] and lengths [B] -> the decoder's output [B, 1]; no preprocessor in the graph."""
        encoded, _ = self.encoder(audio_signal=audio_signal, length=length)
        return self.decoder(encoder_output=encoded)

    def transcribe(  # type: ignore[override]  # numbers instead of texts, as in the original
        self,
        audio: Any = None,
        batch_size: int = 4,
        *,
        paths2audio_files: Any = None,
        channel_selector: Any = None,
        augmentor: Any = None,
        verbose: bool = True,
    ) -> list[float]:
        """The number of each recording; the arguments are those of ``EncDecClassificationModel.transcribe``.

        A recording that cannot be read is logged, and its number is NaN.
        """
        from nemo.collections.asr.inference.classify import outputs_of_recordings

        rows = outputs_of_recordings(
            self, given_audio(audio, paths2audio_files), batch_size, channel_selector, augmentor, verbose
        )
        return [math.nan if isinstance(row, Exception) else float(row) for row in rows]

    def training_step(self, batch: LabelBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        loss, _, _ = self._loss(batch)
        return {"loss": loss, "log": self._training_log(loss)}

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), mean squared and mean absolute error of one validation set."""
        return _combine(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches), mean squared and mean absolute error of one test set."""
        return _combine(outputs, "test")

    def _loss(self, batch: LabelBatch) -> tuple[Tensor, Tensor, Tensor]:
        signal, signal_lengths, targets, _ = batch
        values = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        return self.loss(preds=values, labels=targets), values, targets

    def _evaluate(self, batch: LabelBatch, prefix: str) -> dict[str, Tensor]:
        loss, values, targets = self._loss(batch)
        errors = values - targets
        results = {
            "loss": loss,
            "squared": errors.square().sum(),
            "absolute": errors.abs().sum(),
            "count": torch.tensor(len(targets), device=loss.device),
        }
        return {f"{prefix}_{name}": value for name, value in results.items()}

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None are published."""
        return []


def _combine(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    sums = {name: torch.stack([output[f"{prefix}_{name}"] for output in outputs]).sum() for name in _SUMMED}
    loss = torch.stack([output[f"{prefix}_loss"] for output in outputs]).mean()
    log = {
        f"{prefix}_loss": loss,
        f"{prefix}_mse": sums["squared"] / sums["count"],
        f"{prefix}_mae": sums["absolute"] / sums["count"],
    }
    return {f"{prefix}_loss": loss, "log": log}


_SUMMED = ("squared", "absolute", "count")
