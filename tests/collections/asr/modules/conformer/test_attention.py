"""Attention against sums written out frame by frame."""

import math

import pytest
import torch

from nemo.collections.asr.modules.conformer import attention
from nemo.collections.asr.modules.conformer.attention import (
    MultiHeadAttention,
    RelPositionMultiHeadAttention,
    shifted_to_keys,
)
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask, attention_mask
from nemo.collections.asr.modules.conformer.local_attention import RelPositionMultiHeadAttentionLongformer
from nemo.collections.asr.modules.conformer.positions import LocalAttRelPositionalEncoding, RelPositionalEncoding
from nemo.utils.exceptions import ConfigError

HEADS, WIDTH, FRAMES = 2, 8, 11


def relative_attention(**more):
    module = RelPositionMultiHeadAttention(HEADS, WIDTH, 0.0, **more).eval()
    torch.nn.init.normal_(module.pos_bias_u)
    torch.nn.init.normal_(module.pos_bias_v)
    return module


def by_hand(module, x, visible, cache=None):
    """Transformer-XL's equation for one utterance [S, H], key by key; `visible[i, j]` says what i sees."""
    seen = x if cache is None else torch.cat([cache, x])
    width = WIDTH // HEADS
    encoding = RelPositionalEncoding(WIDTH, 0.0, max_len=64)
    encoding.extend(64, x)
    result = torch.zeros_like(x)
    for head in range(HEADS):
        part = slice(head * width, (head + 1) * width)
        query, key, value = module.linear_q(x)[:, part], module.linear_k(seen)[:, part], module.linear_v(seen)[:, part]
        for i in range(len(x)):
            scores = torch.full((len(seen),), -torch.inf)
            for j in range(len(seen)):
                distance = len(seen) - len(x) + i - j
                position = module.linear_pos(encoding.pe[0, 63 - distance])[part]
                content = (query[i] + module.pos_bias_u[head]) @ key[j]
                place = (query[i] + module.pos_bias_v[head]) @ position
                if visible[i, j]:
                    scores[j] = (content + place) / math.sqrt(width)
            result[i, part] = torch.softmax(scores, 0) @ value
    return module.linear_out(result)


def test_relative_attention_is_the_sum_over_keys():
    module, x = relative_attention(), torch.randn(1, FRAMES, WIDTH)
    encoding = RelPositionalEncoding(WIDTH, 0.0)
    with torch.no_grad():
        found = module(x, AttentionMask(), encoding(x)[1])
        assert torch.allclose(found[0], by_hand(module, x[0], torch.ones(FRAMES, FRAMES)), atol=1e-5)


def test_relative_attention_with_a_cache_and_a_context():
    module, x, cache = relative_attention(), torch.randn(1, 4, WIDTH), torch.randn(1, 6, WIDTH)
    positions = RelPositionalEncoding(WIDTH, 0.0)(x, cache_len=6)[1]
    mask = attention_mask(4, 6, None, torch.tensor([2]), [5, 1], "regular")
    keys, queries = torch.arange(10), torch.arange(6, 10)[:, None]
    visible = (queries - keys <= 5) & (queries - keys >= -1) & (keys >= 2)
    with torch.no_grad():
        found = module(x, mask, positions, cache)
        assert torch.allclose(found[0], by_hand(module, x[0], visible, cache[0]), atol=1e-5)


def test_projected_positions_follow_the_weights():
    module, x = relative_attention(), torch.randn(1, FRAMES, WIDTH)
    positions = RelPositionalEncoding(WIDTH, 0.0)(x)[1]
    with torch.no_grad():
        first = module.projected_positions(positions)
        assert module.projected_positions(positions) is first
        module.linear_pos.weight.mul_(2)
        assert torch.allclose(module.projected_positions(positions), 2 * first)


def test_shift_reads_the_column_of_the_distance():
    scores = torch.arange(3 * 9, dtype=torch.float).view(1, 1, 3, 9)  # 3 queries, 5 keys
    found = shifted_to_keys(scores, 5)
    expected = torch.stack([scores[0, 0, i, torch.arange(5) + 3 - 1 - i] for i in range(3)])
    assert torch.equal(found[0, 0], expected)


def test_attention_without_positions_is_pytorchs():
    module, x = MultiHeadAttention(HEADS, WIDTH, 0.0).eval(), torch.randn(2, FRAMES, WIDTH)
    theirs = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    with torch.no_grad():
        parts = (module.linear_q, module.linear_k, module.linear_v)
        theirs.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        theirs.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        theirs.out_proj.load_state_dict(module.linear_out.state_dict())
        is_padding = torch.arange(FRAMES) >= torch.tensor([[11], [7]])
        expected = theirs(x, x, x, key_padding_mask=is_padding)[0]
        found = module(x, attention_mask(FRAMES, 0, torch.tensor([11, 7]), None, [-1, -1], "regular"), torch.empty(0))
    assert torch.allclose(found[0], expected[0], atol=1e-6)
    assert torch.allclose(found[1, :7], expected[1, :7], atol=1e-6)
    assert torch.equal(found[1, 7:], module.linear_out.bias.expand(4, WIDTH))


