"""What models on a text encoder share: the tokenizer, the encoder, and the files of both in the archive."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torch
from omegaconf import DictConfig
from pytorch_lightning import Trainer

from nemo.collections.common.text_encoders.encoder import BertEncoder
from nemo.collections.common.text_encoders.model_parts import (
    build_encoder,
    build_tokenizer,
    has_tokenizer,
    register_encoder_config,
)
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.pretrained import PretrainedModelInfo, resolve_subclass_pretrained_model_info
from nemo.core.neural_types import ChannelType, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError


class NLPModel(ModelPT, Exportable):
    """Base of models with a `tokenizer` and a text encoder, `bert_model`; a subclass adds heads and data.

    Args:
        cfg: the `model` section: DictConfig, dict or dataclass. `tokenizer` and `language_model` may be absent.
        trainer: a Lightning Trainer; may be set later.
        no_lm_init: leave out the encoder; the subclass builds one.

    Raises:
        ConfigError: the encoder or the tokenizer cannot be built.
    """

    bert_model: BertEncoder
    hidden_size: int
    """H, width of the encoder's states."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None, no_lm_init: bool = False) -> None:
        super().__init__(cfg, trainer)
        if has_tokenizer(self.cfg):
            self.tokenizer  # noqa: B018 - built now, if no loader has asked for it yet, so that its files are registered
        if self.cfg.get("language_model") is not None and not no_lm_init:
            self.bert_model = self._build_encoder()
            self.hidden_size = self.bert_model.hidden_size
            self.register_bert_model()

    # ------------------------------------------------------------------------------------------ tokenizer and encoder

    @functools.cached_property
    def tokenizer(self) -> Any:
        """The tokenizer: a ``TokenizerSpec``. Built on first use, because the base class needs it for its loaders."""
        if not has_tokenizer(self.cfg):
            raise ConfigError(
                "model.tokenizer.tokenizer_name is not set. Expected the name of a published model, such as "
                "bert-base-uncased, or sentencepiece, word, char; set it, and the files that it needs."
            )
        return build_tokenizer(self, self.cfg.tokenizer)

    def setup_tokenizer(self, cfg: DictConfig | Mapping[str, Any]) -> None:
        """Gives the model the tokenizer of another `tokenizer` section, whose files become the model's."""
        self.tokenizer = build_tokenizer(self, cfg)

    def _build_encoder(self) -> BertEncoder:
        """The encoder of `language_model`; its config file, if it names one, is an artifact."""
        return build_encoder(self)

    def register_bert_model(self) -> None:
        """Makes the encoder's config an artifact, so that the archive describes it whole."""
        register_encoder_config(self, self.bert_model)

    # -------------------------------------------------------------------------------------------------- network, export

    @property
    def input_module(self) -> Any:
        """The encoder: its inputs are those of an exported file."""
        return self.bert_model

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens, which of them count, and to which of two texts they belong."""
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "attention_mask": NeuralType(("B", "T"), MaskType(), optional=True),
            "token_type_ids": NeuralType(("B", "T"), ChannelType(), optional=True),
        }

    def input_example(self, max_batch: int = 2, max_dim: int = 32) -> tuple[Any, ...]:
        """Random tokens, for tracing."""
        example: tuple[Any, ...] = self.bert_model.input_example(max_batch, max_dim)
        return example

    @property
    def encoder(self) -> BertEncoder:
        """The encoder, under the name that other models have for theirs."""
        return self.bert_model

    # --------------------------------------------------------------------------------------------------- evaluation

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """What :meth:`validation_step` gives; :attr:`testing` is True meanwhile."""
        of_set = () if dataloader_idx == 0 else (dataloader_idx,)  # steps for one set do not take its number
        return self.validation_step(batch, batch_idx, *of_set)

    def keep_step_output(self, output: Any, dataloader_idx: int = 0) -> None:
        """Keeps what a validation or test step gave for the end of the epoch; the same object only once."""
        outputs = self.test_step_outputs if self.testing else self.validation_step_outputs
        if outputs and isinstance(outputs[0], list):
            outputs = outputs[dataloader_idx]
        if not any(kept is output for kept in outputs[-1:]):
            outputs.append(output)

    def on_validation_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Keeps what a step returned that did not do so itself, as steps written for release 1 do not."""
        if isinstance(outputs, Mapping):
            self.keep_step_output(outputs, dataloader_idx)

    def on_test_batch_end(self, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """As :meth:`on_validation_batch_end`."""
        self.on_validation_batch_end(outputs, batch, batch_idx, dataloader_idx)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of all text classes."""
        return resolve_subclass_pretrained_model_info(cls)

    @property
    def max_length(self) -> int | None:
        """Most tokens of a text that the encoder takes; None: any number."""
        return self.bert_model.max_length


def device_of(model: torch.nn.Module) -> torch.device:
    """Where the weights of a model are."""
    return next(model.parameters()).device
