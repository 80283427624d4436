"""The `model` section of an intent and slot config; keys are the original's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig

KEYS_OF_SCRIPTS = ("nemo_path",)
"""Keys of published YAML files that the scripts read."""


@dataclass
class IntentSlotLabelsConfig:
    """`class_labels` section; accepted for old configs: `data_desc` has the labels."""

    intent_labels_file: str | None = "intent_labels.csv"
    slot_labels_file: str | None = "slot_labels.csv"


@dataclass
class IntentSlotHeadConfig:
    """`head` section: the layers on the encoder's states."""

    num_output_layers: int = 2
    fc_dropout: float = 0.1


@dataclass
class IntentSlotSetConfig:
    """`train_ds`, `validation_ds` or `test_ds` section."""

    prefix: str = "train"
    """Files of data_dir: <prefix>.tsv and <prefix>_slots.tsv."""
    ds_item: Any = None
    """Folder of the files instead of data_dir; a list for several sets."""
    batch_size: int = 32
    shuffle: bool = False
    num_samples: int = -1
    """Use only so many sentences; -1 for all."""
    num_workers: int = 0
    pin_memory: bool = False
    drop_last: bool = False


@dataclass
class IntentSlotConfig:
    """`model` section."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    """`max_seq_length` here is the most pieces of a sentence, [CLS] and [SEP] included."""
    data_dir: str | None = None
    """Folder of the data; null where data_desc is there, as in archives."""
    data_desc: Any = None
    """The intents and slots, with their numbers and weights; set from data_dir."""
    class_labels: IntentSlotLabelsConfig = field(default_factory=IntentSlotLabelsConfig)
    class_balancing: str | None = None
    """weighted_loss: rare intents and slots count for more."""
    intent_loss_weight: float = 0.6
    """Weight of the intents' loss; that of the slots' is the rest to 1."""
    pad_label: int = -1
    """Number of the slot of [CLS], [SEP] and padding; -1: that of words that belong to none."""
    ignore_extra_tokens: bool = False
    """The loss counts only the first piece of each word."""
    ignore_start_end: bool = True
    """The loss does not count [CLS] and [SEP]."""
    threshold: float = 0.5
    """Probability from which a sentence has an intent, where it may have several."""
    head: IntentSlotHeadConfig = field(default_factory=IntentSlotHeadConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


DEFAULT_MAX_SEQ_LENGTH = 50
"""Where `language_model` says none."""