@pytest.mark.parametrize("context", [[3, 3], [4, 1], [1, 0], [20, 20]])
@pytest.mark.parametrize("frames", [11, 12, 1])
def test_local_attention_is_full_attention_with_a_band(context, frames):
    full = relative_attention()
    local = RelPositionMultiHeadAttentionLongformer(HEADS, WIDTH, 0.0, att_context_size=context).eval()
    local.load_state_dict(full.state_dict())
    x, lengths = torch.randn(3, frames, WIDTH), torch.tensor([frames, max(frames - 4, 1), 1])
    mask = attention_mask(frames, 0, lengths, None, context, "regular")
    with torch.no_grad():
        expected = full(x, mask, RelPositionalEncoding(WIDTH, 0.0)(x)[1])
        found = local(x, mask, LocalAttRelPositionalEncoding(context, WIDTH, 0.0)(x)[1])
    assert torch.allclose(found, expected, atol=1e-5)


def test_global_frames_see_all_and_have_their_own_projections():
    plain = RelPositionMultiHeadAttentionLongformer(
        HEADS, WIDTH, 0.0, att_context_size=[2, 2], global_tokens=2, global_tokens_spacing=3, global_attn_separate=True
    ).eval()
    x = torch.randn(1, FRAMES, WIDTH, requires_grad=True)
    positions = LocalAttRelPositionalEncoding([2, 2], WIDTH, 0.0)(x)[1]
    out = plain(x, attention_mask(FRAMES, 0, torch.tensor([FRAMES]), None, [2, 2], "regular"), positions)
    seen = [torch.autograd.grad(out[0, i].sum(), x, retain_graph=True)[0][0].abs().sum(1) > 0 for i in range(FRAMES)]
    for i in range(FRAMES):
        expected = {j for j in range(FRAMES) if i in (0, 3) or j in (0, 3) or abs(i - j) <= 2}
        assert set(seen[i].nonzero().flatten().tolist()) == expected
    # a global frame: softmax over everything with the global projections
    with torch.no_grad():
        query, key, value = (
            part(x)[0].view(FRAMES, HEADS, -1) for part in (plain.global_q, plain.global_k, plain.global_v)
        )
        weights = torch.softmax(torch.einsum("hw,khw->hk", query[3], key) / 2, dim=-1)
        expected = plain.linear_out(torch.einsum("hk,khw->hw", weights, value).flatten())
    assert torch.allclose(out[0, 3], expected, atol=1e-6)


@pytest.mark.parametrize("style", ["regular", "chunked_limited"])
@pytest.mark.parametrize("context", [[-1, -1], [4, 1], [-1, 1], [0, 0], [4, -1]])
def test_mask_is_the_rule_of_each_style(style, context):
    left, right = context
    lengths = torch.tensor([9, 5])
    mask = attention_mask(9, 0, lengths, None, context, style)
    for row, length in enumerate(lengths.tolist()):
        for i in range(length):
            for j in range(9):
                if style == "chunked_limited" and right >= 0:
                    chunks = i // (right + 1) - j // (right + 1)
                    visible = chunks >= 0 and (left < 0 or chunks <= left // (right + 1))
                else:
                    visible = (left < 0 or i - j <= left) and (right < 0 or j - i <= right)
                assert bool(mask.blocked[row if len(mask.blocked) > 1 else 0, 0, i, j]) != (visible and j < length)


def test_impossible_sizes_are_told():
    with pytest.raises(ConfigError, match="multiple of the heads"):
        MultiHeadAttention(3, 8, 0.0)


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (5, 5), (9, 9), (7, 12), (10, 30)])
def test_position_scores_in_blocks_are_those_of_all_queries_at_once(queries, keys, monkeypatch):
    monkeypatch.setattr(attention, "BLOCK_QUERIES", 4)
    query, positions = torch.randn(2, 3, queries, 8), torch.randn(3, 2 * keys - 1, 8)
    expected = torch.empty(2, 3, queries, keys)
    for row in range(queries):
        for key in range(keys):
            distance = positions[:, key + queries - 1 - row]
            expected[:, :, row, key] = (query[:, :, row] * distance).sum(-1)
    with torch.no_grad():
        assert torch.allclose(attention.position_scores(query, positions, keys), expected, atol=1e-5)
    assert torch.allclose(attention.position_scores(query, positions, keys), expected, atol=1e-5)  # with gradients
