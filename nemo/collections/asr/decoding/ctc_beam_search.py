"""CTC prefix beam search over a batch (Graves and Jaitly, 2014; Hannun et al., 2014), in tensors.

log_probs [B, S, V + 1] -> beams [B, W], frame by frame -> the W best token sequences of each utterance

A beam is a token sequence with the probability of all its alignments, those that end in the blank and those that end in
its last token apart. At each frame it stays, or goes on by one of K tokens; sequences that are reached both ways are
one. Sequences are compared by a 64-bit hash, and kept as arcs back to the frame before.
B utterances, S frames, W beams, K tokens that are tried, V tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.asr.decoding.ctc_fusion import Fusion

HASH_FACTOR = 6364136223846793005
"""Odd and large: multiplied with wrap-around it spreads what was there over all bits (Knuth's MMIX generator)."""
STAYED = -1


@dataclass(frozen=True)
class BeamPath:
    """One token sequence that the search found."""

    tokens: list[int]
    score: float
    """Log-probability of all alignments that were followed, and the fusion's part."""
    fusion_score: float
    """Of it, what language model, word bonus and hot words gave."""


@dataclass
class _Beams:
    """All [B, W]; scores are double. A beam that does not exist has minus infinity in `ends_blank` and `ends_token`."""

    ends_blank: Tensor
    ends_token: Tensor
    bonus: Tensor
    """The fusion's part."""
    state: Tensor
    """Of the fusion."""
    last: Tensor
    """Last token; the blank for none."""
    hashes: Tensor
    hashes_before: Tensor
    """Hash of the sequence without its last token."""

    @property
    def total(self) -> Tensor:
        """Log-probability of all alignments."""
        return torch.logaddexp(self.ends_blank, self.ends_token)


@dataclass
class CTCBeamSearch:
    """See the head of this file.

    Args:
        beam_size: W.
        tokens_per_frame: K, the most probable ones of a frame; None: all.
        token_min_logp: tokens below it are tried only if they are the best of their frame; None: all K are.
        beam_threshold: beams whose score is this far below the best one are dropped; None: none is.
        fusion: adds scores to token sequences; None: nothing is added.
    """

    beam_size: int
    tokens_per_frame: int | None = None
    token_min_logp: float | None = None
    beam_threshold: float | None = None
    fusion: Fusion | None = None

    def __post_init__(self) -> None:
        self._most = self.fusion.most if self.fusion is not None else 0.0

    @torch.no_grad()
    def search(self, log_probs: Tensor, lengths: Tensor) -> list[list[BeamPath]]:
        """Searches a batch; each utterance gets what it would get alone.

        Args:
            log_probs: [B, S, V + 1]; the blank is the last class.
            lengths: [B] valid frames.

        Returns:
            For each utterance at most W paths, the best first, at least one.
        """
        batch, frames, classes = log_probs.shape
        count = min(self.tokens_per_frame or classes, classes - 1)
        if self.token_min_logp is not None and batch and frames:
            most = int((log_probs[..., :-1] >= self.token_min_logp).sum(dim=-1).max())
            count = min(count, max(1, most))
        best, tokens = log_probs[..., :-1].topk(count, dim=-1)
        best = best.double()
        if self.token_min_logp is not None:
            is_tried = best >= self.token_min_logp
            is_tried[..., :1] |= best[..., :1] >= log_probs[..., -1:]
            best = best.masked_fill(~is_tried, -math.inf)
        lengths = lengths.to(log_probs.device)
        beams = self._start(batch, classes - 1, log_probs.device)
        places = torch.arange(self.beam_size, device=log_probs.device).expand(batch, -1)
        arcs = []
        for frame in range(int(lengths.max()) if batch else 0):
            following, arc = self._step(beams, log_probs[:, frame], best[:, frame], tokens[:, frame])
            goes_on = frame < lengths[:, None]
            arcs.append((torch.where(goes_on, arc[0], places), torch.where(goes_on, arc[1], STAYED)))
            beams = _where(goes_on, following, beams)
        return self._paths(beams, arcs) if batch else []

    def _start(self, batch: int, blank: int, device: torch.device) -> _Beams:
        size = (batch, self.beam_size)
        nothing = torch.full(size, -math.inf, dtype=torch.float64, device=device)
        ends_blank = nothing.clone()
        ends_blank[:, 0] = 0.0
        ids = torch.zeros(size, dtype=torch.int64, device=device)
        start = self.fusion.start() if self.fusion is not None else 0
        return _Beams(ends_blank, nothing, torch.zeros_like(nothing), ids + start, ids + blank, ids + 1, ids)

    def _step(
        self, beams: _Beams, log_probs: Tensor, best: Tensor, tokens: Tensor
    ) -> tuple[_Beams, tuple[Tensor, Tensor]]:
        """One frame.

        Args:
            beams: [B, W].
            log_probs: [B, V + 1] of the frame.
            best: [B, K] of the tokens that are tried, minus infinity for the others.
            tokens: [B, K].

        Returns:
            The new beams, and for each the beam it came from and the token that it went on by, [B, W].
        """
        total = beams.total
        of_last = log_probs.gather(1, beams.last).double()
        ends_blank = total + log_probs[:, -1:].double()
        ends_token = beams.ends_token + of_last
        is_repeated = beams.last[:, :, None] == tokens[:, None, :]
        longer = (
            torch.where(is_repeated, beams.ends_blank[:, :, None], total[:, :, None]) + best[:, None, :]
        )  # [B, W, K]
        ends_token, longer = _merge(beams, total, of_last, ends_token, longer, tokens)
        stays = torch.logaddexp(ends_blank, ends_token) + beams.bonus
        least = stays.amin(dim=1)  # there are W beams that are as good
        if self.beam_threshold is not None:
            least = torch.maximum(least, stays.amax(dim=1) - self.beam_threshold)
        bonus, state = self._fused(beams, longer, tokens, least)
        scores = torch.cat((stays, (longer + bonus).flatten(1)), dim=1)  # [B, W + W K]
        kept, places = scores.topk(self.beam_size, dim=1)
        exists = kept > -math.inf
        if self.beam_threshold is not None:
            exists &= kept >= kept[:, :1] - self.beam_threshold
        grows = places >= self.beam_size
        pair = (places - self.beam_size).clamp(min=0)
        source = torch.where(grows, pair // tokens.shape[1], places)
        token = tokens.gather(1, pair % tokens.shape[1])
        hashes = beams.hashes.gather(1, source)
        nothing = -math.inf
        return _Beams(
            ends_blank.gather(1, source).masked_fill(grows | ~exists, nothing),
            torch.where(grows, longer.flatten(1).gather(1, pair), ends_token.gather(1, source)).masked_fill(
                ~exists, nothing
            ),
            torch.where(grows, bonus.flatten(1).gather(1, pair), beams.bonus.gather(1, source)),
            torch.where(grows, state.flatten(1).gather(1, pair), beams.state.gather(1, source)),
            torch.where(grows, token, beams.last.gather(1, source)),
            torch.where(grows, hashes * HASH_FACTOR + token + 1, hashes),
            torch.where(grows, hashes, beams.hashes_before.gather(1, source)),
        ), (source, torch.where(grows, token, STAYED))

    def _fused(self, beams: _Beams, longer: Tensor, tokens: Tensor, least: Tensor) -> tuple[Tensor, Tensor]:
        """The fusion's part [B, W, K] of sequences that go on, and its state there.

        Those that cannot reach `least` [B], whatever is added, are not asked about: of most frames nearly all.
        """
        bonus = beams.bonus[:, :, None].expand(longer.shape).clone()
        state = beams.state[:, :, None].expand(longer.shape).clone()
        if self.fusion is not None:
            reachable = longer + beams.bonus[:, :, None] + self._most
            is_asked = (longer > -math.inf) & (reachable >= least[:, None, None])
            row, beam, place = is_asked.nonzero(as_tuple=True)
            added, following = self.fusion.extend(beams.state[row, beam], tokens[row, place])
            bonus[row, beam, place] += added
            state[row, beam, place] = following
        return bonus, state

    def _paths(self, beams: _Beams, arcs: list[tuple[Tensor, Tensor]]) -> list[list[BeamPath]]:
        acoustic = beams.total
        exists = acoustic > -math.inf
        bonus = beams.bonus
        if self.fusion is not None:
            ended = bonus.clone()
            ended[exists] += self.fusion.finish(beams.state[exists])
            # what ends in a forbidden word is only taken when all do
            is_allowed = exists & (ended > -math.inf)
            bonus = torch.where(is_allowed.any(dim=1, keepdim=True), ended, bonus)
        scores, order = torch.where(exists, acoustic + bonus, -math.inf).sort(dim=1, descending=True, stable=True)
        bonus = bonus.gather(1, order)
        written, source = [], order
        for came_from, token in reversed(arcs):
            written.append(token.gather(1, source))
            source = came_from.gather(1, source)
        steps = torch.stack(written[::-1], dim=-1).cpu() if written else torch.empty(*order.shape, 0)  # [B, W, S]
        found = []
        for row_scores, row_bonus, row_steps in zip(scores.tolist(), bonus.tolist(), steps.tolist(), strict=True):
            ranked = zip(row_scores, row_bonus, row_steps, strict=True)
            found.append(
                [
                    BeamPath([token for token in path if token != STAYED], score, part)
                    for score, part, path in ranked
                    if score > -math.inf
                ]
            )
        return found


def _merge(
    beams: _Beams, total: Tensor, of_last: Tensor, ends_token: Tensor, longer: Tensor, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """Adds to each beam what reaches it from the beam one token shorter, and takes that out of `longer`."""
    exists = total > -math.inf
    is_shorter = (beams.hashes[:, :, None] == beams.hashes_before[:, None, :]) & exists[:, :, None] & exists[:, None, :]
    has_shorter, shorter = is_shorter.max(dim=1)  # [B, W], each has at most one
    is_repeated = beams.last.gather(1, shorter) == beams.last
    before = torch.where(is_repeated, beams.ends_blank.gather(1, shorter), total.gather(1, shorter))
    ends_token = torch.logaddexp(ends_token, (before + of_last).masked_fill(~has_shorter, -math.inf))
    is_counted = (tokens[:, None, :] == beams.last[:, :, None]) & has_shorter[:, :, None]  # [B, W, K]
    is_taken = torch.bmm(is_shorter.float(), is_counted.float()) > 0
    return ends_token, longer.masked_fill(is_taken, -math.inf)


def _where(goes_on: Tensor, following: _Beams, beams: _Beams) -> _Beams:
    """The new beams of the utterances [B, 1] that go on, the old ones of the others."""
    pairs = zip(vars(following).values(), vars(beams).values(), strict=True)
    return _Beams(*(torch.where(goes_on, new, old) for new, old in pairs))
