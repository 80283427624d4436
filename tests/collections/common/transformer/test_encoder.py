import pytest
import torch

from nemo.collections.common.transformer import TransformerEncoder
from nemo.utils.exceptions import ConfigError
from tests.collections.common.transformer import tiny


def pytorchs(ours, pre_ln):
    """PyTorch's encoder with the weights of ours."""
    layer = torch.nn.TransformerEncoderLayer(16, 2, 24, dropout=0.0, batch_first=True, norm_first=pre_ln)
    theirs = torch.nn.TransformerEncoder(
        layer, 2, norm=torch.nn.LayerNorm(16) if pre_ln else None, enable_nested_tensor=False
    )
    for own, other in zip(ours.layers, theirs.layers, strict=True):
        nets = (own.first_sub_layer.query_net, own.first_sub_layer.key_net, own.first_sub_layer.value_net)
        other.self_attn.in_proj_weight.data = torch.cat([net.weight for net in nets]).detach()
        other.self_attn.in_proj_bias.data = torch.cat([net.bias for net in nets]).detach()
        other.self_attn.out_proj.load_state_dict(own.first_sub_layer.out_projection.state_dict())
        other.linear1.load_state_dict(own.second_sub_layer.dense_in.state_dict())
        other.linear2.load_state_dict(own.second_sub_layer.dense_out.state_dict())
    return theirs


@pytest.mark.parametrize("pre_ln", [False, True])
def test_encoder_is_pytorchs(pre_ln):
    torch.manual_seed(0)
    ours = TransformerEncoder(2, 16, 24, num_attention_heads=2, pre_ln=pre_ln).eval()
    states, mask = tiny.utterances()
    found = ours(states, mask)
    expected = pytorchs(ours, pre_ln).train()(states, src_key_padding_mask=~mask)  # train: no fused kernel; no dropout
    assert torch.allclose(found[mask], expected[mask], atol=1e-5)


@pytest.mark.parametrize("mask_future", [False, True])
def test_padding_changes_nothing(mask_future):
    encoder = TransformerEncoder(2, 16, 24, num_attention_heads=2, mask_future=mask_future).eval()
    states, mask = tiny.utterances()
    together = encoder(states, mask)
    alone = encoder(states[1:2, :4])
    assert torch.allclose(together[1, :4], alone[0], atol=1e-5)


def test_mask_future_hides_what_comes():
    encoder = TransformerEncoder(2, 16, 24, num_attention_heads=2, mask_future=True).eval()
    states, _ = tiny.utterances()
    assert torch.allclose(encoder(states)[:, :3], encoder(states[:, :3]), atol=1e-5)


@pytest.mark.parametrize("pre_ln", [False, True])
@pytest.mark.parametrize("pieces", [[1] * 7, [3, 1, 3], [7]])
def test_steps_with_a_cache_are_the_whole_at_once(pre_ln, pieces):
    encoder = TransformerEncoder(2, 16, 24, num_attention_heads=2, mask_future=True, pre_ln=pre_ln).eval()
    states, _ = tiny.utterances()
    cache = encoder.start(capacity=2)
    stepped = torch.cat([encoder.step(piece, cache) for piece in states.split(pieces, dim=1)], dim=1)
    assert cache.length == 7
    assert torch.allclose(stepped, encoder(states), atol=1e-5)


def test_rows_of_the_cache_can_be_chosen_anew():
    encoder = TransformerEncoder(2, 16, 24, num_attention_heads=2, mask_future=True).eval()
    states, _ = tiny.utterances()
    cache = encoder.start()
    encoder.step(states[:, :4], cache)
    cache.select(torch.tensor([2, 0, 0]))
    found = encoder.step(states[:, 4:], cache)
    expected = encoder(torch.cat((states[[2, 0, 0], :4], states[:, 4:]), dim=1))[:, 4:]
    assert torch.allclose(found, expected, atol=1e-5)


def test_encoder_that_looks_ahead_has_no_cache():
    with pytest.raises(ConfigError, match="mask_future: true"):
        TransformerEncoder(1, 16, 24).start()
