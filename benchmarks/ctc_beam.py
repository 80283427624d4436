"""CTC beam search: 20 seconds of frames of 80 ms, 1025 classes, 16 beams.

Ours works on a batch in tensors. It is compared with the textbook's search: plain Python, one utterance after another,
prefixes as tuples in a dict. Both try the 40 best tokens of each frame, and find the same texts. The frames are made
up: mostly sure blanks, and tokens with two or three rivals, as trained models give them.
"""

import math

from benchmarks.measure import compare, emit_ratio

UTTERANCES, FRAMES, CLASSES, BEAMS, TRIED = 8, 250, 1025, 16, 40


def speech():
    """Log-probabilities [B, S, V + 1] of which two frames of three are blanks."""
    import torch

    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(UTTERANCES, FRAMES, CLASSES, generator=generator)
    is_token = torch.rand(UTTERANCES, FRAMES, generator=generator) < 1 / 3
    scores[..., -1] += torch.where(is_token, 6.0, 16.0)
    for margin in (12.0, 10.0, 9.0):
        token = torch.randint(CLASSES - 1, (UTTERANCES, FRAMES, 1), generator=generator)
        scores.scatter_add_(2, token, torch.where(is_token, margin, 0.0)[..., None])
    return scores.log_softmax(dim=-1)


def log_add(one, other):
    high, low = max(one, other), min(one, other)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def plain_search(log_probs):
    """The best tokens of one utterance [S, V + 1]."""
    blank = log_probs.shape[1] - 1
    values, tokens = log_probs[:, :-1].topk(TRIED)
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -math.inf)}
    for row, of_blank, tried, tried_values in zip(
        log_probs.tolist(), log_probs[:, blank].tolist(), tokens.tolist(), values.tolist(), strict=True
    ):
        after: dict[tuple[int, ...], tuple[float, float]] = {}
        for prefix, (ends_blank, ends_token) in beams.items():
            total = log_add(ends_blank, ends_token)
            blank_before, token_before = after.get(prefix, (-math.inf, -math.inf))
            if prefix:
                token_before = log_add(token_before, ends_token + row[prefix[-1]])
            after[prefix] = (log_add(blank_before, total + of_blank), token_before)
            for token, value in zip(tried, tried_values, strict=True):
                longer = (*prefix, token)
                score = (ends_blank if prefix and token == prefix[-1] else total) + value
                blank_before, token_before = after.get(longer, (-math.inf, -math.inf))
                after[longer] = (blank_before, log_add(token_before, score))
        beams = dict(sorted(after.items(), key=lambda item: -log_add(*item[1]))[:BEAMS])
    return list(max(beams.items(), key=lambda item: log_add(*item[1]))[0])


def main():
    import torch

    from nemo.collections.asr.decoding.ctc_beam_search import CTCBeamSearch

    torch.set_num_threads(1)
    log_probs = speech()
    lengths = torch.full((UTTERANCES,), FRAMES)
    search = CTCBeamSearch(BEAMS, TRIED)
    texts = [paths[0].tokens for paths in search.search(log_probs, lengths)]
    same = sum(plain_search(row) == text for row, text in zip(log_probs[:2], texts, strict=False)) / 2
    functions = {
        "batch": lambda: search.search(log_probs, lengths),
        "alone": lambda: search.search(log_probs[:1], lengths[:1]),
        "plain": lambda: plain_search(log_probs[0]),
    }
    timings = compare(functions, repetitions=3)
    for name, count in (("batch", UTTERANCES), ("alone", 1)):
        ours = timings[name]
        ours.wall_seconds = [seconds / count for seconds in ours.wall_seconds]
        ours.cpu_seconds = [seconds / count for seconds in ours.cpu_seconds]
        milliseconds = 1000 * ours.median
        emit_ratio(
            f"ctc_beam_{name}",
            ours,
            timings["plain"],
            limit=1.0,
            ms_per_utterance=milliseconds,
            utterances=count,
            same=same,
        )


if __name__ == "__main__":
    main()
