import itertools

import pytest
import torch

from nemo.collections.common.transformer.generation import BeamSearchSequenceGenerator, GreedySequenceGenerator
from nemo.collections.common.transformer.generation.beam import length_penalty
from nemo.utils.exceptions import ConfigError
from tests.collections.common.transformer import tiny

ENDS = {"pad": tiny.PAD, "bos": tiny.BOS, "eos": tiny.EOS}


def generator(decoder, classifier, **more):
    return BeamSearchSequenceGenerator(decoder.embedding, decoder.decoder, classifier, **{**ENDS, **more})


def texts(size, longest):
    """All texts of a vocabulary: they end with EOS, or are as long as they may be."""
    others = [token for token in range(size) if token != tiny.EOS]
    for length in range(longest):
        yield from ([*text, tiny.EOS] for text in itertools.product(others, repeat=length))
    yield from (list(text) for text in itertools.product(others, repeat=longest))


@torch.no_grad()
def log_probability(decoder, classifier, states, text):
    """Of a text after BOS, computed without a cache."""
    tokens = torch.tensor([[tiny.BOS, *text]])
    log_probs = classifier(hidden_states=decoder(input_ids=tokens[:, :-1], encoder_embeddings=states))
    return float(log_probs[0].gather(1, tokens[0, 1:, None]).sum())


@pytest.mark.parametrize("len_pen", [0.0, 0.6, 2.0])
def test_a_beam_wide_enough_finds_the_best_texts_of_all(len_pen):
    decoder, classifier = tiny.decoder(vocab_size=5)
    states, mask = tiny.utterances()
    limit = 3
    result = generator(
        decoder, classifier, beam_size=150, len_pen=len_pen, max_sequence_length=limit + 1, max_delta_length=-1
    ).generate(states, mask)
    for row, length in enumerate(mask.sum(1)):
        scored = []
        for text in texts(5, limit):
            score = log_probability(decoder, classifier, states[row : row + 1, :length], text)
            scored.append((score / float(length_penalty(torch.tensor(len(text) + 1), len_pen)), score, text))
        scored.sort(reverse=True)
        assert len(scored) <= 150
        for rank, (_, score, text) in enumerate(scored[:20]):
            found = result.tokens[row, rank, 1 : 1 + result.lengths[row, rank]].tolist()
            assert found == text, (row, rank)
            assert result.scores[row, rank] == pytest.approx(score, abs=1e-4)
        assert result.scores[row].isfinite().sum() == len(scored)  # no text twice, and none but these


@pytest.mark.parametrize("kind", [{}, {"pre_ln": True}])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_a_batch_gives_what_each_utterance_gives_alone(kind, beam_size):
    decoder, classifier = tiny.decoder(**kind)
    states, mask = tiny.utterances((9, 5, 2, 7))
    search = generator(decoder, classifier, beam_size=beam_size, len_pen=0.5, max_delta_length=5)
    together = search.generate(states, mask)
    for row, length in enumerate(mask.sum(1).tolist()):
        alone = search.generate(states[row : row + 1, :length])
        assert torch.allclose(together.scores[row], alone.scores[0], atol=1e-4)
        assert together.lengths[row].tolist() == alone.lengths[0].tolist()
        for rank, tokens in enumerate(alone.tokens[0]):
            end = 1 + int(alone.lengths[0, rank])
            assert together.tokens[row, rank, :end].tolist() == tokens[:end].tolist()
            assert set(together.tokens[row, rank, end:].tolist()) <= {tiny.PAD}


def test_a_beam_of_one_is_greedy_search():
    decoder, classifier = tiny.decoder()
    states, mask = tiny.utterances()
    greedy = GreedySequenceGenerator(decoder.embedding, decoder.decoder, classifier, **ENDS).generate(states, mask)
    beam = generator(decoder, classifier, beam_size=1).generate(states, mask)
    assert torch.equal(beam.tokens, greedy.tokens)
    assert torch.allclose(beam.scores, greedy.scores, atol=1e-4)


def test_scores_are_returned_as_the_original_does():
    decoder, classifier = tiny.decoder()
    states, mask = tiny.utterances()
    search = generator(decoder, classifier, beam_size=3)
    all_texts, scores, best = search(encoder_hidden_states=states, encoder_input_mask=mask, return_beam_scores=True)
    assert len(all_texts) == len(scores) == 3 and scores[0].shape == (3,)
    assert torch.equal(best, torch.stack([texts[0] for texts in all_texts]))
    assert torch.equal(best, search(encoder_hidden_states=states, encoder_input_mask=mask))


def test_an_empty_beam_is_refused():
    decoder, classifier = tiny.decoder()
    with pytest.raises(ConfigError, match="beam_size is 0"):
        generator(decoder, classifier, beam_size=0)
