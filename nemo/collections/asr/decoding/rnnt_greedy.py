"""Greedy transducer search over a batch, one token of each utterance after the other.

frames [B, T, E] -> projected once [B, T, J] -> {next token of every utterance -> prediction network} -> paths

The outer loop goes over tokens, and the inner search looks for the next frame that is no blank in a window of frames at
once: Bataev et al., "Label-looping: highly efficient decoding for transducers", 2024 (https://arxiv.org/abs/2406.06220).
Utterances do not wait for each other, and each gets what it would get alone.
B utterances, T frames, W frames of the window, E and J widths, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.transducer_moves import BlankMoves, DurationMoves
from nemo.collections.asr.decoding.transducer_path import SearchSteps, TransducerPath

WINDOW_OF_BLANKS, WINDOW_OF_DURATIONS = 4, 2
"""Frames that are looked at together: about the distance of tokens in speech; TDT jumps over most of it."""

State = list[Tensor]
"""Of the prediction network; the batch is the second dimension."""


class GreedyTransducerSearch:
    """See the head of this file.

    Args:
        decoder: the prediction network.
        joint: the joint network.
        moves: what the scores mean.
        max_symbols: tokens of one frame, after which the search goes on by a frame; None: any number.
        temperature: divides the scores before they are normalised.
        confidence: of scores [N, K], [N]; None: confidences are not kept.
        keeps_alignments: keep the scores of every place that was evaluated.
    """

    def __init__(
        self,
        decoder: Any,
        joint: Any,
        moves: BlankMoves | DurationMoves,
        max_symbols: int | None = 10,
        temperature: float = 1.0,
        confidence: Callable[[Tensor], Tensor] | None = None,
        keeps_alignments: bool = False,
    ) -> None:
        self.decoder = decoder
        self.joint = joint
        self.moves = moves
        self.max_symbols = max_symbols
        self.temperature = temperature
        self.confidence = confidence
        self.keeps_alignments = keeps_alignments
        self.keeps_moves = confidence is not None or keeps_alignments
        window = WINDOW_OF_DURATIONS if isinstance(moves, DurationMoves) else WINDOW_OF_BLANKS
        self.window = 1 if self.keeps_moves else window  # a wider one has places that belong to no path

    @torch.no_grad()
    def search(
        self, frames: Tensor, lengths: Tensor, before: Sequence[TransducerPath | None] | None = None
    ) -> list[TransducerPath]:
        """Searches a batch.

        Args:
            frames: [B, T, E] of the encoder.
            lengths: [B] valid frames.
            before: for each utterance where it stood at the end of the frames before these; None: it begins.

        Returns:
            B paths, which begin with those of `before`.
        """
        batch = frames.shape[0]
        known = [path or TransducerPath() for path in (before or [None] * batch)]
        lengths = lengths.to(frames.device).long()
        steps = SearchSteps(self.confidence, self.keeps_alignments)
        if batch == 0:
            return []
        encoded = self.joint.project_encoder(frames)
        state, place = self.begin(known, encoded)
        time = torch.tensor([path.ahead for path in known], device=frames.device)
        if frames.shape[1] > 0:
            time, state, place = self._search(encoded, lengths, time, state, place, steps)
        paths = steps.paths(known, lengths.tolist())
        self._keep_ends(paths, (time - lengths).tolist(), state, place)
        return paths

    def begin(self, paths: Sequence[TransducerPath], encoded: Tensor) -> tuple[State, Tensor]:
        """State and projected place [B, 1, J] of the prediction network where the utterances go on."""
        output, state = self.decoder.predict(None, None, add_sos=True, batch_size=len(paths))
        place = self.joint.project_prednet(output)
        ongoing = [row for row, path in enumerate(paths) if path.state is not None]
        if ongoing:
            rows = torch.tensor(ongoing, device=encoded.device)
            parts = zip(*(paths[row].state or [] for row in ongoing), strict=True)
            state = _replaced(state, rows, [torch.cat(part, dim=1).to(encoded.device) for part in parts])
            places = torch.cat([paths[row].place for row in ongoing])  # type: ignore[misc]
            place = place.index_copy(0, rows, places.to(place))
        return state, place

    def _search(
        self, encoded: Tensor, lengths: Tensor, time: Tensor, state: State, place: Tensor, steps: SearchSteps
    ) -> tuple[Tensor, State, Tensor]:
        """Adds to `steps`; returns the frames [B] where the utterances stand at their ends, states and places there."""
        rows = torch.arange(len(lengths), device=lengths.device)
        time, symbols = time.clone(), torch.zeros_like(time)
        while True:
            active = (time < lengths).nonzero()[:, 0]  # on the CPU cheaper than computing rows that are done
            if active.numel() == 0:
                return time, state, place
            if active.numel() == len(rows):
                active = rows
            now, labels, durations, scores = self._next_tokens(encoded, lengths, time, place, active, steps)
            found = ((labels < self.moves.tokens) & (now < lengths[active])).nonzero()[:, 0]
            where = active[found]
            symbols[active] = torch.where(now == time[active], symbols[active], 0)
            time[active] = now
            if found.numel() == 0:
                continue
            labels, durations, now = labels[found], durations[found], now[found]
            steps.add_tokens(where, labels, now, durations, scores[found])
            count = symbols[where] + 1
            if self.max_symbols is not None:
                durations = torch.where(count >= self.max_symbols, durations.clamp(min=1), durations)
            symbols[where] = torch.where(durations > 0, 0, count)
            time[where] = now + durations
            state, place = self._after(labels, where, state, place)

    def _next_tokens(
        self, encoded: Tensor, lengths: Tensor, time: Tensor, place: Tensor, active: Tensor, steps: SearchSteps
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The first place of each active utterance's window that is no blank.

        Returns:
            Frames [N] of these places, or behind the window; labels, durations and scores there, each [N]. A blank's
            label says that there was no token.
        """
        start = time[active]
        offsets = torch.arange(self.window, device=time.device)
        times = (start[:, None] + offsets).clamp(max=encoded.shape[1] - 1)
        scores = self.scores(encoded[active[:, None], times], place[active])  # [N, W, K]
        labels, values, frames = self.moves.best(scores)  # each [N, W]
        if self.keeps_moves:
            steps.add_moves(active, labels[:, 0], start, scores[:, 0])
        position = torch.zeros_like(start)
        # frames behind the end are left to the next piece of a stream
        is_blank = (labels >= self.moves.tokens) & (start[:, None] + offsets < lengths[active, None])
        for offset in range(self.window):
            leaves = is_blank[:, offset] & (position == offset)
            position = torch.where(leaves, offset + frames[:, offset], position)
        inside = position.clamp(max=self.window - 1)[:, None]
        label = torch.where(position < self.window, labels.gather(1, inside)[:, 0], self.moves.blank)
        return start + position, label, frames.gather(1, inside)[:, 0], values.gather(1, inside)[:, 0]

    def scores(self, frames: Tensor, place: Tensor) -> Tensor:
        """Normalised scores [N, W, K] of projected frames [N, W, J] and places [N, 1, J]."""
        scores: Tensor = self.joint.joint_after_projection(frames, place)[:, :, 0]
        gives_log_probs = not scores.is_cuda if self.joint.log_softmax is None else self.joint.log_softmax
        if gives_log_probs and self.temperature == 1.0:
            return scores
        return (scores / self.temperature).log_softmax(dim=-1)

    def _after(self, labels: Tensor, rows: Tensor, state: State, place: Tensor) -> tuple[State, Tensor]:
        """State and place when the tokens `labels` [N] have been written in `rows` [N]."""
        everyone = len(rows) == len(place)
        given = state if everyone else self.decoder.select(state, rows)
        output, after = self.decoder.predict(labels[:, None], given, add_sos=False)
        projected = self.joint.project_prednet(output)
        if everyone:
            return after, projected
        return _replaced(state, rows, after), place.index_copy(0, rows, projected)

    def _keep_ends(self, paths: list[TransducerPath], ahead: list[int], state: State, place: Tensor) -> None:
        """Gives each path what a stream needs to go on; on the CPU, because hypotheses are kept."""
        parts = [part.cpu() for part in state]
        places = place.cpu()
        for row, path in enumerate(paths):
            path.ahead = max(0, ahead[row])
            path.state = [part[:, row : row + 1].clone() for part in parts]
            path.place = places[row : row + 1].clone()


def _replaced(state: State, rows: Tensor, new: State) -> State:
    """`state` with that of `rows` replaced."""
    return [part.index_copy(1, rows, fresh.to(part.dtype)) for part, fresh in zip(state, new, strict=True)]
