"""Transducer beam search as it was first described: Graves, 2012 (https://arxiv.org/abs/1211.3711), Algorithm 1.

At each frame the best prefix is taken out and goes on, by the blank to the next frame and by tokens on this one, until
enough prefixes at the next frame are better than all that are left. With a wide beam the scores are sums over all ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from nemo.collections.asr.decoding.rnnt_prefixes import Prefix, PrefixScores, best, merged, with_paths_from_prefixes


@dataclass
class DefaultBeamSearch:
    """See the head of this file.

    Args:
        beam_size: prefixes that are kept, and tokens that each is tried with.
        max_symbols: tokens that one frame may have. The paper knows no limit; an untrained model has no end without.
    """

    beam_size: int
    max_symbols: int

    def search(self, scores: PrefixScores) -> list[Prefix]:
        """Prefixes at the end of the utterance."""
        kept = [scores.empty()]
        for time in range(len(scores)):
            kept = self._frame(scores, with_paths_from_prefixes(scores, kept, time, self.max_symbols), time)
        return kept

    def _frame(self, scores: PrefixScores, here: list[Prefix], time: int) -> list[Prefix]:
        """`here` are the prefixes at the frame; returns those at the next one."""
        counted = {prefix.tokens for prefix in here}  # the ways to them at this frame are in their scores
        waiting = {prefix.tokens: (prefix, 0) for prefix in here}
        after: list[Prefix] = []
        while waiting:
            taken = max(waiting, key=lambda tokens: waiting[tokens][0].score)
            prefix, written = waiting.pop(taken)
            log_probs = scores.log_probs([prefix], [time])
            after.append(prefix.with_score(prefix.score + float(log_probs[0, scores.blank])))
            if written < self.max_symbols:
                for token, log_prob in scores.best_tokens(log_probs, self.beam_size)[0]:
                    longer = scores.extended(prefix, token, log_prob, time)
                    if longer.tokens not in counted:
                        waiting[longer.tokens] = (longer, written + 1)
            limit = max((prefix.score for prefix, _ in waiting.values()), default=float("-inf"))
            better = [prefix for prefix in after if prefix.score > limit]
            if len(better) >= self.beam_size:
                return best(merged(better), self.beam_size)
        return best(merged(after), self.beam_size)
