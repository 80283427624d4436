"""Text encoders of the package transformers, as typed modules: BERT, RoBERTa, DistilBERT and whatever else it has.

input_ids [B, T] -> last hidden states [B, T, H]
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from nemo.core.archive.plain import load_plain
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import ChannelType, MaskType, NeuralType
from nemo.utils.exceptions import ArchiveError, ShapeError

logger = logging.getLogger(__name__)

_POSITIONS_AFTER_PADDING = ("roberta", "camembert", "xlm-roberta", "longformer", "mpnet")
"""Architectures that number positions from the padding's id on, and so have fewer of them than their table."""
_SHARED = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")


class BertEncoder(NeuralModule, Exportable):
    """An encoder of transformers whose weights are this module's own, under the names that transformers gives them.

    The parts are those of the wrapped network, not copies: replacing, moving or loading one does so in both, and the
    state dict has no further prefix, as archives have it.

    Args:
        network: a ``transformers.PreTrainedModel`` that gives last hidden states.
        name: of the published model, for messages.
    """

    _network: Any
    leaves_parameters_unused = True
    """The heads look at the states of all tokens and not at the pooled state of the first."""

    def __init__(self, network: Any, name: str = "") -> None:
        super().__init__()
        for attribute in _SHARED:
            self.__dict__[attribute] = network.__dict__[attribute]
        self.__dict__["_network"] = network  # no child: its children are ours
        self._name = name
        accepted = inspect.signature(network.forward).parameters
        self._takes_token_types = "token_type_ids" in accepted and getattr(network.config, "type_vocab_size", 1) > 0

    @property
    def training(self) -> bool:
        """Whether dropout works; the wrapped network has the same mode."""
        return bool(self.__dict__.get("_training", True))

    @training.setter
    def training(self, mode: bool) -> None:
        self.__dict__["_training"] = mode
        if "_network" in self.__dict__:
            self._network.training = mode

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens, which of them count, and to which of two texts they belong."""
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "attention_mask": NeuralType(("B", "T"), MaskType(), optional=True),
            "token_type_ids": NeuralType(("B", "T"), ChannelType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """States."""
        return {"last_hidden_states": NeuralType(("B", "T", "D"), ChannelType())}

    @typecheck()
    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Tensor:
        """Computes the states of the last layer.

        Args:
            input_ids: [B, T] tokens.
            attention_mask: [B, T], 1 for tokens, 0 for padding; None: no padding.
            token_type_ids: [B, T], 0 and 1 for the first and the second text; left out by encoders without them.

        Returns:
            [B, T, H].

        Raises:
            ShapeError: T is more than :attr:`max_length`.
        """
        is_traced = torch.jit.is_tracing()
        if not is_traced and self.max_length is not None and input_ids.shape[1] > self.max_length:
            raise ShapeError(
                f"The encoder {self.name} got texts of {input_ids.shape[1]} tokens; it "
                f"has {self.max_length} positions. Cut the texts: set the data's max_seq_length to {self.max_length} "
                "at most."
            )
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self._takes_token_types:
            inputs["token_type_ids"] = token_type_ids
        with _tracer_warnings_ignored() if is_traced else contextlib.nullcontext():
            states: Tensor = self._network(**inputs, return_dict=False)[0]
        return states

    @property
    def config(self) -> Any:
        """The configuration: a ``transformers.PretrainedConfig``."""
        return self._network.config

    @property
    def hidden_size(self) -> int:
        """H."""
        return int(self.config.hidden_size)

    @property
    def vocab_size(self) -> int:
        """Number of tokens that have an embedding."""
        return int(self.config.vocab_size)

    @property
    def name(self) -> str:
        """Of the published model, or of the architecture."""
        return self._name or str(self.config.model_type)

    @property
    def max_length(self) -> int | None:
        """Most tokens of a text; None: any number."""
        if not getattr(self.config, "position_biased_input", True):
            return None
        positions = getattr(self.config, "max_position_embeddings", None)
        if not positions or positions < 0:
            return None
        after_padding = self.config.model_type in _POSITIONS_AFTER_PADDING
        return int(positions) - (int(self.config.pad_token_id or 0) + 1 if after_padding else 0)

    def get_input_embeddings(self) -> torch.nn.Module:
        """The table of the tokens' embeddings."""
        table: torch.nn.Module = self._network.get_input_embeddings()
        return table

    def resize_token_embeddings(self, num_tokens: int) -> None:
        """Makes the table of embeddings larger or smaller, as a tokenizer with more tokens needs it."""
        self._network.resize_token_embeddings(num_tokens)

    def input_example(self, max_batch: int | None = 2, max_dim: int | None = 32) -> Any:
        """Random tokens, all of which count."""
        shape = (max_batch or 2, min(max_dim or 32, self.max_length or 32))
        device = next(self.parameters()).device
        input_ids = torch.randint(0, self.vocab_size, shape, device=device)
        names = {"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)}
        return ({**names, "token_type_ids": torch.zeros_like(input_ids)},)

    def restore_weights(self, restore_path: str | os.PathLike[str]) -> None:
        """Loads the encoder's weights from a file.

        Args:
            restore_path: a `.nemo` archive, a checkpoint, or a PyTorch file of a state dict. Of a whole model the
                tensors below `bert_model.` (or `bert.`) are taken.

        Raises:
            FileNotFoundError: there is no such file.
            ArchiveError: it holds none of these weights, or other shapes.
        """
        state_dict = _encoder_weights(os.path.expanduser(restore_path))
        try:
            result = self.load_state_dict(state_dict, strict=False)
        except RuntimeError as error:
            raise ArchiveError(
                f"{restore_path} does not fit this encoder: {error}\nGive the config that it was trained with."
            ) from error
        lacking = [name for name in result.missing_keys if not name.startswith("pooler.")]
        if lacking:
            raise ArchiveError(
                f"{restore_path} lacks {len(lacking)} tensors of this encoder: {', '.join(lacking[:4])}. Expected the "
                "state dict of such an encoder, or a model with one under bert_model."
            )
        logger.info("weights of the encoder from %s", restore_path)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any, **named: Any) -> None:
        """Leaves out the numbers of positions, which older releases of transformers saved with the weights."""
        counts = f"{prefix}embeddings.position_ids"
        if counts in state_dict:
            del state_dict[counts]
        super()._load_from_state_dict(state_dict, prefix, *arguments, **named)


@contextlib.contextmanager
def _tracer_warnings_ignored() -> Iterator[None]:
    """The sizes that the network asks for are the same in every trace."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        yield


def _encoder_weights(path: str) -> dict[str, Tensor]:
    """The encoder's part of the weights in a file, without prefix."""
    if path.endswith(".nemo"):
        from nemo.core.classes.model_pt import ModelPT

        weights: Any = ModelPT.extract_state_dict_from(path)
    else:
        weights = load_plain(path)
        weights = weights.get("state_dict", weights) if isinstance(weights, dict) else weights
    if not isinstance(weights, dict):
        raise ArchiveError(f"{path} holds a {type(weights).__name__}; expected a state dict.")
    for prefix in ("bert_model.", "bert."):
        if any(name.startswith(prefix) for name in weights):
            return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    return dict(weights)
