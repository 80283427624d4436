"""The `model` section of a token classification config; keys are the original's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig


@dataclass
class TokenHeadConfig:
    """`head` section: the layers on the encoder's states."""

    num_fc_layers: int = 2
    fc_dropout: float = 0.5
    activation: str = "relu"
    use_transformer_init: bool = True
    """First weights from a normal distribution of deviation 0.02."""


@dataclass
class TokenDataConfig:
    """`dataset` section: what all data sets share."""

    data_dir: str | None = None
    """Folder of the files that train_ds, validation_ds and test_ds name; null: they name whole paths."""
    class_balancing: str | None = None
    """weighted_loss: rarer labels of the training data count for more; null: all count the same."""
    max_seq_length: int = 128
    """Most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off."""
    pad_label: str = "O"
    """Label of words without a class, of [CLS], [SEP] and padding."""
    ignore_extra_tokens: bool = False
    """The loss counts only the first piece of each word."""
    ignore_start_end: bool = False
    """The loss does not count [CLS] and [SEP]."""
    use_cache: bool = True
    """Accepted for old configs, without effect."""
    num_workers: int = 0
    pin_memory: bool = False
    drop_last: bool = False


@dataclass
class TokenClassLabelsConfig:
    """`class_labels` section."""

    class_labels_file: str | None = "label_ids.csv"
    """File with one label a line, in the order of the model's outputs; read where label_ids is null."""


@dataclass
class TokenSetConfig:
    """`train_ds`, `validation_ds` or `test_ds` section; keys of `dataset` may stand here too."""

    text_file: Any = None
    labels_file: Any = None
    ds_item: Any = None
    """Folder of the two files; a list of folders for several sets. Instead of dataset.data_dir."""
    shuffle: bool = False
    num_samples: int = -1
    """Use only so many sentences; -1 for all."""
    batch_size: int = 64


@dataclass
class TokenClassificationConfig:
    """`model` section."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    label_ids: Any = None
    """Number of each label; null: taken from class_labels_file, or from the training data."""
    class_labels: TokenClassLabelsConfig = field(default_factory=TokenClassLabelsConfig)
    dataset: TokenDataConfig = field(default_factory=TokenDataConfig)
    head: TokenHeadConfig = field(default_factory=TokenHeadConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None
