"""Configuration of translation models: a transformer encoder and decoder, tokenizers, data, optimizer.

Each is a plain dataclass that may be changed and handed to ``OmegaConf.structured``; each instance has sections of its
own. Keys and defaults are the original's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from nemo.collections.nlp.data.translation_data_config import TranslationDataConfig
from nemo.collections.nlp.data.translation_tokenizers import TokenizerConfig


@dataclass
class TransformerSectionConfig:
    """What `encoder` and `decoder` share."""

    library: str = "nemo"
    """nemo, or huggingface for an encoder."""
    model_name: str | None = None
    """Of a published model (huggingface)."""
    pretrained: bool = False
    """Start from its weights."""
    max_sequence_length: int = 512
    num_token_types: int = 0
    embedding_dropout: float = 0.1
    learn_positional_encodings: bool = False
    hidden_size: int = 512
    num_layers: int = 6
    inner_size: int = 2048
    num_attention_heads: int = 8
    ffn_dropout: float = 0.1
    attn_score_dropout: float = 0.1
    attn_layer_dropout: float = 0.1
    hidden_act: str = "relu"
    pre_ln: bool = False
    pre_ln_final_layer_norm: bool = True


@dataclass
class EncoderConfig(TransformerSectionConfig):
    """`encoder`."""

    mask_future: bool = False
    """No token looks ahead."""
    config_dict: Any = None
    """Configuration of a huggingface model that is built without its weights."""


@dataclass
class BottleneckEncoderConfig(EncoderConfig):
    """`encoder` of a bottleneck model."""

    arch: str = "seq2seq"
    """seq2seq (no bottleneck), bridge, perceiver, max_pool or avg_pool."""
    hidden_steps: int = 32
    """States after the bottleneck, however long the text is (bridge, perceiver)."""
    hidden_blocks: int = 1
    """Blocks of the bottleneck."""
    hidden_init_method: str = "default"
    """What a perceiver's states are at first: params or bridge."""


@dataclass
class BottleneckDecoderConfig(TransformerSectionConfig):
    """`decoder` of a bottleneck model."""

    arch: str = "seq2seq"


@dataclass
class HeadConfig:
    """`head`: decoder states -> log-probabilities of tokens."""

    num_layers: int = 1
    """Not used, as in the original: the one layer shares the weights of the decoder's embedding."""
    activation: str = "relu"
    log_softmax: bool = True
    dropout: float = 0.0
    use_transformer_init: bool = True


@dataclass
class MTSchedConfig:
    """`optim.sched`."""

    name: str = "InverseSquareRootAnnealing"
    warmup_ratio: float | None = None
    warmup_steps: int | None = None
    min_lr: float = 0.0
    last_epoch: int = -1


@dataclass
class MTOptimConfig:
    """`optim`."""

    name: str = "adam"
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.0
    sched: MTSchedConfig | None = field(default_factory=MTSchedConfig)


@dataclass
class MTEncDecModelConfig:
    """`model` of a translation model."""

    encoder_tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    decoder_tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    encoder: Any = field(default_factory=EncoderConfig)
    decoder: Any = field(default_factory=TransformerSectionConfig)
    head: HeadConfig = field(default_factory=HeadConfig)
    train_ds: Any = None
    """A :class:`~nemo.collections.nlp.data.translation_data_config.TranslationDataConfig`, as the next two."""
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None
    num_val_examples: int = 3
    """Translations that are logged after a validation."""
    num_test_examples: int = 3
    max_generation_delta: int = 10
    """A translation has so many tokens more than its source, at most; negative: any number."""
    label_smoothing: float | None = 0.0
    """Part of the probability that all other tokens share."""
    beam_size: int = 4
    """Translations that go on together; 1 is greedy search."""
    len_pen: float = 0.0
    """Exponent of the length penalty."""
    src_language: Any = "en"
    """Language, or with `multilingual` a list."""
    tgt_language: Any = "en"
    find_unused_parameters: bool | None = True
    """Not used: it is a setting of the trainer's strategy."""
    shared_tokenizer: bool | None = True
    """One tokenizer is trained on the texts of both languages."""
    multilingual: bool | None = False
    """Several languages: a token ``<de>`` before the source says which one is wanted."""
    preproc_out_dir: str | None = None
    """Where tokenizers and tar files go that are made before training."""
    validate_input_ids: bool | None = True
    """Check tokens of batches that were prepared before; they could be those of another tokenizer."""
    shared_embeddings: bool = False
    """Encoder and decoder have one embedding."""


@dataclass
class AAYNBaseConfig(MTEncDecModelConfig):
    """The base model of "Attention Is All You Need" (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762)."""

    train_ds: TranslationDataConfig | None = field(
        default_factory=lambda: TranslationDataConfig(
            src_file_name=MISSING, tgt_file_name=MISSING, tokens_in_batch=512, clean=True, shuffle=True
        )
    )
    validation_ds: TranslationDataConfig | None = field(
        default_factory=lambda: TranslationDataConfig(src_file_name=MISSING, tgt_file_name=MISSING, tokens_in_batch=512)
    )
    test_ds: TranslationDataConfig | None = field(
        default_factory=lambda: TranslationDataConfig(src_file_name=MISSING, tgt_file_name=MISSING, tokens_in_batch=512)
    )
    optim: MTOptimConfig | None = field(default_factory=MTOptimConfig)


@dataclass
class MTBottleneckModelConfig(AAYNBaseConfig):
    """`model` of a bottleneck model: the decoder sees as many states for a long text as for a short one."""

    encoder: Any = field(default_factory=BottleneckEncoderConfig)
    decoder: Any = field(default_factory=BottleneckDecoderConfig)
    model_type: str = "nll"
    """nll: likelihood of the text; mim and vae: with a latent variable."""
    min_logv: float = -6.0
    """Smallest logarithm of a latent variable's variance."""
    latent_size: int = -1
    """Of the latent variable; negative: the encoder's size."""
    non_recon_warmup_batches: int = 200000
    """Batches until losses beside the reconstruction count whole."""
    recon_per_token: bool = True
    """The loss is a mean over tokens; false: a sum over each text's tokens, and a mean over texts."""
    log_timing: bool = True
    """Not used: translate(log_timing=True) measures."""


@dataclass
class AAYNBottleneckConfig(MTBottleneckModelConfig):
    """The sizes of :class:`AAYNBaseConfig`."""
