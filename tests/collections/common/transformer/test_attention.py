import pytest
import torch

from nemo.collections.common.transformer import MultiHeadAttention
from nemo.collections.common.transformer.masks import HIDDEN, attention_mask
from nemo.utils.exceptions import ConfigError


def test_attention_is_pytorchs_multi_head_attention():
    torch.manual_seed(0)
    ours = MultiHeadAttention(12, 3)
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    nets = (ours.query_net, ours.key_net, ours.value_net)
    theirs.in_proj_weight.data = torch.cat([net.weight for net in nets]).detach()
    theirs.in_proj_bias.data = torch.cat([net.bias for net in nets]).detach()
    theirs.out_proj.load_state_dict(ours.out_projection.state_dict())
    queries, keys = torch.randn(2, 5, 12), torch.randn(2, 4, 12)
    is_valid = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    found = ours(queries, keys, keys, attention_mask(is_valid, torch.float32))
    expected, _ = theirs(queries, keys, keys, key_padding_mask=is_valid == 0)
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_causal_mask_hides_the_future_and_the_padding():
    mask = attention_mask(torch.tensor([[1, 1, 0]]), torch.float32, causal_queries=3)
    hidden = (mask == HIDDEN)[0, 0]
    assert hidden.tolist() == [[False, True, True], [False, False, True], [False, False, True]]
    newest = attention_mask(torch.ones(1, 4), torch.float32, causal_queries=2)
    assert (newest == HIDDEN)[0, 0].tolist() == [[False, False, False, True], [False] * 4]


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(ConfigError, match="hidden_size is 10 and num_attention_heads 3"):
        MultiHeadAttention(10, 3)
