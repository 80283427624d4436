"""Transcripts of a batch in tensors that grow, for searches that never leave the device.

B utterances, L places for tokens (as many as were needed until now), N rows that are added to.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nemo.collections.asr.decoding.batched_alignments import BatchedAlignments
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.utils.exceptions import ConfigError


class BatchedHyps:
    """Tokens of each utterance with their frames, and the sum of their scores.

    Args:
        batch_size: B.
        init_length: places for tokens at first; they double when one utterance has filled them.
        device: where the tensors are.
        float_dtype: of the scores.

    Raises:
        ConfigError: a number below 1.
    """

    def __init__(
        self,
        batch_size: int,
        init_length: int,
        device: torch.device | str | None = None,
        float_dtype: torch.dtype | None = None,
    ) -> None:
        if batch_size < 1 or init_length < 1:
            raise ConfigError(f"batch_size is {batch_size} and init_length {init_length}. Expected at least 1.")
        self.batch_size = batch_size
        self._max_length = init_length
        self._rows = torch.arange(batch_size, device=device)
        self.current_lengths = torch.zeros(batch_size, dtype=torch.long, device=device)
        """[B] tokens of each utterance."""
        self.transcript = torch.zeros(batch_size, init_length, dtype=torch.long, device=device)
        """[B, L]; places that are not filled hold what is left there."""
        self.timesteps = torch.zeros_like(self.transcript)
        """[B, L] frame of each token."""
        self.scores = torch.zeros(batch_size, dtype=float_dtype, device=device)
        """[B]."""
        self.last_timestep = torch.full((batch_size,), -1, dtype=torch.long, device=device)
        """[B] frame of the last token; -1 before any."""
        self.last_timestep_lasts = torch.zeros_like(self.last_timestep)
        """[B] how many tokens in a row have that frame."""

    def clear_(self) -> None:
        """Forgets all tokens; the places stay."""
        for tensor in (self.current_lengths, self.transcript, self.timesteps, self.scores, self.last_timestep_lasts):
            tensor.zero_()
        self.last_timestep.fill_(-1)

    def add_results_(self, active_indices: Tensor, labels: Tensor, time_indices: Tensor, scores: Tensor) -> None:
        """Adds a token to some utterances.

        Args:
            active_indices: [N] their numbers, each once.
            labels: [N] tokens.
            time_indices: [N] their frames.
            scores: [N] their log-probabilities.
        """
        if active_indices.shape[0] == 0:
            return
        if int(self.current_lengths.max()) >= self._max_length:
            self._allocate_more()
        self.add_results_no_checks_(active_indices, labels, time_indices, scores)

    def add_results_no_checks_(
        self, active_indices: Tensor, labels: Tensor, time_indices: Tensor, scores: Tensor
    ) -> None:
        """As :meth:`add_results_`, where it is known that there is a place; nothing is asked of the device."""
        active = torch.zeros_like(self._rows, dtype=torch.bool).index_fill_(0, active_indices, True)
        everyone = [
            torch.zeros(self.batch_size, dtype=part.dtype, device=part.device).index_copy_(0, active_indices, part)
            for part in (labels, time_indices, scores)
        ]
        self.add_results_masked_no_checks_(active, *everyone)

    def add_results_masked_(self, active_mask: Tensor, labels: Tensor, time_indices: Tensor, scores: Tensor) -> None:
        """Adds a token to the utterances where `active_mask` [B] is True; the others are [B]."""
        if int(self.current_lengths.max()) >= self._max_length:
            self._allocate_more()
        self.add_results_masked_no_checks_(active_mask, labels, time_indices, scores)

    def add_results_masked_no_checks_(
        self, active_mask: Tensor, labels: Tensor, time_indices: Tensor, scores: Tensor
    ) -> None:
        """As :meth:`add_results_masked_`, where it is known that there is a place."""
        place = self.current_lengths.clamp(max=self._max_length - 1)[:, None]
        for kept, new in ((self.transcript, labels), (self.timesteps, time_indices)):
            old = kept.gather(1, place)[:, 0]
            kept.scatter_(1, place, torch.where(active_mask, new.to(kept.dtype), old)[:, None])
        self.scores += torch.where(active_mask, scores.to(self.scores.dtype), 0.0)
        same = (self.last_timestep == time_indices).long()
        lasts = torch.where(active_mask, self.last_timestep_lasts * same + 1, self.last_timestep_lasts)
        self.last_timestep_lasts.copy_(lasts)
        self.last_timestep.copy_(torch.where(active_mask, time_indices, self.last_timestep))
        self.current_lengths += active_mask

    def _allocate_more(self) -> None:
        """Twice as many places."""
        self.transcript = torch.cat((self.transcript, torch.zeros_like(self.transcript)), dim=1)
        self.timesteps = torch.cat((self.timesteps, torch.zeros_like(self.timesteps)), dim=1)
        self._max_length *= 2


def batched_hyps_to_hypotheses(
    batched_hyps: BatchedHyps, alignments: BatchedAlignments | None = None, batch_size: int | None = None
) -> list[Hypothesis]:
    """A hypothesis of each utterance, on the CPU, without text.

    Args:
        batched_hyps: the tokens.
        alignments: what was evaluated on the way: goes to `alignments` and `frame_confidence`.
        batch_size: take the first ones only; None: all.
    """
    count = batched_hyps.batch_size if batch_size is None else batch_size
    lengths = batched_hyps.current_lengths.tolist()
    scores = batched_hyps.scores.tolist()
    tokens, times = batched_hyps.transcript.cpu(), batched_hyps.timesteps.cpu()
    hypotheses = [
        Hypothesis(
            score=scores[row],
            y_sequence=tokens[row, : lengths[row]].clone(),
            timestep=times[row, : lengths[row]].clone(),
            last_token=None,
        )
        for row in range(count)
    ]
    if alignments is not None:
        for row, hypothesis in enumerate(hypotheses):
            hypothesis.alignments = alignments.of_row(row)
            hypothesis.frame_confidence = alignments.confidence_of_row(row)
    return hypotheses
