"""Error rates: words of 20,000 pairs of sentences, characters of 2,000.

The original's times (0.0372 s and 0.00576 s) were taken on two cores of the same kind, on the same sentences.
"""

import random

from benchmarks.measure import emit, measure

ORIGINAL_SECONDS = {"wer_20k": 0.0372, "cer_2k": 0.00576}


def sentences(count):
    """References of 12 words, and hypotheses with 5 % of the words gone and 15 % of the others changed."""
    chooser = random.Random(0)
    vocabulary = [f"w{index}" for index in range(500)]
    references = [" ".join(chooser.choice(vocabulary) for _ in range(12)) for _ in range(count)]
    hypotheses = [
        " ".join(
            word if chooser.random() > 0.15 else chooser.choice(vocabulary)
            for word in reference.split()
            if chooser.random() > 0.05
        )
        for reference in references
    ]
    return hypotheses, references


def main():
    from nemo.collections.asr.metrics.wer import word_error_rate

    hypotheses, references = sentences(20_000)
    jobs = {
        "wer_20k": lambda: word_error_rate(hypotheses, references),
        "cer_2k": lambda: word_error_rate(hypotheses[:2000], references[:2000], use_cer=True),
    }
    for name, job in jobs.items():
        timing = measure(job)
        original = ORIGINAL_SECONDS[name]
        emit(name, timing.median / original, unit="ratio", limit=1.0, reference=original, timing=timing, rate=job())


if __name__ == "__main__":
    main()
