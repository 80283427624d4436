import pytest
import torch

from nemo.collections.common.transformer.generation import GreedySequenceGenerator, TopKSequenceGenerator
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.common.transformer import tiny

ENDS = {"pad": tiny.PAD, "bos": tiny.BOS, "eos": tiny.EOS}


def generator(decoder, classifier, **more):
    return GreedySequenceGenerator(decoder.embedding, decoder.decoder, classifier, **{**ENDS, **more})


@torch.no_grad()
def without_cache(decoder, classifier, states, first, limit):
    """The most probable token at each step, everything computed anew."""
    tokens, total = first.clone(), 0.0
    while tokens.shape[1] < limit and tokens[0, -1] != tiny.EOS:
        log_probs = classifier(hidden_states=decoder(input_ids=tokens, encoder_embeddings=states))[:, -1]
        score, chosen = log_probs.max(dim=-1)
        total += float(score)
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)
    return tokens[0].tolist(), total


@pytest.mark.parametrize("kind", [{}, {"pre_ln": True}])
@pytest.mark.parametrize("first", [[[1], [1], [1], [1]], [[1, 4, 5], [1, 6, 2], [1, 0, 0], [1, 7, 9]]])
def test_cached_batch_gives_what_each_utterance_gives_without_a_cache(kind, first):
    decoder, classifier = tiny.decoder(**kind)
    states, mask = tiny.utterances((9, 5, 2, 7))
    first = torch.tensor(first)
    result = generator(decoder, classifier, max_delta_length=8).generate(states, mask, first)
    for row, length in enumerate(mask.sum(1).tolist()):
        begin = first[row : row + 1]
        if begin[0, -1] == tiny.EOS:
            continue  # the reference above would stop at once
        expected, score = without_cache(decoder, classifier, states[row : row + 1, :length], begin, length + 8)
        found = result.tokens[row, 0]
        assert found[: len(expected)].tolist() == expected
        assert set(found[len(expected) :].tolist()) <= {tiny.PAD}
        assert result.lengths[row, 0] == len(expected) - first.shape[1]
        assert result.scores[row, 0] == pytest.approx(score, abs=1e-4)


def test_texts_end_at_the_limit_of_their_own_utterance():
    decoder, classifier = tiny.decoder()
    torch.nn.init.constant_(classifier.mlp.layer0.bias[tiny.EOS : tiny.EOS + 1], -1e4)  # never ends by itself
    states, mask = tiny.utterances((9, 5, 2))
    lengths = generator(decoder, classifier, max_delta_length=3).generate(states, mask).lengths
    assert lengths[:, 0].tolist() == [11, 7, 4]
    lengths = generator(decoder, classifier, max_delta_length=3, like_release_1=True).generate(states, mask).lengths
    assert lengths[:, 0].tolist() == [11, 11, 11]
    lengths = generator(decoder, classifier, max_delta_length=-1, max_sequence_length=6).generate(states, mask).lengths
    assert lengths[:, 0].tolist() == [5, 5, 5]


def test_dropout_is_off_and_comes_back():
    decoder, classifier = tiny.decoder(ffn_dropout=0.5, embedding_dropout=0.5)
    states, mask = tiny.utterances()
    expected = generator(decoder, classifier).generate(states, mask).tokens
    decoder.train()
    assert torch.equal(generator(decoder, classifier).generate(states, mask).tokens, expected)
    assert all(module.training for module in decoder.modules()) and not classifier.training


def test_drawing_from_one_token_is_greedy_and_from_several_is_seeded():
    decoder, classifier = tiny.decoder()
    states, mask = tiny.utterances()
    parts = (decoder.embedding, decoder.decoder, classifier)
    greedy = generator(decoder, classifier).generate(states, mask).tokens
    assert torch.equal(TopKSequenceGenerator(*parts, beam_size=1, **ENDS).generate(states, mask).tokens, greedy)
    drawing = TopKSequenceGenerator(*parts, beam_size=4, temperature=2.0, **ENDS)
    torch.manual_seed(3)
    once = drawing.generate(states, mask).tokens
    torch.manual_seed(3)
    assert torch.equal(drawing.generate(states, mask).tokens, once)


def test_first_tokens_that_do_not_fit_are_refused():
    decoder, classifier = tiny.decoder()
    states, mask = tiny.utterances()
    search = generator(decoder, classifier, max_sequence_length=4)
    with pytest.raises(ShapeError, match=r"shape \[2, 1\]"):
        search.generate(states, mask, torch.ones(2, 1, dtype=torch.long))
    with pytest.raises(ShapeError, match="have 4 tokens, and texts may have 4"):
        search.generate(states, mask, torch.ones(3, 4, dtype=torch.long))
    with pytest.raises(ConfigError, match="encoder_hidden_states are missing"):
        search()
