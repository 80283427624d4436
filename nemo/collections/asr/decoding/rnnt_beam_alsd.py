"""Transducer beam search whose prefixes have frames and tokens of the same sum.

Saon, Tueske and Audhkhasi, "Alignment-length synchronous decoding for RNN transducer", ICASSP 2020, Algorithm 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from nemo.collections.asr.decoding.rnnt_prefixes import Prefix, PrefixScores, best, merged


@dataclass
class AlignmentLengthSynchronousSearch:
    """At step i all prefixes have frames and tokens that are i together.

    Args:
        beam_size: prefixes that are kept, and tokens that each is tried with.
        max_target_len: longest text; a float counts tokens for each frame, an int tokens.
    """

    beam_size: int
    max_target_len: float

    def search(self, scores: PrefixScores) -> list[Prefix]:
        """Prefixes that reached the end of the utterance; if none did, those that were left."""
        frames = len(scores)
        longest = self.max_target_len if isinstance(self.max_target_len, int) else int(self.max_target_len * frames)
        kept, finished = [scores.empty()], []
        for step in range(frames + longest):
            going = [prefix for prefix in kept if step - len(prefix.tokens) < frames]
            if not going:
                break
            times = [step - len(prefix.tokens) for prefix in going]
            log_probs = scores.log_probs(going, times)
            tried = []
            for prefix, time, blank, tokens in zip(
                going,
                times,
                log_probs[:, scores.blank].tolist(),
                scores.best_tokens(log_probs, self.beam_size),
                strict=True,
            ):
                tried.append(prefix.with_score(prefix.score + blank))
                if time == frames - 1:
                    finished.append(tried[-1])
                tried += [scores.extended(prefix, token, log_prob, time) for token, log_prob in tokens]
            kept = merged(best(tried, self.beam_size))
        return finished or kept
