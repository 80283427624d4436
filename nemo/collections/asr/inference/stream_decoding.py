"""From encoded frames that come piece by piece to text: what a search keeps of a stream between two pieces.

The search is the greedy one, since only its past never changes. B streams, H channels, S frames.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.utils.exceptions import ConfigError


class StreamDecoding(Protocol):
    """Decodes several streams together; a state belongs to one of them."""

    def begin(self) -> Any:
        """The state before the first frame."""

    def advance(self, states: list[Any], encoded: Tensor, lengths: Tensor) -> list[Any]:
        """The states after the frames `encoded` [B, H, S], of which `lengths` [B] are valid."""

    def text(self, state: Any) -> str:
        """The text so far."""

    def finish(self, state: Any) -> Hypothesis:
        """The result, with times when the model's decoding gives them."""


@dataclass
class CTCStreamState:
    """The best class of each frame so far, folded."""

    labels: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    score: float = 0.0
    """Log-probability of the path."""
    text: str = ""


class CTCStreamDecoding:
    """Greedy CTC (Graves et al., 2006) over a stream.

    Args:
        decoder: gives log-probabilities [B, S, V + 1] for encoded frames [B, H, S].
        decoding: the model's :class:`~nemo.collections.asr.decoding.ctc.CTCDecoding`.
    """

    def __init__(self, decoder: Any, decoding: Any) -> None:
        self._decoder, self._decoding = decoder, decoding

    def begin(self) -> CTCStreamState:
        """See :class:`StreamDecoding`."""
        return CTCStreamState()

    def advance(self, states: list[CTCStreamState], encoded: Tensor, lengths: Tensor) -> list[CTCStreamState]:
        """See :class:`StreamDecoding`."""
        best, labels = self._decoder(encoder_output=encoded).float().max(dim=-1)
        rows = zip(best.tolist(), labels.tolist(), lengths.tolist(), strict=True)
        for state, (scores, row, length) in zip(states, rows, strict=True):
            self._add(state, row[:length])
            state.score += sum(scores[:length])
        return states

    def _add(self, state: CTCStreamState, labels: list[int]) -> None:
        blank, before = self._decoding.blank_id, state.labels[-1] if state.labels else None
        new = []
        for label in labels:
            if label not in (before, blank):
                new.append(label)
            before = label
        state.labels += labels
        if new:
            state.tokens += new
            state.text = self._decoding.decode_tokens_to_str(state.tokens)

    def text(self, state: CTCStreamState) -> str:
        """See :class:`StreamDecoding`."""
        return state.text

    def finish(self, state: CTCStreamState) -> Hypothesis:
        """See :class:`StreamDecoding`."""
        labels = torch.tensor([state.labels], dtype=torch.int64)
        hypotheses, _ = self._decoding.ctc_decoder_predictions_tensor(labels, return_hypotheses=True)
        hypotheses[0].score = state.score
        result: Hypothesis = hypotheses[0]
        return result


class TransducerStreamDecoding:
    """Greedy search of a transducer over a stream; the prediction network's state goes from piece to piece.

    Args:
        decoding: the model's, with `rnnt_decoder_predictions_tensor`.
    """

    def __init__(self, decoding: Any) -> None:
        self._decoding = decoding

    def begin(self) -> Hypothesis | None:
        """See :class:`StreamDecoding`."""
        return None

    def advance(self, states: list[Hypothesis | None], encoded: Tensor, lengths: Tensor) -> list[Hypothesis | None]:
        """See :class:`StreamDecoding`."""
        best, _ = self._decoding.rnnt_decoder_predictions_tensor(
            encoder_output=encoded,
            encoded_lengths=lengths,
            return_hypotheses=True,
            partial_hypotheses=states if any(state is not None for state in states) else None,
        )
        return list(best)

    def text(self, state: Hypothesis | None) -> str:
        """See :class:`StreamDecoding`."""
        return "" if state is None else str(state)

    def finish(self, state: Hypothesis | None) -> Hypothesis:
        """See :class:`StreamDecoding`."""
        if state is None:
            return Hypothesis(score=0.0, y_sequence=torch.zeros(0, dtype=torch.long), text="")
        return dataclasses.replace(state)


def stream_decoding(model: Any) -> StreamDecoding:
    """The decoding of a model's streams.

    Raises:
        ConfigError: the model does not turn frames into text by CTC or by a transducer, or not greedily.
    """
    decoding = getattr(model, "decoding", None)
    if hasattr(decoding, "rnnt_decoder_predictions_tensor"):
        if getattr(model, "cur_decoder", "rnnt") == "ctc":
            _check_is_greedy(model.ctc_decoding)
            return CTCStreamDecoding(model.ctc_decoder, model.ctc_decoding)
        _check_is_greedy(decoding)
        return TransducerStreamDecoding(decoding)
    if hasattr(decoding, "ctc_decoder_predictions_tensor"):
        _check_is_greedy(decoding)
        return CTCStreamDecoding(model.decoder, decoding)
    raise ConfigError(f"{type(model).__name__} has no CTC or transducer decoding, and so cannot read streams.")


def _check_is_greedy(decoding: Any) -> None:
    strategy = decoding.cfg.strategy
    if strategy not in ("greedy", "greedy_batch"):
        raise ConfigError(
            f"decoding.strategy is {strategy!r}; a stream is searched greedily, because what was written must stay. "
            'Call model.change_decoding_strategy({"strategy": "greedy_batch"}) first.'
        )
