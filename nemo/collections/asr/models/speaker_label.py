"""Speaker recognition: embeddings that are near for one voice and far for two (TitaNet, ECAPA-TDNN).

audio [B, T] -> preprocessor -> encoder -> [B, H, S] -> decoder, which pools -> logits [B, V], embeddings [B, E]
Koluguri et al., 2022 (https://arxiv.org/abs/2110.04410); Desplanques et al., 2020 (https://arxiv.org/abs/2005.07143).
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from nemo.collections.asr.data.label_loader import build_audio_to_label_loader
from nemo.collections.asr.losses.angular_softmax import AngularSoftmaxLoss
from nemo.collections.asr.models.audio_classifier import AudioClassifier, LabelBatch
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.classification import batch_accuracies, batch_counts, combined_accuracies
from nemo.collections.asr.models.output_sizes import new_classes
from nemo.collections.common.data.batch_plan import SampleLists
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.collections.common.metrics.classification_accuracy import TopKClassificationAccuracy
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AcousticEncodedRepresentation, LogitsType, NeuralType
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class EncDecSpeakerLabelModel(AudioClassifier):
    """Embeds voices; trained by telling the V speakers of the training data apart.

        model = EncDecSpeakerLabelModel.restore_from("titanet.nemo")
        print(model.verify_speakers("one.wav", "other.wav"))

    Args:
        cfg: an :class:`~nemo.collections.asr.models.audio_classifier.AudioClassifierConfig`, DictConfig or dict.
            Speakers are `train_ds.labels`, `labels`, or those of the training data, sorted.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    _speakers: list[str] | None = None
    """Found in the training data, while the model is built."""

    def _build_outputs(self) -> None:
        labels = self._find_labels()
        decoder = self._decoder_config(_count_classes(self.cfg.decoder, labels), "feat_in")
        if "angular" in str(self._loss_section().get("_target_", "")).lower():
            decoder.angular = True
        self._replace_sections(decoder=decoder)
        if labels:
            self._keep_labels(labels)
        self.decoder = self.from_config_dict(decoder)
        self._build_losses()

    def _build_losses(self) -> None:
        weight = self._class_weights()
        self.loss = self._make_loss(weight)
        self.eval_loss = self._make_loss(None)
        # here it is a batch's accuracy; sets of several processes come together at their end
        self._accuracy = TopKClassificationAccuracy(sync_on_compute=False)

    def _make_loss(self, weight: Sequence[float] | None) -> Any:
        section = self._loss_section()
        section.pop("weight", None)
        options = {} if weight is None else {"weight": list(weight)}
        if "_target_" in section:
            return self.from_config_dict(OmegaConf.create({**section, **options}))
        if self.decoder.angular:
            return AngularSoftmaxLoss(**section)
        return CrossEntropyLoss(weight=weight, **section)

    def _loss_section(self) -> dict[str, Any]:
        section: Any = None if self.cfg.loss is None else OmegaConf.to_container(self.cfg.loss, resolve=True)
        return section or {}

    # ---------------------------------------------------------------------------------------------------- the speakers

    @property
    def labels(self) -> list[str]:
        """Names of the speakers, in the order of the logits; empty for an archive that does not name them."""
        return [str(label) for label in self.cfg.labels or ()]

    @property
    def embedding_size(self) -> int:
        """E."""
        return int(self.decoder.final.in_features)

    def _find_labels(self) -> list[str]:
        given = _labels_of(self.cfg.train_ds)
        labels = given or self.labels or self._speakers or []
        if len(set(labels)) < len(labels):
            twice = sorted({label for label in labels if labels.count(label) > 1})
            raise ConfigError(f"labels have {', '.join(twice)} more than once. Each speaker needs a name of its own.")
        return labels

    def _keep_labels(self, labels: Sequence[str]) -> None:
        """Writes the speakers where we look for them, and in `train_ds`, where the original does."""
        sections = {}
        if self.cfg.train_ds is not None:
            sections["train_ds"] = OmegaConf.merge(self.cfg.train_ds, {"labels": list(labels)})
        self._replace_sections(labels=list(labels), **sections)

    def change_labels(self, new_labels: Sequence[str]) -> None:
        """Gives the model other speakers to learn from: the last layer anew, untrained; embeddings stay.

        Args:
            new_labels: the speakers; the same as before change nothing.

        Raises:
            ConfigError: no labels, or one stands twice.
        """
        labels = new_classes(new_labels, self.labels)
        if not labels:
            return
        decoder = copy.deepcopy(self.cfg.decoder)
        decoder.num_classes = len(labels)
        self._replace_sections(decoder=decoder)
        self._relabel_datasets(labels)
        self._keep_labels(labels)
        self.decoder.change_classes(len(labels))
        if self._loss_section().get("weight") is not None:
            self._replace_sections(loss={**self._loss_section(), "weight": None})
        self._build_losses()
        logger.info("the last layer has %d new speakers and must be trained", len(labels))

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Logits and embeddings."""
        return {
            "logits": NeuralType(("B", "D"), LogitsType()),
            "embs": NeuralType(("B", "D"), AcousticEncodedRepresentation()),
        }

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Computes logits and embeddings from audio, or from features that are ready.

        Args:
            input_signal: [B, T] audio.
            input_signal_length: [B] samples.
            processed_signal: [B, D, F] features, instead of audio.
            processed_signal_length: [B] frames.

        Returns:
            [B, V] and [B, E].

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        encoded, lengths = self.encode(input_signal, input_signal_length, processed_signal, processed_signal_length)
        outputs: tuple[Tensor, Tensor] = self.decoder(encoder_output=encoded, length=lengths)
        return outputs

    def forward_for_export(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, D, F] and lengths [B] -> logits [B, V], embeddings [B, E]; no preprocessor in the graph."""
        encoded, lengths = self.encoder(audio_signal=audio_signal, length=length)
        outputs: tuple[Tensor, Tensor] = self.decoder(encoder_output=encoded, length=lengths)
        return outputs

    def outputs_of_batch(self, signals: Tensor, lengths: Tensor) -> Sequence[Tensor]:
        """Logits and then embedding, [V + E], of each of several signals [B, T] of `lengths` [B] samples."""
        return list(torch.cat(self.forward(input_signal=signals, input_signal_length=lengths), dim=1))

    # ------------------------------------------------------------------------------------------------------ inference

    def infer_file(self, path2audio_file: Any) -> tuple[Tensor, Tensor]:
        """Embedding [1, E] and logits [1, V] of a recording, on the CPU.

        Args:
            path2audio_file: its path; other sample rates are brought to the model's.

        Raises:
            AudioFileError: it cannot be read.
        """
        from nemo.collections.asr.inference.speakers import outputs_of_one

        outputs = outputs_of_one(self, path2audio_file)
        return outputs.embeddings, outputs.logits

    def infer_segment(self, segment: Any) -> tuple[Tensor, Tensor]:
        """Embedding [1, E] and logits [1, V] of samples [T] at the model's rate, an array or tensor."""
        return self.infer_file(segment)

    def get_embedding(self, path2audio_file: Any) -> Tensor:
        """Embedding [1, E] of a recording; see :meth:`infer_file`."""
        return self.infer_file(path2audio_file)[0]

    def get_label(
        self,
        path2audio_file: Any,
        segment_duration: float = math.inf,
        num_segments: int = 1,
        random_seed: int | None = None,
    ) -> str:
        """The likeliest speaker (or language, if such a model was trained) of a recording.

        Args:
            path2audio_file: its path.
            segment_duration: seconds; `num_segments` random parts of this length vote.
            num_segments: how many.
            random_seed: of their places.

        Returns:
            The label; its number as a string for an archive that does not name its labels.
        """
        from nemo.collections.asr.inference.speakers import most_frequent_class

        best = most_frequent_class(self, path2audio_file, segment_duration, num_segments, random_seed)
        return self.labels[best] if best < len(self.labels) else str(best)

    def verify_speakers(self, path2audio_file1: Any, path2audio_file2: Any, threshold: float = 0.7) -> bool:
        """Whether two recordings are of one speaker.

        Args:
            path2audio_file1: a recording.
            path2audio_file2: another one.
            threshold: smallest similarity, (cosine + 1) / 2, of embeddings of one speaker.
        """
        from nemo.collections.asr.inference.speakers import similarity

        score = float(similarity(self.get_embedding(path2audio_file1)[0], self.get_embedding(path2audio_file2)[0]))
        same = score >= threshold
        logger.info("similarity %.3f: %s speaker", score, "the same" if same else "another")
        return same

    def batch_inference(
        self, manifest_filepath: str, batch_size: int = 32, sample_rate: int = 16000, device: str | None = "cuda"
    ) -> tuple[NDArray[Any], NDArray[Any], list[Any], list[str] | None]:
        """Embeddings and logits of the recordings of a manifest.

        Args:
            manifest_filepath: the manifest; `label` may be missing.
            batch_size: recordings computed together; it does not change results.
            sample_rate: Hz, the model's.
            device: where to compute; where the machine has no such device, and for None, where the model is.

        Returns:
            Embeddings [N, E], logits [N, V], the manifest's labels, and the names of the model's speakers, None if it
            has none. Rows of recordings that cannot be read are NaN, which is logged.

        Raises:
            ConfigError: another sample rate than the model's.
        """
        from nemo.collections.asr.inference.speakers import outputs_of_manifest

        outputs, given = outputs_of_manifest(self, manifest_filepath, batch_size, sample_rate, device)
        return outputs.embeddings.numpy(), outputs.logits.numpy(), given, self.labels or None

    def transcribe(self, *arguments: Any, **named: Any) -> list[Any]:
        """There is no text: :meth:`get_embedding`, :meth:`get_label` and :meth:`batch_inference` are meant.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            "EncDecSpeakerLabelModel.transcribe was called, and speaker models give no text. Expected a model of "
            "speech recognition; for voices use get_embedding, get_label or batch_inference."
        )

    # -------------------------------------------------------------------------------------------------------- training

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        labels = _labels_of(self.cfg.get("train_ds")) or self.labels or self._speakers
        loader = build_audio_to_label_loader(section, labels=labels, where=where, evaluation=where != "model.train_ds")
        if labels is None and where == "model.train_ds":
            dataset: Any = loader.dataset
            self._speakers = list((dataset.dataset if isinstance(dataset, SampleLists) else dataset).labels)
            if "decoder" in self._modules:  # of an archive that does not name its speakers
                _count_classes(self.cfg.decoder, self._speakers)
                self._keep_labels(self._speakers)
        return loader

    def training_step(self, batch: LabelBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate and the batch's accuracy."""
        signal, signal_lengths, labels, _ = batch
        logits, _ = self.forward(input_signal=signal, input_signal_length=signal_lengths)
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
        logits, _ = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        return batch_counts(self.eval_loss(logits=logits, labels=labels), logits, labels, self._accuracy, prefix)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this family."""
        return published_models("EncDecSpeakerLabelModel")


def _labels_of(section: DictConfig | None) -> list[str]:
    """The labels of a dataset section; none where it has none."""
    return [] if section is None else [str(label) for label in section.get("labels") or ()]


def _count_classes(decoder: DictConfig, labels: Sequence[str]) -> int:
    """V: as `num_classes` of the decoder's section says, or as many as there are labels."""
    given = decoder.get("num_classes")
    if given is None or given < 1:
        if not labels:
            raise ConfigError(
                f"model.decoder.num_classes is {given}, and there are no labels. Expected the number of speakers; set "
                "it, or give train_ds a manifest with labels."
            )
        return len(labels)
    if given < len(labels):
        raise ConfigError(
            f"model.decoder.num_classes is {given}, but there are {len(labels)} speakers. Set it to {len(labels)}, or "
            "to -1 to have them counted."
        )
    if labels and given > len(labels):
        logger.warning("model.decoder.num_classes is %d, and there are %d speakers", given, len(labels))
    return int(given)
