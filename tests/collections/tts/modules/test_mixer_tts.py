"""Mixer-TTS's networks against PyTorch's own operations, and the size that the paper gives."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.tts.modules.fastpitch import TemporalPredictor
from nemo.collections.tts.modules.mixer_tts import MixerTTSModule, SelfAttentionModule
from nemo.utils.exceptions import ConfigError


def everywhere(*shape):
    return torch.ones(*shape, 1, dtype=torch.bool)


@torch.no_grad()
def test_a_block_mixes_times_then_channels():
    module = MixerTTSModule(num_tokens=7, feature_dim=6, num_layers=1, kernel_sizes=[5], padding_idx=0).eval()
    tokens, block = torch.randint(1, 7, (2, 9)), module.mixer_blocks[0]
    time, channels = block.time_mix, block.channel_mix
    x = F.embedding(tokens, module.to_embed.weight)
    y = F.layer_norm(x, (6,), time.norm.weight, time.norm.bias).transpose(1, 2)
    for layer in (time.fn.first_mix_layer, time.fn.second_mix_layer):
        rows = [F.conv1d(y[:, i : i + 1], layer.weight[i : i + 1], layer.bias[i : i + 1], padding=2) for i in range(6)]
        y = F.gelu(torch.cat(rows, 1)) if layer is time.fn.first_mix_layer else torch.cat(rows, 1)
    x = x + y.transpose(1, 2)
    inner = F.layer_norm(x, (6,), channels.norm.weight, channels.norm.bias)
    first, second = channels.fn.first_mix_layer, channels.fn.second_mix_layer
    assert first.weight.shape == (24, 6)
    x = x + F.gelu(inner @ first.weight.T + first.bias) @ second.weight.T + second.bias
    found, _ = module(tokens, everywhere(2, 9))
    torch.testing.assert_close(found, F.layer_norm(x, (6,), module.norm.weight, module.norm.bias, eps=1e-3))


@torch.no_grad()
def test_padding_has_no_effect():
    module = MixerTTSModule(num_tokens=-1, feature_dim=6, num_layers=2, kernel_sizes=[3, 5]).eval()
    x, lengths = torch.randn(2, 9, 6), [4, 9]
    mask = (torch.arange(9) < torch.tensor(lengths)[:, None])[..., None]
    together, _ = module(x, mask)
    for row, length in enumerate(lengths):
        alone, _ = module(x[row : row + 1, :length], everywhere(1, length))
        torch.testing.assert_close(together[row, :length], alone[0])
    assert not together[0, 4:].any()


def test_the_network_has_the_size_that_the_paper_gives():
    encoder = MixerTTSModule(112, 384, 6, [11, 13, 15, 17, 19, 21], padding_idx=0)
    decoder = MixerTTSModule(-1, 384, 9, [15, 17, 19, 21, 23, 25, 27, 29, 31])
    predictors = [TemporalPredictor(384, 256, 3, 0.1) for _ in range(2)]
    rest = [torch.nn.Conv1d(1, 384, 3), torch.nn.Linear(384, 80)]
    count = sum(each.numel() for part in [encoder, decoder, *predictors, *rest] for each in part.parameters())
    assert count / 1e6 == pytest.approx(19.2, abs=0.2)


def test_kernels_must_fit_the_layers():
    with pytest.raises(ConfigError, match=r"kernel_sizes is \[3, 4\] and num_layers 2"):
        MixerTTSModule(-1, 6, 2, [3, 4])
    with pytest.raises(ConfigError, match="conv_type is 'linear'. Expected depth-wise"):
        MixerTTSModule(-1, 6, 1, [3], conv_type="linear")


@torch.no_grad()
def test_a_language_model_is_heard_by_scaled_dot_products():
    module = SelfAttentionModule(n_text_channels=8, n_lm_tokens_channels=6).eval()
    text, known = torch.randn(2, 5, 8), torch.randn(2, 4, 6)
    q_mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    kv_mask = torch.tensor([[True] * 4, [True] * 2 + [False] * 2])
    found = module(queries=text, keys=known, values=known, q_mask=q_mask, kv_mask=kv_mask)
    for row, (asked, tokens) in enumerate(((5, 4), (3, 2))):
        queries = module.query_proj((text[row, :asked] + module.text_pos_emb(asked)[0]).T[None])
        inputs = (known[row, :tokens] + module.lm_pos_emb(tokens)[0]).T[None]
        parts = [each.transpose(1, 2) for each in (queries, module.key_proj(inputs), module.value_proj(inputs))]
        torch.testing.assert_close(found[row, :asked], F.scaled_dot_product_attention(*parts)[0])
    assert not found[1, 3:].any()
