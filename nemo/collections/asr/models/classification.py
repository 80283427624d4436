"""Classification of whole recordings: spoken commands (MatchboxNet), voice activity (MarbleNet), language.

audio [B, T] -> preprocessor -> encoder -> [B, H, S] -> decoder, which pools over time -> logits [B, V]
Majumdar & Ginsburg, 2020 (https://arxiv.org/abs/2004.08531); Jia et al., 2021 (https://arxiv.org/abs/2010.13886).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nemo.collections.asr.metrics.class_counts import class_counts, macro_accuracy
from nemo.collections.asr.models.asr_model import given_audio
from nemo.collections.asr.models.audio_classifier import AudioClassifier, LabelBatch
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.output_sizes import new_classes
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.metrics.classification_accuracy import TopKClassificationAccuracy, compute_topk_accuracy
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import LogitsType, NeuralType
from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from nemo.collections.asr.inference.classify import Classification

logger = logging.getLogger(__name__)


class EncDecClassificationModel(AudioClassifier):
    """Gives each recording one of V classes.

        model = EncDecClassificationModel.restore_from("commands.nemo")
        print(model.classify("yes.wav")[0].label)

    Args:
        cfg: an :class:`~nemo.collections.asr.models.audio_classifier.AudioClassifierConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def _build_outputs(self) -> None:
        if self.cfg.is_regression_task:
            raise ConfigError(
                f"model.is_regression_task is true, and {type(self).__name__} gives classes. Use "
                "EncDecRegressionModel, or set it to false."
            )
        self._check_labels()
        decoder = self._decoder_config(len(self.labels), "feat_in")
        self._replace_sections(decoder=decoder)
        self.decoder = self.from_config_dict(decoder)
        self.loss = CrossEntropyLoss(weight=self._class_weights())
        # here it is a batch's accuracy; sets of several processes come together at their end
        self._accuracy = TopKClassificationAccuracy(sync_on_compute=False)

    def change_labels(self, new_labels: Sequence[str]) -> None:
        """Gives the model other classes: a new decoder, untrained, with the loss and metric that belong to it.

        Args:
            new_labels: the classes; the same as before change nothing.

        Raises:
            ConfigError: no labels, or one stands twice.
        """
        labels = new_classes(new_labels, self.labels)
        if not labels:
            return
        decoder = copy.deepcopy(self.cfg.decoder)
        decoder.num_classes = len(labels)
        self._replace_sections(decoder=decoder, loss=None)
        self._relabel_datasets(labels)
        device, top_k = self.device, self._accuracy.top_k
        self._build_outputs()
        self._accuracy.top_k = top_k
        self.to(device)
        logger.info("the decoder has %d new labels and must be trained", len(labels))

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits."""
        return {"outputs": NeuralType(("B", "D"), LogitsType())}

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
            [B, V].

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        encoded, _ = self.encode(input_signal, input_signal_length, processed_signal, processed_signal_length)
        logits: Tensor = self.decoder(encoder_output=encoded)
        return logits

    def forward_for_export(self, audio_signal: Tensor, length: Tensor) -> Tensor:
        """Features [B, D, F] and lengths [B] -> logits [B, V]; no preprocessor in the graph."""
        encoded, _ = self.encoder(audio_signal=audio_signal, length=length)
        return self.decoder(encoder_output=encoded)

    # ------------------------------------------------------------------------------------------------------ inference

    def classify(self, audio: Any, batch_size: int = 4, **options: Any) -> list[Classification]:
        """Classifies recordings.

        Args:
            audio: what :meth:`transcribe` takes.
            batch_size: recordings computed together; only equally long ones are, so it does not change results.
            **options: `channel_selector`, `augmentor` and `verbose` of :func:`~...inference.classify.classify`.

        Returns:
            For each recording its likeliest label, and the probability of each label.
        """
        from nemo.collections.asr.inference.classify import classify

        return classify(self, audio, batch_size, **options)

    def transcribe(  # type: ignore[override]  # labels instead of texts, as in the original
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
        """Classifies recordings, in the original's form; :meth:`classify` gives labels and probabilities by name.

        Args:
            audio: a path, a numpy array or tensor of samples at the model's rate, a list of such, or the path of a
                manifest (``.json`` or ``.jsonl``).
            batch_size: recordings computed together.
            logprobs: return logits.
            paths2audio_files: the name of `audio` in release 1.
            channel_selector: which channel of recordings with several: an index, or ``average``.
            augmentor: changes each recording first.
            num_workers: accepted for old scripts, without effect.
            verbose: show a progress bar.

        Returns:
            For each recording the numbers of its likeliest classes, as many as the largest of the accuracy's `top_k`;
            with `logprobs` an array of logits [V]. Empty for a recording that cannot be read, which is logged.
        """
        results = self.classify(
            given_audio(audio, paths2audio_files),
            batch_size,
            channel_selector=channel_selector,
            augmentor=augmentor,
            verbose=verbose,
        )
        if logprobs:
            return [result.logits.numpy() for result in results]
        none = torch.zeros(0, dtype=torch.long)
        return [
            self._accuracy.top_k_predicted_labels(result.logits) if result.error is None else none for result in results
        ]

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: LabelBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate and the batch's accuracy."""
        signal, signal_lengths, labels, _ = batch
        logits = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        loss = self.loss(logits=logits, labels=labels)
        return {"loss": loss, "log": self._training_log(loss) | batch_accuracies(logits, labels, self._accuracy)}

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and accuracies of one validation set."""
        return combined_accuracies(outputs, "val", self._accuracy.top_k)

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss (mean of the batches) and accuracies of one test set."""
        return combined_accuracies(outputs, "test", self._accuracy.top_k)

    def _evaluate(self, batch: LabelBatch, prefix: str) -> dict[str, Tensor]:
        signal, signal_lengths, labels, _ = batch
        logits = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        return batch_counts(self.loss(logits=logits, labels=labels), logits, labels, self._accuracy, prefix)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this family."""
        return published_models("EncDecClassificationModel")


def batch_accuracies(logits: Tensor, labels: Tensor, accuracy: TopKClassificationAccuracy) -> dict[str, Any]:
    """What is logged of a training batch with logits [N, V] and labels [N]."""
    accuracy.update(logits=logits, labels=labels)
    shares = accuracy.compute()
    accuracy.reset()
    return {f"training_batch_accuracy_top_{k}": share for k, share in zip(accuracy.top_k, shares, strict=True)}


def batch_counts(
    loss: Tensor, logits: Tensor, labels: Tensor, accuracy: TopKClassificationAccuracy, prefix: str
) -> dict[str, Tensor]:
    """Loss and counts of a batch with logits [N, V] and labels [N]; sums of them are those of a set."""
    accuracy.update(logits=logits, labels=labels)
    correct, total = accuracy.correct_counts_k, accuracy.total_counts_k
    accuracy.reset()
    recognised, present = class_counts(logits.argmax(dim=-1), labels, logits.shape[-1])
    values = {
        "loss": loss,
        "correct_counts": correct,
        "total_counts": total,
        "recognised_of_class": recognised,
        "total_of_class": present,
    }
    return {f"{prefix}_{name}": value for name, value in values.items()}


def combined_accuracies(outputs: list[dict[str, Tensor]], prefix: str, top_k: Sequence[int]) -> dict[str, Any]:
    """Mean loss, and accuracies over all examples (`_acc_micro_top_k`) and over classes (`_acc_macro`) of a set."""
    stacked = {name: torch.stack([output[name] for output in outputs]) for name in outputs[0]}
    loss = stacked[f"{prefix}_loss"].mean()
    log = {f"{prefix}_loss": loss}
    scores = compute_topk_accuracy(stacked[f"{prefix}_correct_counts"], stacked[f"{prefix}_total_counts"])
    for k, score in zip(top_k, scores, strict=True):
        log[f"{prefix}_epoch_top@{k}"] = log[f"{prefix}_acc_micro_top_{k}"] = score  # two names that configs monitor
    recognised, total = stacked[f"{prefix}_recognised_of_class"].sum(0), stacked[f"{prefix}_total_of_class"].sum(0)
    log[f"{prefix}_acc_macro"] = macro_accuracy(recognised, total)
    return {f"{prefix}_loss": loss, "log": log}
