import pytest
import torch

from nemo.collections.asr.inference.encoder_context import EncoderContext, encoder_context, features_of_a_unit
from nemo.collections.asr.modules import ConformerEncoder, ConvASREncoder
from tests.collections.asr.models import tiny


def convolutions(*blocks, **more):
    return ConvASREncoder(jasper=list(blocks), activation="relu", feat_in=4, **more).eval()


def conformer(**options):
    sizes = {"feat_in": 8, "n_layers": 2, "d_model": 8, "n_heads": 2, "subsampling_conv_channels": 4}
    return ConformerEncoder(**{**sizes, "conv_kernel_size": 5, "subsampling": "dw_striding", **options}).eval()


ENCODERS = {
    "convolutions": lambda: convolutions(tiny.block(6, 5, stride=2), tiny.block(6, 7, residual=True)),
    "dilated": lambda: convolutions(tiny.block(6, 5, stride=2), {**tiny.block(6, 3), "dilation": [3]}),
    "future": lambda: convolutions(*({**tiny.block(6, 5), "future_context": ahead} for ahead in (1, 0))),
    "regular": lambda: conformer(att_context_size=[3, 1]),
    "vggnet": lambda: conformer(att_context_size=[3, 1], subsampling="vggnet"),
    "striding": lambda: conformer(att_context_size=[2, 2], subsampling="striding", subsampling_factor=8),
    "stacking": lambda: conformer(att_context_size=[2, 2], subsampling="stacking"),
    "blocks": lambda: conformer(att_context_size=[4, 1], att_context_style="chunked_limited"),
    "streaming": lambda: conformer(
        att_context_size=[4, 1], att_context_style="chunked_limited", conv_context_size="causal",
        causal_downsampling=True,
    ),
    "local": lambda: conformer(att_context_size=[3, 2], self_attention_model="rel_pos_local_attn"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODERS)
def test_frames_outside_of_the_context_change_nothing_and_those_at_its_edge_may(name):
    torch.manual_seed(0)
    encoder = ENCODERS[name]()
    context = encoder_context(encoder)
    factor, frames = encoder.subsampling_factor, 480
    features = torch.randn(1, encoder._feat_in, frames, dtype=torch.float64)
    encoder.double()
    middle = frames // factor // 2
    features.requires_grad_(True)
    encoded, _ = encoder(audio_signal=features, length=torch.tensor([frames]))
    encoded[0, :, middle].square().sum().backward()
    seen = features.grad.abs().sum(dim=(0, 1)).nonzero()[:, 0]
    first, last = int(seen[0]), int(seen[-1])
    assert middle * factor - context.left <= first
    assert last <= middle * factor + factor - 1 + context.right
    # not far too wide either
    assert middle * factor - first >= context.left / 2
    assert last - first >= (context.left + context.right) / 2


def test_convolutions_as_numbers():
    encoder = convolutions(tiny.block(6, 5, stride=2), tiny.block(6, 7))
    assert encoder_context(encoder) == EncoderContext(2 + 2 * 3, 2 + 2 * 3)


@pytest.mark.parametrize(
    "encoder",
    [
        lambda: convolutions({**tiny.block(8, 5), "se": True, "se_reduction_ratio": 2}),
        lambda: convolutions(tiny.block(8, 5), normalization_mode="instance"),
        lambda: conformer(),
        lambda: conformer(att_context_size=[3, -1]),
        lambda: conformer(att_context_size=[3, 1], self_attention_model="abs_pos"),
        lambda: conformer(att_context_size=[3, 1], conv_norm_type="group_norm2"),
        lambda: conformer(att_context_size=[3, 2], self_attention_model="rel_pos_local_attn", global_tokens=1),
        lambda: torch.nn.Linear(2, 2),
    ],
    ids=["gates", "instance norm", "full", "no limit ahead", "absolute positions", "group norm", "global", "unknown"],
)
def test_what_sees_everything_has_no_context(encoder):
    assert encoder_context(encoder()) is None


def test_units_hold_whole_blocks_of_attention_and_reduced_frames():
    assert features_of_a_unit(conformer()) == 4
    assert features_of_a_unit(conformer(att_context_size=[4, 1], att_context_style="chunked_limited")) == 8
    assert features_of_a_unit(conformer(reduction="pooling", reduction_position=1, reduction_factor=2)) == 8
