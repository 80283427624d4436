"""Prediction networks of transducers: what has been written so far -> a vector for each place (Graves, 2012).

targets [B, U] -> [B, H, U + 1]: the first place is before any token.
B batch, U tokens, V tokens of the vocabulary, H width, L layers. The blank is class V and stands for "no token".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.asr.modules.rnnt_abstract import AbstractRNNTDecoder
from nemo.collections.common.modules.linear import linear
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import ElementType, EmbeddedTextType, LabelsType, LengthsType, NeuralType
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

State = list[Tensor]
"""What a prediction network remembers of a batch; each tensor has the batch in its second dimension."""


class PredictionNetwork(AbstractRNNTDecoder, Exportable):
    """Base of prediction networks: `predict` computes places, and states can be chosen from.

    Args:
        vocab_size: V.
        hidden: H.
        blank_as_pad: the blank has an embedding, which is zero.
    """

    def __init__(self, vocab_size: int, hidden: int, blank_as_pad: bool) -> None:
        super().__init__(vocab_size, blank_idx=vocab_size, blank_as_pad=blank_as_pad)
        self.pred_hidden = hidden

    @property
    def input_types(self) -> dict[str, Any]:
        """Tokens with their lengths, and a state to begin with."""
        return {
            "targets": NeuralType(("B", "T"), LabelsType()),
            "target_length": NeuralType(tuple("B"), LengthsType()),
            "states": [NeuralType(("D", "B", "D"), ElementType(), optional=True)],
        }

    @property
    def output_types(self) -> dict[str, Any]:
        """Places, lengths, and the state behind the last place."""
        return {
            "outputs": NeuralType(("B", "D", "T"), EmbeddedTextType()),
            "prednet_lengths": NeuralType(tuple("B"), LengthsType()),
            "states": [NeuralType(("D", "B", "D"), ElementType(), optional=True)],
        }

    @typecheck()
    def forward(
        self, targets: Tensor, target_length: Tensor, states: State | None = None
    ) -> tuple[Tensor, Tensor, State]:
        """Computes the places of whole targets.

        Args:
            targets: [B, U] tokens.
            target_length: [B] valid tokens; handed on.
            states: what went before; None: nothing.

        Returns:
            [B, H, U + 1], the lengths [B], and the state behind the last place.
        """
        places, state = self.predict(targets, states, add_sos=True)
        return places.transpose(1, 2), target_length, state

    def forward_for_export(
        self, targets: Tensor, target_length: Tensor, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, ...]:
        """One step of a search: the places behind the tokens `targets` [B, U] only; see :meth:`forward`."""
        places, after = self.predict(targets, list(states), add_sos=False)
        return places.transpose(1, 2), target_length, *after

    @property
    def input_types_for_export(self) -> dict[str, Any]:
        """As `input_types`, each tensor of the state by its name."""
        return self._with_named_states(self.input_types, "input_states")

    @property
    def output_types_for_export(self) -> dict[str, Any]:
        """As `output_types`, each tensor of the state by its name."""
        return self._with_named_states(self.output_types, "output_states")

    def _with_named_states(self, types: dict[str, Any], name: str) -> dict[str, Any]:
        (kind,) = types.pop("states")
        count = len(self.initialize_state(torch.zeros(1, 1)))
        return {**types, **{f"{name}_{number}": kind for number in range(1, count + 1)}}

    @staticmethod
    def select(state: State, rows: Tensor) -> State:
        """The state of some rows of the batch, in the order of `rows` [any]."""
        return [part.index_select(1, rows) for part in state]

    @staticmethod
    def choose(mask: Tensor, state: State, other: State) -> State:
        """Row by row the first state where `mask` [B] is True, else the second."""
        return [torch.where(_beside(mask, one), one, two) for one, two in zip(state, other, strict=True)]

    def input_example(self, max_batch: int | None = 1, max_dim: int | None = 1) -> tuple[Any, ...]:
        """Random tokens for export, with their lengths and a state."""
        device = next(self.parameters()).device
        shape = (max_batch or 1, max_dim or 1)
        targets = torch.randint(0, self.vocab_size, shape, dtype=torch.int32, device=device)
        lengths = torch.full((shape[0],), shape[1], dtype=torch.int32, device=device)
        return targets, lengths, tuple(self.initialize_state(targets.float()))


def _beside(mask: Tensor, part: Tensor) -> Tensor:
    return mask.view(1, -1, *[1] * (part.ndim - 2))


class RNNTDecoder(PredictionNetwork):
    """An embedding and an LSTM. The names of `prediction` are fixed by archives.

    Args:
        prednet: `pred_hidden` (H), `pred_rnn_layers` (L), and optionally `rnn_hidden_size`, `forget_gate_bias` (1.0),
            `t_max`, `dropout` (0.0), `weights_init_scale` (1.0), `hidden_hidden_bias_scale` (0.0).
        vocab_size: V.
        normalization_mode: null; batch and layer are not supported yet.
        random_state_sampling: begin training targets from random states.
        blank_as_pad: the blank has an embedding, which is zero.
    """

    def __init__(
        self,
        prednet: Mapping[str, Any],
        vocab_size: int,
        normalization_mode: str | None = None,
        random_state_sampling: bool = False,
        blank_as_pad: bool = True,
    ) -> None:
        hidden = int(prednet["pred_hidden"])
        super().__init__(vocab_size, hidden, blank_as_pad)
        if normalization_mode is not None:
            raise NotYetSupportedError(
                f"decoder.normalization_mode is {normalization_mode!r}; this release has null only (a plain LSTM)."
            )
        self.pred_rnn_layers = int(prednet["pred_rnn_layers"])
        self.random_state_sampling = random_state_sampling
        known = {"rnn_hidden_size": -1, "dropout": 0.0, "forget_gate_bias": 1.0, "t_max": None}
        known |= {"weights_init_scale": 1.0, "hidden_hidden_bias_scale": 0.0}
        options = known | {key: value for key, value in prednet.items() if key in known}
        inner = int(options["rnn_hidden_size"])
        embedding = nn.Embedding(
            vocab_size + int(blank_as_pad), hidden, padding_idx=vocab_size if blank_as_pad else None
        )
        lstm = LSTMDropout(
            hidden, inner if inner > 0 else hidden, self.pred_rnn_layers, hidden if inner > 0 else 0, options
        )
        self.prediction = nn.ModuleDict({"embed": embedding, "dec_rnn": lstm})

    def predict(
        self,
        y: Tensor | None = None,
        state: State | None = None,
        add_sos: bool = True,
        batch_size: int | None = None,
    ) -> tuple[Tensor, State]:
        """See the base class."""
        if y is None:
            if batch_size is None and state is None:
                raise ConfigError("predict needs y, a state or batch_size to know how large the batch is; give one.")
            rows = batch_size if batch_size is not None else state[0].shape[1]  # type: ignore[index]
            inputs = next(self.parameters()).new_zeros(rows, 1, self.pred_hidden)
        else:
            inputs = self._embedded(y)
            if add_sos:
                inputs = torch.cat([inputs.new_zeros(inputs.shape[0], 1, self.pred_hidden), inputs], dim=1)
        if state is None and self.random_state_sampling and self.training:
            state = self.initialize_state(inputs)
        places, (hidden, cell) = self.prediction["dec_rnn"](inputs, state)
        return places, [hidden, cell]

    def _embedded(self, y: Tensor) -> Tensor:
        embedding: Any = self.prediction["embed"]
        if self.blank_as_pad:
            embedded: Tensor = embedding(y)
            return embedded
        is_blank = y == self.blank_idx
        return embedding(y.masked_fill(is_blank, 0)).masked_fill(is_blank[..., None], 0.0)

    def initialize_state(self, y: Tensor) -> State:
        """Hidden and cell values [L, B, H] of zeros; random ones while training with `random_state_sampling`."""
        lstm: Any = self.prediction["dec_rnn"].lstm
        make = torch.randn if self.random_state_sampling and self.training else torch.zeros
        widths = (lstm.proj_size or lstm.hidden_size, lstm.hidden_size)
        size = (self.pred_rnn_layers, y.shape[0])
        dtype = y.dtype if y.is_floating_point() else torch.float32
        return [make(*size, width, dtype=dtype, device=y.device) for width in widths]


class LSTMDropout(nn.Module):
    """An LSTM over [B, U, H] whose result goes through dropout; the name `lstm` is fixed by archives.

    Args:
        input_size: width of the input.
        hidden_size: width of the cells.
        num_layers: L.
        proj_size: width that the cells are projected to; 0: no projection.
        options: see :class:`RNNTDecoder`.
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int, proj_size: int, options: Mapping[str, Any]
    ) -> None:
        super().__init__()
        dropout = float(options["dropout"] or 0.0)
        between = dropout if num_layers > 1 else 0.0
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, dropout=between, batch_first=True, proj_size=proj_size)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self._start(options)

    @torch.no_grad()
    def _start(self, options: Mapping[str, Any]) -> None:
        """Biases of the forget gates (Jozefowicz et al., 2015), or of `t_max` steps (Tallec and Ollivier, 2018)."""
        width = self.lstm.hidden_size
        for name, value in self.lstm.named_parameters():
            if "bias" in name and options["t_max"] is not None:
                forget, into = value[width : 2 * width], value[:width]
                if "bias_hh" in name:
                    forget.zero_()
                    into.zero_()
                else:
                    forget.uniform_(0, float(options["t_max"]) - 1).log_()
                    into.copy_(-forget)
            elif "bias" in name and options["forget_gate_bias"] is not None:
                value[width : 2 * width].fill_(0.0 if "bias_hh" in name else float(options["forget_gate_bias"]))
            if "bias_hh" in name and options["hidden_hidden_bias_scale"]:
                value.mul_(float(options["hidden_hidden_bias_scale"]))
            elif options["weights_init_scale"] != 1.0:
                value.mul_(float(options["weights_init_scale"]))

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Computes [B, U, H] from a state of [L, B, H] tensors."""
        if state is not None and not torch.jit.is_tracing() and x.shape[1] == 1 and self._takes_single_steps(x):
            return self._step(x, state)
        x, state_after = self.lstm(x, None if state is None else (state[0], state[1]))
        return (self.dropout(x) if self.dropout is not None else x), state_after

    def _takes_single_steps(self, x: Tensor) -> bool:
        """On the CPU, PyTorch's LSTM reorders its weights at each call, which takes ten times as long as one step."""
        is_inference = not self.training and not torch.is_grad_enabled() and not torch.jit.is_tracing()
        return is_inference and x.device.type == "cpu" and not self.lstm.proj_size and not torch.compiler.is_compiling()

    def _step(self, x: Tensor, state: State) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One place, [B, 1, H], by the cells of the LSTM."""
        output, after = x[:, 0], []
        for layer in range(self.lstm.num_layers):
            weights = [getattr(self.lstm, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh")]
            biases = [getattr(self.lstm, f"{name}_l{layer}") for name in ("bias_ih", "bias_hh")]
            gates = linear(output, weights[0], biases[0]) + linear(state[0][layer], weights[1], biases[1])
            into, kept, content, out = gates.chunk(4, dim=1)  # PyTorch's order
            cell = kept.sigmoid() * state[1][layer] + into.sigmoid() * content.tanh()
            output = out.sigmoid() * cell.tanh()
            after.append((output, cell))
        hidden, cells = (torch.stack(parts) for parts in zip(*after, strict=True))
        return output[:, None], (hidden, cells)


class StatelessTransducerDecoder(PredictionNetwork):
    """Embeddings of the last tokens side by side (Ghodsi et al., 2020). Names are fixed by archives.

    Args:
        prednet: `pred_hidden` (H) and optionally `dropout` (0.0).
        vocab_size: V.
        context_size: how many tokens are seen.
        normalization_mode: layer or null.
    """

    def __init__(
        self,
        prednet: Mapping[str, Any],
        vocab_size: int,
        context_size: int = 1,
        normalization_mode: str | None = None,
    ) -> None:
        super().__init__(vocab_size, int(prednet["pred_hidden"]), blank_as_pad=True)
        if context_size < 1:
            raise ConfigError(f"decoder.context_size is {context_size}; expected at least 1.")
        self.context_size = context_size
        dropout = float(prednet.get("dropout") or 0.0)
        self.prediction = StatelessNet(context_size, vocab_size, self.pred_hidden, dropout, normalization_mode)

    def predict(
        self,
        y: Tensor | None = None,
        state: State | None = None,
        add_sos: bool = True,
        batch_size: int | None = None,
    ) -> tuple[Tensor, State]:
        """See the base class; the state is the last tokens [1, B, context_size]."""
        device = next(self.parameters()).device
        if y is None:
            if batch_size is None and state is None:
                raise ConfigError("predict needs y, a state or batch_size to know how large the batch is; give one.")
            rows = batch_size if batch_size is not None else state[0].shape[1]  # type: ignore[index]
            y = torch.full((rows, 1), self.blank_idx, dtype=torch.int64, device=device)
        elif add_sos:
            y = torch.nn.functional.pad(y, (1, 0), value=self.blank_idx)
        before = state[0][0] if state is not None else self.initialize_state(y)[0][0]
        seen = torch.cat([before, y.to(torch.int64)], dim=1)  # [B, context + U]
        tokens = y.shape[1]  # not unfold: exporters know none of open size
        windows = torch.stack([seen[:, first : first + tokens] for first in range(1, self.context_size + 1)], dim=-1)
        return self.prediction(windows), [seen[None, :, -self.context_size :]]

    def initialize_state(self, y: Tensor) -> State:
        """No tokens: [1, B, context_size] blanks."""
        size = (1, y.shape[0], self.context_size)
        return [torch.full(size, self.blank_idx, dtype=torch.int64, device=y.device)]


class StatelessNet(nn.Module):
    """Embeddings of `context_size` tokens, one beside the other; the newest has the widest.

    Args:
        context_size: tokens.
        vocab_size: V.
        width: of all embeddings together.
        dropout: on the result.
        normalization_mode: layer or null.
    """

    def __init__(
        self, context_size: int, vocab_size: int, width: int, dropout: float, normalization_mode: str | None
    ) -> None:
        super().__init__()
        older = width // 2 // context_size
        widths = [width - (context_size - 1) * older] + [older] * (context_size - 1)
        self.embeds = nn.ModuleList(nn.Embedding(vocab_size + 1, each, padding_idx=vocab_size) for each in widths)
        if normalization_mode not in (None, "layer"):
            raise ConfigError(f"decoder.normalization_mode is {normalization_mode!r}; expected layer or null.")
        self.norm = nn.LayerNorm(width) if normalization_mode == "layer" else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(self, windows: Tensor) -> Tensor:
        """[B, U, context_size] tokens, the newest last -> [B, U, H]."""
        newest_first = reversed(range(windows.shape[-1]))
        parts = [embed(windows[..., place]) for embed, place in zip(self.embeds, newest_first, strict=True)]
        return self.norm(self.dropout(torch.cat(parts, dim=-1)))
