"""Transducer beam search whose prefixes go from frame to frame together.

Saon, Tueske and Audhkhasi, "Alignment-length synchronous decoding for RNN transducer", ICASSP 2020, Algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from nemo.collections.asr.decoding.rnnt_prefixes import Prefix, PrefixScores, best, merged

NEGLIGIBLE = 40.0
"""Distance in log-probability from which on what is added changes nothing in double precision."""


@dataclass
class TimeSynchronousSearch:
    """At each frame all prefixes write one token after the other.

    Args:
        beam_size: prefixes that are kept, and tokens that each is tried with.
        max_symbols: steps of one frame; the last writes none.
    """

    beam_size: int
    max_symbols: int

    def search(self, scores: PrefixScores) -> list[Prefix]:
        """Prefixes at the end of the utterance."""
        kept = [scores.empty()]
        for time in range(len(scores)):
            after: list[Prefix] = []
            here = kept
            for step in range(self.max_symbols):
                log_probs = scores.log_probs(here, [time] * len(here))
                blanks = log_probs[:, scores.blank].tolist()
                stopped = [p.with_score(p.score + blank) for p, blank in zip(here, blanks, strict=True)]
                after = merged([*after, *stopped])
                if step == self.max_symbols - 1:
                    break
                tried = [
                    scores.extended(prefix, token, log_prob, time)
                    for prefix, tokens in zip(here, scores.best_tokens(log_probs, self.beam_size), strict=True)
                    for token, log_prob in tokens
                ]
                here = best(tried, self.beam_size)
                enough = best(after, self.beam_size)
                if len(enough) == self.beam_size and here[0].score < enough[-1].score - NEGLIGIBLE:
                    break
            kept = best(after, self.beam_size)
        return kept
