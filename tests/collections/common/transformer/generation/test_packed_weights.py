import torch

from nemo.collections.common.transformer.generation import GreedySequenceGenerator
from nemo.collections.common.transformer.generation.packed_weights import packed_weights
from tests.collections.common.transformer import tiny


def test_products_agree_and_everything_is_afterwards_as_it_was():
    decoder, classifier = tiny.decoder(vocab_size=40, hidden_size=32)
    states, mask = tiny.utterances((9, 8, 7, 6, 5, 4, 3, 2), hidden_size=32)
    search = GreedySequenceGenerator(decoder.embedding, decoder.decoder, classifier, tiny.PAD, tiny.BOS, tiny.EOS)
    expected = search.generate(states, mask)
    with packed_weights((decoder, classifier), rows=8):
        with packed_weights((decoder,), rows=8):  # nothing is left to do
            pass
        found = search.generate(states, mask)
        x = torch.randn(2, 32, requires_grad=True)
        layer = classifier.mlp.last_linear_layer
        assert layer(x).requires_grad and torch.allclose(layer(x.detach()), layer(x), atol=1e-5)
        with torch.no_grad():
            assert torch.allclose(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias), atol=1e-5)
    assert torch.equal(found.tokens, expected.tokens) and torch.allclose(found.scores, expected.scores, atol=1e-4)
    assert not any("forward" in vars(part) for module in (decoder, classifier) for part in module.modules())


def test_few_rows_are_left_alone():
    _, classifier = tiny.decoder()
    with packed_weights((classifier,), rows=7):
        assert "forward" not in vars(classifier.mlp.last_linear_layer)
