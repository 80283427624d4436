"""A language model: a transformer that does not look ahead (Vaswani et al., 2017; Radford et al., 2018).

input_ids [B, T] -> encoder -> [B, T, H] -> log_softmax -> log_probs [B, T, V] of the token after each
B batch, T tokens, H hidden, V tokens of the vocabulary, rounded up to a multiple of 8.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.common.losses.smoothed_cross_entropy import SmoothedCrossEntropyLoss
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.tokenizers.by_name import get_nmt_tokenizer, get_tokenizer
from nemo.collections.common.transformer.token_transformer import TransformerEncoderNM, get_nemo_transformer
from nemo.collections.nlp.data.sentence_lm import SentenceBatch, build_sentence_loader, sentence_ids
from nemo.collections.nlp.models.translation_network import rounded_up
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LogprobsType, MaskType, NeuralType, TokenIndex
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

if TYPE_CHECKING:
    from nemo.collections.nlp.inference.generate_text import GeneratedTexts, LengthParam, SamplingParam

KEYS_OF_USERS = ("nemo_path", "do_training", "max_seq_length", "language_model", "dataset")
"""Values that the original's YAML files keep in `model`."""


@dataclass
class LMTokenizerConfig:
    """`tokenizer` section of a language model."""

    tokenizer_name: str | None = None
    """sentencepiece, yttm, word, char or regex, or the name of a published model; or give `library`."""
    library: str | None = None
    """As of a translation model: yttm, sentencepiece, huggingface, byte-level, char, regex or tabular."""
    model_name: str | None = None
    """Name of a published model, with the library huggingface."""
    tokenizer_model: str | None = None
    """File of the model."""
    vocab_file: str | None = None
    merges_file: str | None = None
    special_tokens: Any = None
    """Role -> token: a start (bos_token), an end (eos_token) and a padding token (pad_token) are needed."""
    bpe_dropout: float | None = 0.0
    use_fast: bool = False
    r2l: bool = False
    sentencepiece_legacy: bool = False


@dataclass
class LMHeadConfig:
    """`head` section: the classifier of states."""

    num_layers: int = 1
    activation: str = "relu"
    log_softmax: bool = True
    dropout: float = 0.0
    use_transformer_init: bool = True


