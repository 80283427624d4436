"""What models that label audio share: features, encoder, decoder and data.

audio [B, T] -> preprocessor -> [B, D, F] -> crop_or_pad -> encoder -> [B, H, S] -> decoder -> logits
B batch, T samples, D features, F their frames, H hidden, S encoder frames, V classes.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.asr.data.label_loader import build_audio_to_label_loader
from nemo.collections.asr.models.asr_model import ASRModel
from nemo.collections.asr.models.speech_front import (
    build_speech_front,
    encode_features,
    speech_features,
    speech_input_types,
)
from nemo.collections.common.data.batch_plan import SampleLists
from nemo.core.classes.exportable import Exportable
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

KEYS_OF_USERS = (
    "timesteps",
    "repeat",
    "dropout",
    "separable",
    "kernel_size_factor",
    "n_fft",
    "model_defaults",
    "title",
)
"""Values that the original's YAML files keep in `model` to refer to them."""

LabelBatch = Sequence[Tensor]
"""audio [B, T], its lengths [B], targets [B] or [B, S], their lengths [B]."""


@dataclass
class AudioClassifierConfig:
    """`model` section of a model that labels audio."""

    preprocessor: Any = MISSING
    encoder: Any = MISSING
    decoder: Any = MISSING
    """`num_classes` is set to the number of labels."""
    labels: Any = None
    """Names of the classes, in the order of the model's outputs."""
    sample_rate: int = 16000
    """Hz."""
    spec_augment: Any = None
    """Masks on the features while training; null: none."""
    crop_or_pad_augment: Any = None
    """Makes the features of every recording equally long; null: no."""
    loss: Any = None
    """`weight`: a factor for each class, or auto: rarer classes of the training data count for more."""
    is_regression_task: bool = False
    """The target is a number."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class AudioClassifier(ASRModel, Exportable):
    """Base of models that label audio; a subclass adds loss, metric and steps.

    Args:
        cfg: an :class:`AudioClassifierConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    labels_frames = False
    """Whether the data has a label for each frame."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "encoder", "decoder")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(AudioClassifierConfig, cfg, also=known, mandatory=parts), trainer)
        build_speech_front(self)
        crop_or_pad = self.cfg.crop_or_pad_augment
        self.crop_or_pad = self.from_config_dict(crop_or_pad) if crop_or_pad is not None else None
        self._build_outputs()

    def _build_outputs(self) -> None:
        """Builds `decoder`, `loss` and metrics for the present labels."""
        raise NotImplementedError(f"{type(self).__name__} gives no outputs.")

    @property
    def sample_rate(self) -> int:
        """Hz of the audio that the model takes."""
        own = self.cfg.preprocessor.get("sample_rate")  # MFCC preprocessors of archives do not say
        return int(own if own is not None else self.cfg.sample_rate)

    @property
    def labels(self) -> list[str]:
        """Names of the classes, in the order of the outputs."""
        return [str(label) for label in self.cfg.labels]

    # ----------------------------------------------------------------------------------------------------- the classes

    def _check_labels(self) -> None:
        """Takes the labels from the training data where the config has none.

        Raises:
            ConfigError: there are none, or one stands twice.
        """
        labels = self.cfg.labels
        if labels is None and self._train_dl is not None:
            labels = self._training_set().labels
        if not labels:
            raise ConfigError(
                "model.labels is empty. Expected the names of the classes, in the order of the model's outputs; list "
                "them, or give train_ds a manifest that has them."
            )
        twice = [str(label) for label, count in Counter(map(str, labels)).items() if count > 1]
        if twice:
            raise ConfigError(
                f"model.labels has {', '.join(twice)} more than once. Each class needs a name of its own."
            )
        self._replace_sections(labels=[str(label) for label in labels])

    def _decoder_config(self, num_classes: int, width_key: str) -> DictConfig:
        """The decoder's section with its two widths filled in and checked."""
        config = copy.deepcopy(self.cfg.decoder)
        OmegaConf.set_struct(config, False)
        width = self.encoder._feat_out
        for key, right, of in ((width_key, width, "channels of the encoder"), ("num_classes", num_classes, "labels")):
            given = config.get(key)
            if given is not None and given > 0 and given != right:
                raise ConfigError(f"model.decoder.{key} is {given}, but there are {right} {of}. Set it to {right}.")
            config[key] = right
        return config

    def _class_weights(self) -> list[float] | None:
        """Factors of the classes in the loss, as `model.loss.weight` says; None: all 1.

        Raises:
            ConfigError: not as many as labels.
        """
        weight = self.cfg.loss.get("weight") if self.cfg.loss is not None else None
        count = len(self.labels)
        if weight is None:
            return None
        if weight == "auto":
            if self._train_dl is None:
                return [1.0] * count  # of a restored model, whose weights come from its archive
            counts = self._training_set().label_counts()
            total = sum(counts.values())
            return [total / (count * counts[index]) if counts[index] else 0.0 for index in range(count)]
        if isinstance(weight, str) or len(weight) != count:
            raise ConfigError(
                f"model.loss.weight is {weight}, and there are {count} labels. Expected one number for each, auto or "
                "null."
            )
        return [float(each) for each in weight]

    def _training_set(self) -> Any:
        dataset = self._train_dl.dataset
        return dataset.dataset if isinstance(dataset, SampleLists) else dataset

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths, or features with theirs."""
        return speech_input_types(self.sample_rate)

    def encode(
        self,
        input_signal: Tensor | None,
        input_signal_length: Tensor | None,
        processed_signal: Tensor | None,
        processed_signal_length: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Audio, or features that are ready, -> encoded [B, H, S] and lengths [B].

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        features, lengths = speech_features(
            self, input_signal, input_signal_length, processed_signal, processed_signal_length
        )
        if self.crop_or_pad is not None:
            features, lengths = self.crop_or_pad(input_signal=features, length=lengths)
        return encode_features(self, features, lengths)

    def outputs_of_batch(self, signals: Tensor, lengths: Tensor) -> Sequence[Tensor]:
        """The output for each of several signals [B, T] of `lengths` [B] samples."""
        outputs: Tensor = self.forward(input_signal=signals, input_signal_length=lengths)
        return list(outputs)

    # ------------------------------------------------------------------------------------------------------------ data

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        section.is_regression_task = self.cfg.is_regression_task
        return build_audio_to_label_loader(
            section,
            labels=None if self.cfg.labels is None else self.labels,
            of_frames=self.labels_frames,
            where=where,
            evaluation=where != "model.train_ds",
        )

    # --------------------------------------------------------------------------------------------------------- export

    @property
    def input_module(self) -> Any:
        """The exported file takes what the encoder takes: features and lengths."""
        return self.encoder

    @property
    def output_module(self) -> Any:
        """It gives what the decoder gives."""
        return self.decoder
