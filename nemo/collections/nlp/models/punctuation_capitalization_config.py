"""Config of punctuation and capitalization: the whole file, and its `model` section; keys are the original's."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf

from nemo.collections.nlp.data.punctuation_capitalization_config import (
    is_legacy_data_config,
    legacy_data_config_to_new_data_config,
)
from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig


@dataclass
class CommonDatasetParametersConfig:
    """`common_dataset_parameters` section: what all data sets and the model share."""

    pad_label: str = MISSING
    """Label of words without punctuation or capital, of [CLS], [SEP] and padding."""
    ignore_extra_tokens: bool = False
    """The loss counts only the first piece of each word."""
    ignore_start_end: bool = True
    """The loss does not count [CLS] and [SEP]."""
    punct_label_ids: Any = None
    """Number of each punctuation label; null: from files, or from the training data."""
    capit_label_ids: Any = None
    """Number of each capitalization label; null: from files, or from the training data."""
    label_vocab_dir: str | None = None
    """Folder of the two files that class_labels names."""


@dataclass
class HeadConfig:
    """`punct_head` or `capit_head` section: the layers on the encoder's states."""

    num_fc_layers: int = 1
    fc_dropout: float = 0.1
    activation: str = "relu"
    use_transformer_init: bool = True
    """First weights from a normal distribution of deviation 0.02."""


@dataclass
class ClassLabelsConfig:
    """`class_labels` section: files with one label a line, in the order of the model's outputs."""

    punct_labels_file: str = MISSING
    capit_labels_file: str = MISSING


@dataclass
class PunctuationCapitalizationModelConfig:
    """`model` section."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    class_labels: ClassLabelsConfig = field(
        default_factory=lambda: ClassLabelsConfig("punct_label_ids.csv", "capit_label_ids.csv")
    )
    common_dataset_parameters: CommonDatasetParametersConfig = field(
        default_factory=lambda: CommonDatasetParametersConfig("O")
    )
    punct_head: HeadConfig = field(default_factory=HeadConfig)
    capit_head: HeadConfig = field(default_factory=HeadConfig)
    train_ds: Any = None
    """A PunctuationCapitalizationTrainDataConfig."""
    validation_ds: Any = None
    """A PunctuationCapitalizationEvalDataConfig."""
    test_ds: Any = None
    optim: Any = None


@dataclass
class PunctuationCapitalizationConfig:
    """A whole recipe."""

    name: str | None = "Punctuation_and_Capitalization"
    pretrained_model: str | None = None
    """A `.nemo` file or the name of a published model to start from."""
    do_training: bool = True
    do_testing: bool = False
    model: PunctuationCapitalizationModelConfig = field(default_factory=PunctuationCapitalizationModelConfig)
    trainer: Any = field(default_factory=dict)
    exp_manager: Any = field(default_factory=dict)


@dataclass
class PunctuationCapitalizationLexicalAudioModelConfig(PunctuationCapitalizationModelConfig):
    """`model` section of the model that also hears; see PunctuationCapitalizationLexicalAudioModel."""

    audio_encoder: Any = None
    restore_lexical_encoder_from: str | None = None
    use_weighted_loss: bool = False


@dataclass
class PunctuationCapitalizationLexicalAudioConfig(PunctuationCapitalizationConfig):
    """A whole recipe of the model that also hears."""

    model: PunctuationCapitalizationLexicalAudioModelConfig = field(
        default_factory=PunctuationCapitalizationLexicalAudioModelConfig
    )


def is_legacy_model_config(model_cfg: Mapping[str, Any] | DictConfig) -> bool:
    """Whether a `model` section is of a release before 1.6: `dataset` instead of common_dataset_parameters."""
    return "common_dataset_parameters" not in model_cfg and (
        "dataset" in model_cfg or "punct_label_ids" in model_cfg or "capit_label_ids" in model_cfg
    )


def legacy_model_config_to_new_model_config(model_cfg: Mapping[str, Any] | DictConfig) -> DictConfig:
    """A `model` section of a release before 1.6 in the form of later ones; a newer one as it is."""
    given: DictConfig = copy.deepcopy(model_cfg) if isinstance(model_cfg, DictConfig) else DictConfig(dict(model_cfg))
    if not is_legacy_model_config(given):
        return given
    dataset = given.pop("dataset", None) or OmegaConf.create({})
    labels = given.get("class_labels") or {}
    made: Any = OmegaConf.merge(
        given,
        {
            "class_labels": {
                key: labels.get(key) or getattr(_FILES, key) for key in ("punct_labels_file", "capit_labels_file")
            },
            "common_dataset_parameters": {
                "pad_label": dataset.get("pad_label", "O"),
                "ignore_extra_tokens": dataset.get("ignore_extra_tokens", False),
                "ignore_start_end": dataset.get("ignore_start_end", True),
                "punct_label_ids": given.pop("punct_label_ids", None),
                "capit_label_ids": given.pop("capit_label_ids", None),
            },
        },
    )
    for key in ("punct_label_ids", "capit_label_ids"):
        made.pop(key, None)
    for key in ("train_ds", "validation_ds", "test_ds"):
        section = made.get(key)
        if section is not None and is_legacy_data_config(section):
            made[key] = legacy_data_config_to_new_data_config(section, dataset, train=key == "train_ds")
    converted: DictConfig = made
    return converted


_FILES = ClassLabelsConfig("punct_label_ids.csv", "capit_label_ids.csv")