@dataclass
class TransformerLMConfig:
    """`model` section of a language model; keys are the original's."""

    tokenizer: LMTokenizerConfig = field(default_factory=LMTokenizerConfig)
    encoder: Any = MISSING
    """Sizes of the transformer; `mask_future: true` to train it. Its `vocab_size` comes from the tokenizer."""
    head: LMHeadConfig = field(default_factory=LMHeadConfig)
    label_smoothing: float = 0.0
    """Part of the probability that other tokens share in training; never in validation."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class TransformerLMModel(ModelPT, Exportable):
    """Says how probable each token of a text is after those before it, and writes on.

        model = TransformerLMModel.restore_from("lm.nemo")
        model.score(["the cat sat on the mat"])
        model.generate(["the cat"], {"max_length": 10}).sentences

    Args:
        cfg: a :class:`TransformerLMConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: the transformer or the tokenizer cannot be built, or the tokenizer lacks a start, end or padding.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(TransformerLMConfig, cfg, also=known, mandatory=("encoder",)), trainer)
        classes = rounded_up(int(self.tokenizer.vocab_size))
        self.encoder = _encoder(self.cfg.encoder, classes)
        head = self.cfg.head
        self.log_softmax = TokenClassifier(  # name fixed by archives
            hidden_size=self.encoder.hidden_size,
            num_classes=classes,
            num_layers=head.num_layers,
            activation=head.activation,
            log_softmax=head.log_softmax,
            dropout=head.dropout,
            use_transformer_init=head.use_transformer_init,
        )
        deviation = self.encoder.hidden_size**-0.5
        self.encoder.apply(lambda module: transformer_weights_init(module, deviation))
        # the embedding of a token is also what its probability is computed with (Press and Wolf, 2017)
        self.log_softmax.mlp.last_linear_layer.weight = self.encoder.embedding.token_embedding.weight
        pad = sentence_ids(self.tokenizer)[2]
        self.loss = SmoothedCrossEntropyLoss(pad_id=pad, label_smoothing=self.cfg.label_smoothing)
        self._token_losses = SmoothedCrossEntropyLoss(pad_id=pad, per_token_reduction=False)

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer; its files travel in the archive."""
        tokenizer = _tokenizer(self.cfg.tokenizer, self.register_artifact)
        sentence_ids(tokenizer)
        return tokenizer

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens and where there is no padding."""
        return {
            "input_ids": NeuralType(("B", "T"), TokenIndex()),
            "attention_mask": NeuralType(("B", "T"), MaskType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities of the token after each."""
        return {"log_probs": NeuralType(("B", "T", "D"), LogprobsType())}

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Computes the probabilities of next tokens.

        Args:
            input_ids: [B, T], which begin with the start token.
            attention_mask: [B, T], 1 where there is no padding; None: everywhere.

        Returns:
            [B, T, V] log-probabilities, or logits with `head.log_softmax: false`.
        """
        states = self.encoder(input_ids=input_ids, encoder_mask=attention_mask)
        scores: Tensor = self.log_softmax(hidden_states=states)
        return scores

    def input_example(self, max_batch: int = 2, max_dim: int = 16) -> tuple[Any, ...]:
        """Random tokens, for tracing."""
        device = next(self.parameters()).device
        input_ids = torch.randint(0, int(self.tokenizer.vocab_size), (max_batch, max_dim), device=device)
        return ({"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)},)

    @property
    def max_length(self) -> int | None:
        """Most tokens of a text, start and end included; None: any number."""
        embedding = self.encoder.embedding
        return embedding.max_sequence_length if embedding.learn_positional_encodings else None

    # ------------------------------------------------------------------------------------------------------ inference

    def score(self, texts: list[str], batch_size: int = 32, verbose: bool = False) -> list[float]:
        """Natural logarithms of the probabilities of whole texts, their end included.

        Args:
            texts: plain text.
            batch_size: texts computed together; it does not change results.
            verbose: show a progress bar.

        Raises:
            ShapeError: a text has more tokens than the model has learned positions.
        """
        from nemo.collections.nlp.inference.generate_text import score_texts

        return [sum(each) for each in score_texts(self, texts, batch_size, verbose)]

    def generate(
        self,
        inputs: list[str],
        length_params: LengthParam | None = None,
        sampling_params: SamplingParam | None = None,
        *,
        batch_size: int = 8,
        seed: int | None = None,
        verbose: bool = False,
    ) -> GeneratedTexts:
        """Writes on.

        Args:
            inputs: how the texts begin; may be empty.
            length_params: ``{"max_length": 30, "min_length": 0}``, tokens that are generated.
            sampling_params: ``{"use_greedy": False, "temperature": 1.0, "top_k": 0, "top_p": 0.9}``; None: greedy.
            batch_size: texts computed together.
            seed: of what is drawn; None takes PyTorch's generator.
            verbose: show a progress bar.

        Raises:
            ConfigError: numbers that mean nothing.
            ShapeError: a text would have more tokens than the model has learned positions.
        """
        from nemo.collections.nlp.inference.generate_text import generate

        return generate(self, inputs, length_params, sampling_params, batch_size=batch_size, seed=seed, verbose=verbose)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: SentenceBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate."""
        tokens, mask = batch
        log_probs = self._log_probs(tokens[:, :-1], mask[:, :-1])
        loss = self.loss(log_probs=log_probs, labels=tokens[:, 1:], output_mask=mask[:, 1:])
        rate = self._optimizer.param_groups[0]["lr"] if self._optimizer is not None else 0.0
        return {"loss": loss, "log": {"train_loss": loss, "lr": rate}}

    def validation_step(self, batch: SentenceBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Sum of the losses of a batch, and the tokens that it is of."""
        return self._evaluation_step(batch, dataloader_idx, "validation")

    def test_step(self, batch: SentenceBatch, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """As :meth:`validation_step`."""
        return self._evaluation_step(batch, dataloader_idx, "test")

    def multi_validation_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and perplexity of a token over a validation set."""
        return _of_set(outputs, "val")

    def multi_test_epoch_end(self, outputs: list[dict[str, Tensor]], dataloader_idx: int = 0) -> dict[str, Any]:
        """Loss and perplexity of a token over a test set."""
        return _of_set(outputs, "test")

    def _log_probs(self, tokens: Tensor, mask: Tensor) -> Tensor:
        scores = self.forward(input_ids=tokens, attention_mask=mask)
        return scores if self.cfg.head.log_softmax else scores.log_softmax(dim=-1)

    def token_losses(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Minus the log-probability of each token but the first, [B, T] -> [B, T - 1]; 0 in the padding."""
        log_probs = self._log_probs(tokens[:, :-1], mask[:, :-1])
        losses: Tensor = self._token_losses(log_probs=log_probs, labels=tokens[:, 1:], output_mask=mask[:, 1:])
        return losses

    def _evaluation_step(self, batch: SentenceBatch, dataloader_idx: int, kind: str) -> dict[str, Tensor]:
        tokens, mask = batch
        sums = {"loss_sum": self.token_losses(tokens, mask).sum(), "tokens": mask[:, 1:].sum()}
        outputs = getattr(self, f"{kind}_step_outputs")
        loaders = getattr(self, f"_{kind}_dl")
        (outputs[dataloader_idx] if isinstance(loaders, list) and len(loaders) > 1 else outputs).append(sums)
        return sums

    # ------------------------------------------------------------------------------------------------------------ data

    def setup_training_data(self, train_data_config: Any) -> None:
        """Builds the training loader from a `train_ds` section.

        Raises:
            ConfigError: the transformer looks ahead, and would learn to copy the token that it is to guess.
        """
        if not self.cfg.encoder.get("mask_future"):
            raise ConfigError(
                "model.encoder.mask_future is not true: the model would look at the token that it is to predict. Set "
                "it to true."
            )
        super().setup_training_data(train_data_config)

    def _setup_dataloader_from_config(self, config: Any, where: str) -> Any:
        return build_sentence_loader(config, self.tokenizer, where)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class: none that is still to be had."""
        return []


def _encoder(section: DictConfig, vocab_size: int) -> TransformerEncoderNM:
    options: dict[str, Any] = dict(OmegaConf.to_container(section, resolve=True))  # type: ignore[arg-type]
    library = options.pop("library", "nemo")
    if library != "nemo":
        raise NotYetSupportedError(
            f"model.encoder.library is {library!r}. Expected nemo; other libraries' are not in this release."
        )
    for key in ("config_dict", "_target_"):
        options.pop(key, None)
    name, pretrained = options.pop("model_name", None), bool(options.pop("pretrained", False))
    built = get_nemo_transformer(name, pretrained, {**options, "vocab_size": vocab_size}, encoder=True)
    assert isinstance(built, TransformerEncoderNM)
    return built


def _tokenizer(section: DictConfig, register: Any) -> Any:
    special = section.special_tokens
    special = OmegaConf.to_container(special, resolve=True) if OmegaConf.is_config(special) else special
    files = {key: register(f"tokenizer.{key}", section[key]) for key in ("tokenizer_model", "vocab_file")}
    options = {**files, "special_tokens": special, "use_fast": section.use_fast, "bpe_dropout": section.bpe_dropout}
    options["merges_file"] = register("tokenizer.merges_file", section.merges_file)
    if section.tokenizer_name:
        return get_tokenizer(section.tokenizer_name, **options)
    if section.library:
        return get_nmt_tokenizer(
            section.library, section.model_name, r2l=section.r2l, legacy=section.sentencepiece_legacy, **options
        )
    raise ConfigError(
        "model.tokenizer names neither tokenizer_name nor library. Expected sentencepiece, yttm, word or char; set "
        "tokenizer_name, and the file that it needs."
    )


def _of_set(outputs: list[dict[str, Tensor]], prefix: str) -> dict[str, Any]:
    total = torch.stack([each["loss_sum"].double() for each in outputs]).sum()
    tokens = torch.stack([each["tokens"] for each in outputs]).sum()
    loss = (total / tokens.clamp(min=1)).float()
    perplexity = torch.tensor(math.exp(min(float(loss), 80.0)))
    log = {f"{prefix}_loss": loss, f"{prefix}_PPL": perplexity}
    return {f"{prefix}_loss": loss, "log": log}
