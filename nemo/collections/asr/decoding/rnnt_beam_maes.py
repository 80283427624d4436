"""Transducer beam search that looks at few ways to go on: modified adaptive expansion search.

Kim and Lee, "Accelerating RNN transducer inference via adaptive expansion search", IEEE Signal Process. Letters, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

from nemo.collections.asr.decoding.rnnt_prefixes import Prefix, PrefixScores, best, with_paths_from_prefixes


@dataclass
class AdaptiveExpansionSearch:
    """Like the time-synchronous search, but a prefix goes on only with what is nearly as good as its best.

    Args:
        beam_size: prefixes that are kept.
        steps: steps of one frame.
        prefix_alpha: tokens by which a prefix may be longer than another to get its ways added.
        gamma: distance in log-probability from the best way to go on.
        beta: ways to go on that are looked at beside `beam_size`.
    """

    beam_size: int
    steps: int
    prefix_alpha: int
    gamma: float
    beta: int

    def search(self, scores: PrefixScores) -> list[Prefix]:
        """Prefixes at the end of the utterance."""
        kept = [scores.empty()]
        for time in range(len(scores)):
            kept = self._frame(scores, with_paths_from_prefixes(scores, kept, time, self.prefix_alpha), time)
        return kept

    def _frame(self, scores: PrefixScores, here: list[Prefix], time: int) -> list[Prefix]:
        """`here` are the prefixes at the frame; returns those at the next one."""
        counted = {prefix.tokens for prefix in here}
        after: list[Prefix] = []
        for _ in range(self.steps):
            log_probs = scores.log_probs(here, [time] * len(here))
            values, classes = log_probs.topk(min(self.beam_size + self.beta, log_probs.shape[1]))
            tried = []
            for prefix, row, indices in zip(here, values.tolist(), classes.tolist(), strict=True):
                for index, log_prob in zip(indices, row, strict=True):
                    if log_prob < row[0] - self.gamma:
                        break  # they are in order
                    if index == scores.blank:
                        after.append(prefix.with_score(prefix.score + log_prob))
                    elif (*prefix.tokens, index) not in counted:
                        tried.append(scores.extended(prefix, index, log_prob, time))
            here = tried
            if not here:
                return best(after, self.beam_size)
        blanks = scores.log_probs(here, [time] * len(here))[:, scores.blank].tolist()
        stopped = [prefix.with_score(prefix.score + blank) for prefix, blank in zip(here, blanks, strict=True)]
        return best([*after, *stopped], self.beam_size)
