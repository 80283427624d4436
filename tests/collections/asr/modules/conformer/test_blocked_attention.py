"""Attention in blocks against PyTorch's attention with all position scores as its bias."""

import pytest
import torch

from nemo.collections.asr.modules.conformer import attention, blocked_attention
from nemo.collections.asr.modules.conformer.attention import RelPositionMultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask, attention_mask
from nemo.collections.asr.modules.conformer.positions import RelPositionalEncoding

HEADS, WIDTH = 2, 8


def both_ways(mask, x, cache=None, dtype=torch.float32):
    """The module's result in blocks, and with gradients, where it goes another way."""
    module = RelPositionMultiHeadAttention(HEADS, WIDTH, 0.0).eval()
    for bias in (module.pos_bias_u, module.pos_bias_v):
        torch.nn.init.normal_(bias)
    positions = RelPositionalEncoding(WIDTH, 0.0).eval()(x, 0 if cache is None else cache.shape[1])[1]
    expected = module(x, mask, positions, cache).detach()
    module, x, positions = module.to(dtype), x.to(dtype), positions.to(dtype)
    with torch.no_grad():
        found = module(x, mask, positions, None if cache is None else cache.to(dtype))
    return found.float(), expected


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    monkeypatch.setattr(blocked_attention, "BLOCK_QUERIES", 4)
    monkeypatch.setattr(attention, "FEWEST_QUERIES", 1)


@pytest.mark.parametrize("frames", [1, 4, 11, 12])
def test_blocks_are_all_queries_at_once(frames):
    found, expected = both_ways(AttentionMask(), torch.randn(3, frames, WIDTH))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("context", [[-1, -1], [3, 2]])
def test_padding_and_context_are_kept(context):
    x = torch.randn(3, 11, WIDTH)
    mask = attention_mask(11, 0, torch.tensor([11, 7, 1]), None, context, "regular")
    found, expected = both_ways(mask, x)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_one_mask_for_all_utterances():
    mask = attention_mask(11, 0, None, None, [3, 2], "regular")
    assert mask.blocked.shape[0] == 1
    found, expected = both_ways(mask, torch.randn(2, 11, WIDTH))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_a_cache_goes_before_the_queries():
    x, cache = torch.randn(2, 6, WIDTH), torch.randn(2, 5, WIDTH)
    mask = attention_mask(6, 5, None, torch.tensor([2, 0]), [5, 1], "regular")
    found, expected = both_ways(mask, x, cache)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_half_precision_differs_by_its_rounding():
    found, expected = both_ways(AttentionMask(), torch.randn(2, 11, WIDTH), dtype=torch.bfloat16)
    torch.testing.assert_close(found, expected, atol=3e-2, rtol=3e-2)  # 8 bits


def test_dropout_of_weights_goes_the_other_way():
    module = RelPositionMultiHeadAttention(HEADS, WIDTH, 0.5).train()
    x = torch.randn(1, 40, WIDTH)
    with torch.no_grad():
        assert not module._goes_in_blocks(module._heads(x, None)[0])
        assert module.eval()._goes_in_blocks(module._heads(x, None)[0])
