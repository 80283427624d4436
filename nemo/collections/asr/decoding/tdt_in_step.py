"""TDT in batches as release 1.23 decodes it: the utterances of a batch go on over the frames together.

At each step the shortest predicted duration of the batch is taken for all, also that of utterances at their end. So a
transcript depends on the others of its batch. Archives of that release which ask for it (`strategy: greedy_batch`
without `loop_labels: true`) give their recorded transcripts only this way; all others are searched by rnnt_greedy.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nemo.collections.asr.decoding.rnnt_greedy import GreedyTransducerSearch, State
from nemo.collections.asr.decoding.transducer_moves import DurationMoves
from nemo.collections.asr.decoding.transducer_path import SearchSteps, TransducerPath


class InStepTDTSearch(GreedyTransducerSearch):
    """See the head of this file; arguments as for the base class, with the moves of TDT.

    Streams, which the release could not decode with TDT, are searched as by the base class.
    """

    moves: DurationMoves

    def search(
        self, frames: Tensor, lengths: Tensor, before: Sequence[TransducerPath | None] | None = None
    ) -> list[TransducerPath]:
        """See the base class."""
        if before is not None:
            exact = GreedyTransducerSearch(
                self.decoder,
                self.joint,
                self.moves,
                self.max_symbols,
                self.temperature,
                self.confidence,
                self.keeps_alignments,
            )
            return exact.search(frames, lengths, before)
        return super().search(frames, lengths)

    def _search(
        self, encoded: Tensor, lengths: Tensor, time: Tensor, state: State, place: Tensor, steps: SearchSteps
    ) -> tuple[Tensor, State, Tensor]:
        frame, last = 0, int(lengths.max())
        while frame < last:
            ended = frame >= lengths
            symbols, jump = 0, 0
            while jump == 0 and symbols != self.max_symbols:
                scores = self.scores(encoded[:, frame : frame + 1], place)[:, 0]
                labels, values, _ = self.moves.best(scores)
                jump = int(self.moves.durations_of(scores).min())
                evaluated = (~ended).nonzero()[:, 0]
                if self.keeps_moves:
                    times = torch.full_like(evaluated, frame)
                    steps.add_moves(evaluated, labels[evaluated], times, scores[evaluated])
                ended = ended | (labels == self.moves.blank)
                rows = (~ended).nonzero()[:, 0]
                if rows.numel() == 0:
                    break
                times, jumps = torch.full_like(rows, frame), torch.full_like(rows, jump)
                steps.add_tokens(rows, labels[rows], times, jumps, values[rows])
                state, place = self._after(labels[rows], rows, state, place)
                symbols += 1
            frame += max(jump, 1)
        return lengths, state, place
