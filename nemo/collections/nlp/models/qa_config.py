"""The `model` section of a question answering config; keys are the original's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemo.collections.nlp.models.encoder_config import LanguageModelConfig
from nemo.collections.nlp.modules.tokenizers import TokenizerConfig

KEYS_OF_OTHER_ENGINES = (
    "tensor_model_parallel_size",
    "pipeline_model_parallel_size",
    "nemo_path",
    "library",
    "save_model",
    "tokens_to_generate",
)
"""Keys of published YAML files that other kinds of models or the scripts read."""


@dataclass
class QADataConfig:
    """`dataset` section: what all data sets share, and how answers are searched."""

    version_2_with_negative: bool = False
    """There are questions without an answer."""
    doc_stride: int = 128
    """Tokens from the start of a window of the context to that of the next."""
    max_query_length: int = 64
    """Longer questions are cut to so many tokens."""
    max_seq_length: int = 512
    """Tokens of a window with its question and three special ones."""
    max_answer_length: int = 30
    """Most tokens of an answer."""
    use_cache: bool = False
    """Accepted for old configs, without effect."""
    do_lower_case: bool = True
    """Accepted for old configs, without effect: the tokenizer says it."""
    keep_doc_spans: str = "all"
    """all, or only_positive: windows without the answer are left out of training."""
    null_score_diff_threshold: float = 0.0
    """No answer has to score higher than the best one by more than this."""
    check_if_answer_in_context: str = "only_train"
    """only_train, all or none: where an answer that its context lacks is an error; none leaves such questions out."""
    n_best_size: int = 20
    """Answers that are kept for each question."""
    num_workers: int = 0
    pin_memory: bool = False
    drop_last: bool = False


@dataclass
class QASetConfig:
    """`train_ds`, `validation_ds` or `test_ds` section; the loader's keys of `dataset` may stand here too."""

    file: Any = None
    """JSON in SQuAD format."""
    batch_size: int = 24
    """Windows."""
    shuffle: bool = False
    num_samples: int = -1
    """Use only so many questions; -1 for all."""
    num_workers: int | None = None
    """null: that of dataset, as the next two."""
    pin_memory: bool | None = None
    drop_last: bool | None = None


@dataclass
class QAHeadConfig:
    """`token_classifier` section: the layers on the encoder's states."""

    num_layers: int = 1
    dropout: float = 0.0
    num_classes: int = 2
    """First and last token of the answer: 2."""
    activation: str = "relu"
    log_softmax: bool = False
    use_transformer_init: bool = True
    """First weights from a normal distribution of deviation 0.02."""


@dataclass
class QAModelConfig:
    """`model` section."""

    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    dataset: QADataConfig = field(default_factory=QADataConfig)
    token_classifier: QAHeadConfig = field(default_factory=QAHeadConfig)
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None
