import math

import pytest
import torch

from nemo.collections.common.metrics import bleu_counts, bleu_of_counts


def test_bleu_of_a_pair_counted_by_hand():
    # 6 words of 7: n-grams in common 5 of 6, 4 of 5, 3 of 4, 2 of 3; brevity exp(1 - 7 / 6)
    counts = bleu_counts(["the cat sat on the rug"], ["the cat sat on the mat ."])
    assert counts.tolist() == [6, 7, 5, 4, 3, 2, 6, 5, 4, 3]
    expected = 100 * math.exp(1 - 7 / 6) * (5 / 6 * 4 / 5 * 3 / 4 * 2 / 3) ** 0.25
    assert float(bleu_of_counts(counts)) == pytest.approx(expected, rel=1e-5)


def test_counts_of_batches_add_up_to_those_of_the_corpus():
    from torchmetrics.text import SacreBLEUScore

    hypotheses = ["a b c d e", "one two three four", "Hello, world! It is me."]
    references = ["a b c d f", "one two three five", "Hello, world! It is you."]
    pairs = zip(hypotheses, references, strict=True)
    total = torch.stack([bleu_counts([hypothesis], [reference]) for hypothesis, reference in pairs]).sum(0)
    whole = SacreBLEUScore()(hypotheses, [[reference] for reference in references])
    assert float(bleu_of_counts(total)) == pytest.approx(100 * float(whole), rel=1e-5)


def test_nothing_in_common_is_zero_and_equal_texts_are_a_hundred():
    assert float(bleu_of_counts(bleu_counts(["a b c d"], ["e f g h"]))) == 0.0
    assert float(bleu_of_counts(bleu_counts([], []))) == 0.0
    assert float(bleu_of_counts(bleu_counts(["a b c d"], ["a b c d"]))) == pytest.approx(100.0)
    with pytest.raises(ValueError, match="1 hypotheses and 2 references"):
        bleu_counts(["a"], ["a", "b"])
