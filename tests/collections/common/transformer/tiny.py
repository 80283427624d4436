"""A transformer small enough for tests, and utterances to feed it."""

import torch

from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.transformer import TransformerDecoderNM

PAD, BOS, EOS = 3, 1, 2


def decoder(vocab_size=11, hidden_size=16, **more):
    """A decoder with weights large enough to be sure of itself, and its classifier."""
    torch.manual_seed(0)
    options = {"num_layers": 2, "inner_size": 24, "num_attention_heads": 2, "num_token_types": 0, **more}
    built = TransformerDecoderNM(vocab_size=vocab_size, hidden_size=hidden_size, **options).eval()
    classifier = TokenClassifier(hidden_size, vocab_size).eval()
    for parameter in (*built.parameters(), *classifier.parameters()):
        torch.nn.init.normal_(parameter, std=0.5)
    return built, classifier


def utterances(lengths=(7, 4, 1), hidden_size=16):
    """States [B, S, H] and their mask [B, S]; the padding holds noise that must not matter."""
    torch.manual_seed(1)
    states = torch.randn(len(lengths), max(lengths), hidden_size)
    return states, torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]
