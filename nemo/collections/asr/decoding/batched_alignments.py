"""What a search evaluated in each utterance of a batch, in tensors that grow.

B utterances, L places (as many as were needed until now), K classes, N rows that are added to.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError

Item = TypeVar("Item")


class BatchedAlignments:
    """Scores and labels of every place that was evaluated, and how sure the model was there.

    Args:
        batch_size: B.
        logits_dim: K.
        init_length: places at first; they double when one utterance has filled them.
        device: where the tensors are.
        float_dtype: of scores and confidences.
        store_alignments: keep scores and labels.
        store_frame_confidence: keep confidences.

    Raises:
        ConfigError: a number below 1, or nothing to keep.
    """

    def __init__(
        self,
        batch_size: int,
        logits_dim: int,
        init_length: int,
        device: torch.device | str | None = None,
        float_dtype: torch.dtype | None = None,
        store_alignments: bool = True,
        store_frame_confidence: bool = False,
    ) -> None:
        if min(batch_size, init_length, logits_dim) < 1:
            raise ConfigError(
                f"batch_size is {batch_size}, logits_dim {logits_dim} and init_length {init_length}. Expected at "
                "least 1."
            )
        self.with_alignments, self.with_frame_confidence = store_alignments, store_frame_confidence
        self.batch_size = batch_size
        self.logits_dim = logits_dim
        self._max_length = init_length
        self.current_lengths = torch.zeros(batch_size, dtype=torch.long, device=device)
        """[B] places of each utterance."""
        self.timesteps = torch.zeros(batch_size, init_length, dtype=torch.long, device=device)
        """[B, L] frame of each place."""
        kept = init_length if store_alignments else 0
        self.logits = torch.zeros(batch_size, kept, logits_dim, dtype=float_dtype, device=device)
        """[B, L, K]."""
        self.labels = torch.zeros(batch_size, kept, dtype=torch.long, device=device)
        """[B, L]."""
        kept = init_length if store_frame_confidence else 0
        self.frame_confidence = torch.zeros(batch_size, kept, dtype=float_dtype, device=device)
        """[B, L]."""

    def clear_(self) -> None:
        """Forgets all places."""
        for tensor in (self.current_lengths, self.timesteps, self.logits, self.labels, self.frame_confidence):
            tensor.zero_()

    def add_results_(
        self,
        active_indices: Tensor,
        time_indices: Tensor,
        logits: Tensor | None = None,
        labels: Tensor | None = None,
        confidence: Tensor | None = None,
    ) -> None:
        """Adds a place to some utterances.

        Args:
            active_indices: [N] their numbers, each once.
            time_indices: [N] frames.
            logits: [N, K] scores there; needed where they are kept.
            labels: [N] what was chosen; the same.
            confidence: [N]; needed where confidences are kept.

        Raises:
            ConfigError: what is kept is not given.
        """
        if active_indices.shape[0] == 0:
            return
        if int(self.current_lengths.max()) >= self._max_length:
            self._allocate_more()
        place = self.current_lengths[active_indices]
        self.timesteps[active_indices, place] = time_indices
        if self.with_alignments:
            if logits is None or labels is None:
                raise ConfigError("alignments are kept (store_alignments), but logits or labels are None. Give both.")
            self.logits[active_indices, place] = logits.to(self.logits.dtype)
            self.labels[active_indices, place] = labels
        if self.with_frame_confidence:
            if confidence is None:
                raise ConfigError("confidences are kept (store_frame_confidence), but confidence is None. Give it.")
            self.frame_confidence[active_indices, place] = confidence.to(self.frame_confidence.dtype)
        self.current_lengths[active_indices] += 1

    def of_row(self, row: int) -> list[list[tuple[Tensor, Tensor]]] | None:
        """For each frame of an utterance what was evaluated there, in order: scores [K] and label; on the CPU."""
        if not self.with_alignments:
            return None
        count = int(self.current_lengths[row])
        scores, labels = self.logits[row, :count].cpu(), self.labels[row, :count].cpu()
        return self._by_frame(row, list(zip(scores, labels, strict=True)))

    def confidence_of_row(self, row: int) -> list[list[float]] | None:
        """For each frame of an utterance the confidences there, in order."""
        if not self.with_frame_confidence:
            return None
        return self._by_frame(row, self.frame_confidence[row, : int(self.current_lengths[row])].tolist())

    def _by_frame(self, row: int, items: list[Item]) -> list[list[Item]]:
        times = self.timesteps[row, : len(items)].tolist()
        frames: list[list[Item]] = [[] for _ in range(max(times, default=-1) + 1)]
        for time, item in zip(times, items, strict=True):
            frames[time].append(item)
        return frames

    def _allocate_more(self) -> None:
        """Twice as many places."""
        for name in ("timesteps", "logits", "labels", "frame_confidence"):
            tensor = getattr(self, name)
            setattr(self, name, torch.cat((tensor, torch.zeros_like(tensor)), dim=1))
        self._max_length *= 2
