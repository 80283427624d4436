import math

import pytest
import torch

from nemo.collections.common.transformer.generation import (
    BeamSearchSequenceGenerator,
    BeamSearchSequenceGeneratorWithLanguageModel,
    EnsembleBeamSearchSequenceGenerator,
)
from nemo.utils.exceptions import ConfigError
from tests.collections.common.transformer import tiny
from tests.collections.common.transformer.generation.test_beam import log_probability, texts

OPTIONS = {"pad": tiny.PAD, "bos": tiny.BOS, "eos": tiny.EOS, "max_sequence_length": 4, "max_delta_length": -1}
LIMIT = 3


class GivenStates(torch.nn.Module):
    """An encoder whose states are known before."""

    def __init__(self, states):
        super().__init__()
        self.states = states

    def forward(self, input_ids, encoder_mask):
        return self.states


def models():
    """Two decoders of different width, their classifiers and states."""
    states, mask = tiny.utterances()
    wide = torch.randn(*states.shape[:2], 24, generator=torch.Generator().manual_seed(2))
    return [(*tiny.decoder(vocab_size=5), states), (*tiny.decoder(vocab_size=5, hidden_size=24), wide)], mask


def language_model():
    """Log-probabilities that depend on the last two tokens."""
    table = torch.randn(5, 5, 5, generator=torch.Generator().manual_seed(4)).mul(2).log_softmax(-1)

    def model(tokens, mask):
        before = torch.cat([tokens[:, :1], tokens[:, :-1]], dim=1)
        return table[before, tokens]

    return model


def ensemble(parts, **more):
    decoders, classifiers, states = zip(*parts, strict=True)
    return EnsembleBeamSearchSequenceGenerator(
        [GivenStates(each) for each in states],
        [decoder.embedding for decoder in decoders],
        [decoder.decoder for decoder in decoders],
        list(classifiers),
        **{**OPTIONS, **more},
    )


@torch.no_grad()
def token_log_probs(decoder, classifier, states, text):
    tokens = torch.tensor([[tiny.BOS, *text]])
    log_probs = classifier(hidden_states=decoder(input_ids=tokens[:, :-1], encoder_embeddings=states))
    return log_probs[0].gather(1, tokens[0, 1:, None])[:, 0]


def of_language(text):
    tokens = torch.tensor([[tiny.BOS, *text]])
    return float(language_model()(tokens[:, :-1], None)[0].gather(1, tokens[0, 1:, None]).sum())


@pytest.mark.parametrize("factor", [0.0, 0.7])
def test_an_ensemble_finds_the_text_of_the_largest_mean_probability(factor):
    parts, mask = models()
    search = ensemble(parts, beam_size=150, language_model=language_model(), fusion_coef=factor)
    result = search.generate(torch.zeros(3, 7, dtype=torch.long), mask)
    for row, length in enumerate(mask.sum(1)):
        scored = []
        for text in texts(5, LIMIT):
            each = torch.stack([token_log_probs(d, c, s[row : row + 1, :length], text) for d, c, s in parts])
            mean = float((each.logsumexp(0) - math.log(2)).sum())
            scored.append((mean + factor * of_language(text), text))
        best, text = max(scored)
        assert result.tokens[row, 0, 1 : 1 + result.lengths[row, 0]].tolist() == text
        assert float(result.scores[row, 0]) == pytest.approx(best, abs=1e-4)


def test_an_ensemble_of_one_is_a_plain_beam_search():
    parts, mask = models()
    decoder, classifier, states = parts[0]
    alone = BeamSearchSequenceGenerator(decoder.embedding, decoder.decoder, classifier, beam_size=3, **OPTIONS)
    found = ensemble(parts[:1], beam_size=3).generate(torch.zeros(3, 7, dtype=torch.long), mask)
    expected = alone.generate(states, mask)
    assert torch.equal(found.tokens, expected.tokens) and torch.allclose(found.scores, expected.scores, atol=1e-5)
    best = ensemble(parts[:1], beam_size=3)(torch.zeros(3, 7, dtype=torch.long), mask)
    assert torch.equal(best, expected.tokens[:, 0])


def test_parts_that_do_not_belong_together_are_refused():
    with pytest.raises(ConfigError, match="got 0 encoders, 0 embeddings"):
        EnsembleBeamSearchSequenceGenerator([], [], [], [])


@pytest.mark.parametrize("factor", [0.0, 1.5])
def test_a_language_model_has_its_say(factor):
    decoder, classifier = tiny.decoder(vocab_size=5)
    states, mask = tiny.utterances()
    parts = (decoder.embedding, decoder.decoder, classifier)
    search = BeamSearchSequenceGeneratorWithLanguageModel(language_model(), factor, *parts, beam_size=150, **OPTIONS)
    result = search.generate(states, mask)
    for row, length in enumerate(mask.sum(1)):
        best, text = max(
            (
                log_probability(decoder, classifier, states[row : row + 1, :length], text) + factor * of_language(text),
                text,
            )
            for text in texts(5, LIMIT)
        )
        assert result.tokens[row, 0, 1 : 1 + result.lengths[row, 0]].tolist() == text
        assert float(result.scores[row, 0]) == pytest.approx(best, abs=1e-4)
