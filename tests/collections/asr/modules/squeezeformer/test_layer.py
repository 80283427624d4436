import torch
import torch.nn.functional as F

from nemo.collections.asr.modules.conformer.attention import MultiHeadAttention
from nemo.collections.asr.modules.conformer.attention_context import AttentionMask
from nemo.collections.asr.modules.conformer.convolution import ConformerConvolution
from nemo.collections.asr.modules.squeezeformer.layer import ScaleBiasLayer, SqueezeformerLayer


def layer(adaptive_scale=True):
    attention = MultiHeadAttention(2, 8, 0.0)
    convolution = ConformerConvolution(8, 5, pointwise_activation="swish")
    return SqueezeformerLayer(8, 16, attention, convolution, adaptive_scale=adaptive_scale)


def by_the_paper(module, x):
    """Figure 2 of the paper, with PyTorch's own operations: each module, its residual, then the norm."""

    def norm(x, of):
        return F.layer_norm(x, (8,), of.weight, of.bias)

    def feed_forward(x, of):
        return F.linear(F.silu(F.linear(x, of.linear1.weight, of.linear1.bias)), of.linear2.weight, of.linear2.bias)

    def scaled(x, of):
        return x * of.scale + of.bias

    a = module.self_attn
    y = scaled(x, module.self_attn_scale)
    weights = torch.cat([a.linear_q.weight, a.linear_k.weight, a.linear_v.weight])
    biases = torch.cat([a.linear_q.bias, a.linear_k.bias, a.linear_v.bias])
    attended, _ = F.multi_head_attention_forward(
        *[y.transpose(0, 1)] * 3, 8, 2, weights, biases, None, None, False, 0.0, a.linear_out.weight, a.linear_out.bias,
        training=False,
    )  # fmt: skip
    x = norm(x + attended.transpose(0, 1), module.norm_self_att)
    x = norm(x + feed_forward(scaled(x, module.feed_forward1_scale), module.feed_forward1), module.norm_feed_forward1)
    c = module.conv
    y = scaled(x, module.conv_scale).transpose(1, 2)
    y = F.silu(F.conv1d(y, c.pointwise_conv1.weight, c.pointwise_conv1.bias))
    y = F.conv1d(y, c.depthwise_conv.weight, c.depthwise_conv.bias, padding=2, groups=16)
    n = c.batch_norm
    y = F.silu(F.batch_norm(y, n.running_mean, n.running_var, n.weight, n.bias, eps=n.eps))
    y = F.conv1d(y, c.pointwise_conv2.weight, c.pointwise_conv2.bias)
    x = norm(x + y.transpose(1, 2), module.norm_conv)
    return norm(
        x + feed_forward(scaled(x, module.feed_forward2_scale), module.feed_forward2), module.norm_feed_forward2
    )


def test_layer_is_that_of_the_paper():
    module = layer().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        x = torch.randn(2, 7, 8)
        found = module(x, AttentionMask(), torch.zeros(1, 7, 8))
        torch.testing.assert_close(found, by_the_paper(module, x), atol=1e-5, rtol=1e-4)


def test_scales_that_are_not_trained_are_kept_in_archives_all_the_same():
    fixed, trained = layer(adaptive_scale=False), layer()
    assert fixed.state_dict().keys() == trained.state_dict().keys()
    assert not any("scale" in name for name, _ in fixed.named_parameters())
    x = torch.randn(2, 3, 8)
    assert torch.equal(ScaleBiasLayer(8, adaptive_scale=False)(x), x)
