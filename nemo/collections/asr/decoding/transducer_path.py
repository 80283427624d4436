"""What greedy transducer search finds in each utterance, collected while the batch is searched.

B rows (utterances), K classes, J width of the joint network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

Alignment = list[list[tuple[Tensor, Tensor]]]
"""For each frame what was evaluated there, in order: scores [K] and the label that was chosen."""


@dataclass
class TransducerPath:
    """One utterance, or a stream up to now. `tokens`, `starts` and `durations` have an entry for each token."""

    tokens: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    """Frame of each token."""
    durations: list[int] = field(default_factory=list)
    """Frames that TDT went on by with each token; 0 for other kinds."""
    score: float = 0.0
    """Sum of the tokens' log-probabilities; the blanks do not count, as in the original."""
    frames: int = 0
    """Frames read."""
    ahead: int = 0
    """Frames by which the last jump went beyond them: where a stream goes on."""
    state: list[Tensor] | None = None
    """Of the prediction network behind the last token, of a batch of one."""
    place: Tensor | None = None
    """[1, 1, J]: projected output of the prediction network there."""
    confidences: list[list[float]] | None = None
    """For each frame one of each move that was evaluated there, if wanted."""
    alignment: Alignment | None = None
    """If wanted."""


class SearchSteps:
    """Tokens and moves of a batch, step by step. They stay on the device until :meth:`paths`.

    Args:
        confidence: of scores [N, K], [N]; None: confidences are not kept.
        keeps_alignments: keep the scores of all moves.
    """

    def __init__(self, confidence: Callable[[Tensor], Tensor] | None = None, keeps_alignments: bool = False) -> None:
        self._confidence = confidence
        self._keeps_alignments = keeps_alignments
        self._tokens: list[tuple[Tensor, Tensor]] = []
        self._moves: list[Tensor] = []
        self._confidences: list[Tensor] = []
        self._scores: list[Tensor] = []

    def add_tokens(self, rows: Tensor, labels: Tensor, times: Tensor, durations: Tensor, scores: Tensor) -> None:
        """Tokens that were found, at most one of each row; each [N]."""
        self._tokens.append((torch.stack((rows, labels, times, durations)), scores))

    def add_moves(self, rows: Tensor, labels: Tensor, times: Tensor, scores: Tensor) -> None:
        """Moves that were evaluated, at most one of each row: [N], and scores [N, K]."""
        if self._confidence is not None:
            self._confidences.append(self._confidence(scores))
        if self._keeps_alignments:
            self._scores.append(scores)
        self._moves.append(torch.stack((rows, times, labels)))

    def paths(self, before: list[TransducerPath], lengths: list[int]) -> list[TransducerPath]:
        """The paths that go on from `before` over `lengths` more frames; without states."""
        paths = [
            TransducerPath([*old.tokens], [*old.starts], [*old.durations], old.score, old.frames + length)
            for old, length in zip(before, lengths, strict=True)
        ]
        if self._tokens:
            found = torch.cat([step for step, _ in self._tokens], dim=1).cpu()
            scores = torch.cat([score for _, score in self._tokens]).double().cpu()
            for (row, label, time, duration), score in zip(found.T.tolist(), scores.tolist(), strict=True):
                path = paths[row]
                path.tokens.append(label)
                path.starts.append(before[row].frames + time)
                path.durations.append(duration)
                path.score += score
        self._add_moves_to(paths, before, lengths)
        return paths

    def _add_moves_to(self, paths: list[TransducerPath], before: list[TransducerPath], lengths: list[int]) -> None:
        moves = torch.cat(self._moves, dim=1).cpu() if self._moves else torch.zeros(3, 0, dtype=torch.int64)
        places = moves[:2].T.tolist()
        if self._confidence is not None:
            for path, old, length in zip(paths, before, lengths, strict=True):
                path.confidences = [*(old.confidences or []), *([] for _ in range(length))]
            values = torch.cat(self._confidences).tolist() if self._confidences else []
            for (row, time), value in zip(places, values, strict=True):
                paths[row].confidences[before[row].frames + time].append(value)
        if self._keeps_alignments:
            for path, old, length in zip(paths, before, lengths, strict=True):
                path.alignment = [*(old.alignment or []), *([] for _ in range(length))]
            scores = torch.cat(self._scores).cpu() if self._scores else torch.zeros(0, 1)
            for (row, time), score, label in zip(places, scores, moves[2], strict=True):
                paths[row].alignment[before[row].frames + time].append((score, label))
