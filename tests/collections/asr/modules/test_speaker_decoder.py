import numpy as np
import pytest
import torch
from torch.nn import functional

from nemo.collections.asr.modules import SpeakerDecoder
from nemo.collections.asr.modules.speaker_pooling import AttentivePoolLayer, StatsPoolLayer
from nemo.utils.exceptions import ConfigError

MODES = ("attention", "xvector", "tap")


def frames():
    """Two recordings of 9 and 5 frames."""
    return torch.randn(2, 6, 9), torch.tensor([9, 5])


@pytest.mark.parametrize("mode", MODES)
def test_padding_changes_nothing(mode):
    decoder = SpeakerDecoder(6, 4, emb_sizes=[7, 5], pool_mode=mode, attention_channels=8).eval()
    encoded, lengths = frames()
    logits, embeddings = decoder(encoder_output=encoded, length=lengths)
    assert logits.shape == (2, 4) and embeddings.shape == (2, 5)
    for row, length in enumerate(lengths):
        alone = decoder(encoder_output=encoded[row : row + 1, :, :length])
        assert torch.allclose(logits[row], alone[0][0], atol=1e-6)
        assert torch.allclose(embeddings[row], alone[1][0], atol=1e-6)


def test_statistics_are_numpys():
    encoded, lengths = frames()
    pooled = StatsPoolLayer(6)(encoded, lengths).numpy()
    means = StatsPoolLayer(6, "tap")(encoded, lengths).numpy()
    for row, length in enumerate(lengths):
        valid = encoded[row, :, :length].numpy()
        np.testing.assert_allclose(pooled[row], np.r_[valid.mean(1), valid.std(1, ddof=1)], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(means[row], valid.mean(1), rtol=1e-4, atol=1e-6)


def test_even_attention_gives_plain_statistics():
    pooling = AttentivePoolLayer(6, attention_channels=8).eval()
    torch.nn.init.zeros_(pooling.attention_layer[2].weight)
    encoded, lengths = frames()
    pooled = pooling(encoded, lengths).squeeze(2)
    for row, length in enumerate(lengths):
        valid = encoded[row, :, :length]
        expected = torch.cat([valid.mean(1), valid.std(1, correction=0)])
        assert torch.allclose(pooled[row], expected, atol=1e-5)


def test_attention_that_sees_one_frame_gives_that_frame():
    pooling = AttentivePoolLayer(2, attention_channels=3).eval()
    encoded = torch.randn(1, 2, 4)
    pooled = pooling(encoded, torch.tensor([1])).flatten()
    assert torch.allclose(pooled[:2], encoded[0, :, 0], atol=1e-6)
    assert torch.allclose(pooled[2:], torch.zeros(2), atol=2e-5)


def test_angular_logits_know_the_embeddings_direction_only():
    decoder = SpeakerDecoder(6, 4, emb_sizes=5, pool_mode="attention", angular=True).eval()
    assert decoder.final.bias is None
    logits, embeddings = decoder(encoder_output=torch.randn(2, 6, 9))
    assert torch.allclose(logits, functional.normalize(embeddings, dim=1) @ decoder.final.weight.T, atol=1e-6)


def test_logits_of_statistics_come_after_the_norm_and_relu_of_the_embedding():
    decoder = SpeakerDecoder(6, 4, emb_sizes=5).eval()
    decoder.emb_layers[0][1].running_mean.normal_()
    encoded = torch.randn(2, 6, 9)
    linear, norm = decoder.emb_layers[0][:2]
    logits, embeddings = decoder(encoder_output=encoded)
    normed = norm(linear(decoder._pooling(encoded)))
    assert torch.allclose(embeddings, normed)
    assert torch.allclose(logits, decoder.final(normed.relu()))


def test_other_classes_keep_the_embedding():
    decoder = SpeakerDecoder(6, 4, emb_sizes=5, pool_mode="attention", angular=True).eval()
    encoded = torch.randn(2, 6, 9)
    _, before = decoder(encoder_output=encoded)
    decoder.change_classes(7)
    logits, after = decoder(encoder_output=encoded)
    assert logits.shape == (2, 7) and decoder.num_classes == 7 and torch.equal(before, after)


def test_what_cannot_be_is_named():
    with pytest.raises(ConfigError, match="pool_mode is 'max'"):
        SpeakerDecoder(6, 4, pool_mode="max")
    with pytest.raises(ConfigError, match="emb_sizes"):
        SpeakerDecoder(6, 4, emb_sizes=[])
    with pytest.raises(ConfigError, match="num_classes is -1"):
        SpeakerDecoder(6, -1)


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_of_one_recording_can_be_learnt_from(mode):
    decoder = SpeakerDecoder(6, 4, emb_sizes=[7, 5], pool_mode=mode, attention_channels=8).train()
    logits, _ = decoder(encoder_output=torch.randn(1, 6, 9))
    logits.sum().backward()
    assert torch.isfinite(logits).all() and all(weight.grad is not None for weight in decoder.parameters())
